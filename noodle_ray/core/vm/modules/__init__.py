"""The standard library for programs: one file per module, loaded when a program first needs it.

The file of module ``urllib.parse`` is ``urllib_parse_.py``. Its ``MEMBERS`` has a vetted value for every member that
`core.vm.catalog` lists; importing it registers the types it brings with `core.vm.methods.register`.
"""

from noodle_ray.core.vm.catalog import MODULES
from noodle_ray.light import Any, Callable, Final, Iterable, import_module

_loaded: Final[dict[str, dict[str, Any]]] = {}
_starters: Final[list[Callable[[], None]]] = []
_starters_of: Final[dict[str, list[Callable[[], None]]]] = {}
_sealed = False


def on_start(reset: Callable[[], None], *modules: str) -> None:
    """Have a function called now and before each run, to reset what a run before may have changed.

    With ``modules``, only before runs that import one of them.
    """
    reset()
    if not modules:
        _starters.append(reset)
    for module in modules:
        _starters_of.setdefault(module, []).append(reset)


def start_run(imports: tuple[str, ...]) -> None:
    """Reset the state of the modules for a new run, which imports these."""
    for reset in _starters:
        reset()
    if imports:
        for reset in dict.fromkeys([reset for module in imports for reset in _starters_of.get(module, ())]):
            reset()


def members(module: str) -> dict[str, Any]:
    """The members of a module of the catalog, by name. Imports what implements them; raises KeyError for no module."""
    found = _loaded.get(module)
    if found is None:
        if module not in MODULES:
            raise KeyError(module)
        if _sealed:
            raise ImportError(f"module '{module}' was not loaded before this process was locked down")
        implementation = import_module(f"noodle_ray.core.vm.modules.{module.replace('.', '_')}_")
        found = _loaded[module] = implementation.MEMBERS
    return found


def require(modules: Iterable[str]) -> None:
    """Load these modules if they are not. Raises ImportError where that is not possible any more."""
    for module in modules:
        if module not in _loaded and module in MODULES:
            members(module)


def seal() -> None:
    """Load nothing from now on."""
    global _sealed
    _sealed = True


def preload(modules: Iterable[str] = MODULES) -> None:
    """Load these modules of the catalog, or all: for a process that will be able to import nothing more."""
    for module in modules:
        found = members(module)
        for name in MODULES[module]:
            found[name]
