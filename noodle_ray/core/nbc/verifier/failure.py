"""How the verifier says no."""

from noodle_ray.core.nbc.module import Span
from noodle_ray.errors import ModuleError


def refuse(number: int, sentence: str, span: Span | None = None) -> ModuleError:
    """The error of the rule with this number; ``span`` is the instruction's, when it has one."""
    return ModuleError(sentence, code=f"NOODLE-E0{number}", span=span)
