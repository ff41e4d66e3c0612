"""NBC, Noodle's bytecode: the module format, its codec, verifier and text form. See docs/nbc.md."""

from noodle_ray.light import TYPE_CHECKING

if TYPE_CHECKING:
    from noodle_ray.core.nbc.decoder import decode, load
    from noodle_ray.core.nbc.encoder import digest, encode
    from noodle_ray.core.nbc.text import from_text, to_text
    from noodle_ray.core.nbc.verifier import verify

__all__ = ["decode", "digest", "encode", "from_text", "load", "to_text", "verify"]

_HOME = {
    "decode": "decoder",
    "load": "decoder",
    "digest": "encoder",
    "encode": "encoder",
    "from_text": "text",
    "to_text": "text",
    "verify": "verifier",
}


def __getattr__(name: str) -> object:
    # Lazy because errors.py imports nbc.module and each part here imports errors.py.
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from noodle_ray.light import import_module

    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
