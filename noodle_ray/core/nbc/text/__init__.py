"""The text form of a module: to read what the compiler made, and to write modules by hand in tests."""

from noodle_ray.core.nbc.text.parser import from_text
from noodle_ray.core.nbc.text.writer import to_text

__all__ = ["from_text", "to_text"]
