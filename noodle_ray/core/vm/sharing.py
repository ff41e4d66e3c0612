"""Context variables across greenlets. Decimal's context is one, and a program has only one of it."""

from noodle_ray.light import Any


def sharing(made: Any) -> Any:
    """A greenlet that has not begun, in the context of the one that makes it; alone it would get an empty one."""
    from greenlet import getcurrent  # type: ignore[import-untyped]

    made.gr_context = getcurrent().gr_context
    return made
