"""Method names that generated code looks up as CPython does mean the vetted method on every value of a program."""

import subprocess
import sys

import pytest

from noodle_ray.core.vm.methods import DIRECT, METHODS

HARMLESS = {
    *("array.array", "ast.Slice", "builtins.hamt", "_contextvars.Context", "_contextvars.ContextVar", "os._Environ"),
    *("_frozen_importlib_external._NamespacePath", "numpy.lib.npyio.NpzFile", "numpy.ndarray", "pickle._Pickler"),
    *("platform._Processor", "re._parser.SubPattern", "re._parser.Tokenizer", "weakref.WeakKeyDictionary"),
    *("collections.ChainMap", "collections.UserDict", "collections.UserList", "collections.UserString"),
    *("collections.abc.Mapping", "collections.abc.MutableMapping", "collections.abc.MutableSequence"),
    *("weakref.WeakValueDictionary", "pathlib._PosixFlavour", "pathlib._WindowsFlavour", "configparser.ParsingError"),
    "xml.etree.ElementTree.Element",  # the one in Python, which the one in C took the place of
    "noodle_ray.core.nbc.verifier.known.Store",
    "noodle_ray.core.vm.sets.AnySet",  # hides it
}
"""Classes that have such a name, too, and that no program can hold an instance of, or could do no harm with."""


@pytest.mark.parametrize("name", sorted(DIRECT))
def test_direct_method_is_the_types_own_in_every_table(name: str) -> None:
    for kind, entry in dict.items(METHODS[name]):
        if getattr(entry, "__name__", "") == "through_attribute":
            continue
        assert getattr(kind, name) is entry


def test_direct_methods_are_on_no_other_class_of_a_worker() -> None:
    script = """
import sys
from noodle_ray.core.sandbox import warm
warm.load()
from noodle_ray.core.vm.methods import DIRECT, METHODS
seen = set()
def walk(kind):
    for sub in type.__subclasses__(kind):
        if sub not in seen:
            seen.add(sub)
            walk(sub)
walk(object)
assert len(seen) > 300
for name in DIRECT:
    for kind in seen:
        if name in kind.__dict__ and kind not in METHODS[name]:
            print(f"{kind.__module__}.{kind.__qualname__}")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    found = set(done.stdout.split())
    print(found - HARMLESS)
    assert found <= HARMLESS
