"""The warnings module: nobody reads a run's warnings, so they go nowhere, and filters change nothing."""

from typing import Any, Final


def warn(message: Any, category: Any = None, stacklevel: Any = 1, source: Any = None) -> None:
    """warnings.warn."""
    if isinstance(message, Warning):
        category = type(message)
    elif category is None:
        category = UserWarning
    if not (isinstance(category, type) and issubclass(category, Warning)):
        raise TypeError(f"category must be a Warning subclass, not '{type(category).__name__}'")


def simplefilter(action: Any, category: Any = Warning, lineno: Any = 0, append: Any = False) -> None:
    """warnings.simplefilter."""


def filterwarnings(
    action: Any, message: Any = "", category: Any = Warning, module: Any = "", lineno: Any = 0, append: Any = False
) -> None:
    """warnings.filterwarnings."""


def resetwarnings() -> None:
    """warnings.resetwarnings."""


MEMBERS: Final[dict[str, Any]] = {
    "filterwarnings": filterwarnings,
    "resetwarnings": resetwarnings,
    "simplefilter": simplefilter,
    "warn": warn,
}
