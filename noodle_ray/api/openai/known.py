"""Models by the names that OpenAI's clients give."""

from noodle_ray.ahr.engines.base import wrong
from noodle_ray.ahr.registry import unknown_model
from noodle_ray.api.schemas import ModelInfo
from noodle_ray.api.services import Services


def known(services: Services, name: str) -> ModelInfo:
    """The model of this name. Raises ModelError E0601."""
    found = {model.name: model for model in services.models()}
    if name not in found:
        raise unknown_model(name, sorted(found))
    return found[name]


def generating(services: Services, name: str) -> ModelInfo:
    """The model of this name, which generates texts. Raises ModelError E0601 or E0603."""
    model = known(services, name)
    if model.task not in ("", "generation"):
        raise wrong(f"the model {model.name!r} has the task {model.task}; it does not generate texts")
    return model
