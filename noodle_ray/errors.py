"""Every error Noodle raises on purpose, in one tree.

::

    NoodleError                 code, message, span, hint
    ├── CompileError            E00xx-E02xx  the source is not a Noodle program; holds all diagnostics
    ├── ModuleError             E03xx        NBC that cannot be decoded, verified or found
    ├── RunError                E05xx        the program raised, or its arguments or result do not fit
    │   └── LimitError          E04xx        fuel, memory, deadline, recursion or another limit tripped
    ├── ModelError              E06xx        a model is unknown, broken, or refused its input
    ├── RequestError            E07xx        a request is malformed, unauthorized, too large or too many
    ├── PlatformError           E08xx        cluster, worker pool or storage
    └── UsageError              E09xx        the command line or configuration was misused
"""

from noodle_ray.core.nbc.module import Span
from noodle_ray.light import NamedTuple


class Diagnostic(NamedTuple):
    """One finding about a source text: a stable code, one sentence, where, and what to write instead."""

    code: str
    message: str
    span: Span
    hint: str = ""


class NoodleError(Exception):
    """Base of the tree. ``code`` is stable, like NOODLE-E0401; ``message`` is one sentence for the user."""

    default_code = "NOODLE-E0800"

    def __init__(self, message: str, *, code: str = "", span: Span | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.code = code or self.default_code
        self.message = message
        self.span = span
        self.hint = hint


class CompileError(NoodleError):
    """The source is not a Noodle program. ``diagnostics`` has every finding, the first one first."""

    default_code = "NOODLE-E0001"

    def __init__(self, diagnostics: "list[Diagnostic]", source: str = "", filename: str = "<noodle>") -> None:
        first = diagnostics[0]
        super().__init__(first.message, code=first.code, span=first.span, hint=first.hint)
        self.diagnostics = diagnostics
        self.source = source
        self.filename = filename


class ModuleError(NoodleError):
    """NBC bytes or a module that cannot be decoded, verified or found."""

    default_code = "NOODLE-E0301"


class RunError(NoodleError):
    """The program raised an exception, or its arguments or result do not fit."""

    default_code = "NOODLE-E0501"


class LimitError(RunError):
    """A limit tripped: fuel E0401, memory E0402, deadline E0403, recursion E0404, output E0405."""

    default_code = "NOODLE-E0401"


class ModelError(NoodleError, RuntimeError):
    """A model is unknown, cannot be loaded, or refused its input. A RuntimeError, as it is inside a program."""

    default_code = "NOODLE-E0601"


class RequestError(NoodleError):
    """A request is malformed, unauthorized, too large or one too many."""

    default_code = "NOODLE-E0701"


class PlatformError(NoodleError):
    """The cluster, a worker pool or storage failed."""

    default_code = "NOODLE-E0801"


class UsageError(NoodleError):
    """The command line or the configuration was misused."""

    default_code = "NOODLE-E0901"
