# --- warnings recorded
import warnings
def old(text="old is deprecated"):
    warnings.warn(text, DeprecationWarning, stacklevel=2)
    return 1
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    old()
    old("other")
    warnings.warn("plain")
print(len(caught), [(w.category.__name__, str(w.message)) for w in caught])
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("ignore")
    old()
print(caught)
# --- warnings as errors, by category and text
import warnings
class Mine(UserWarning): ...
with warnings.catch_warnings():
    warnings.simplefilter("error", Mine)
    try:
        warnings.warn("bad", Mine)
    except Mine as error:
        print("raised", error)
    warnings.filterwarnings("ignore", message="skip.*")
    warnings.warn("skip this", Mine)
    warnings.filterwarnings("error", category=DeprecationWarning)
    try:
        warnings.warn(DeprecationWarning("gone"))
    except DeprecationWarning as error:
        print(repr(error))
for wrong in (lambda: warnings.warn("x", int), lambda: warnings.simplefilter("loud")):
    try:
        wrong()
    except (TypeError, AssertionError) as error:
        print(type(error).__name__, error)
# --- warnings once
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("once")
    for _ in range(3):
        warnings.warn("same")
print(len(caught))
# --- stderr elsewhere
import contextlib, io, sys
with contextlib.redirect_stderr(io.StringIO()) as err, contextlib.redirect_stdout(io.StringIO()) as out:
    print("to stdout")
    print("to stderr", file=sys.stderr)
    sys.stderr.write("more")
print(repr(out.getvalue()), repr(err.getvalue()))
# --- weak references
import weakref
class Node:
    def __init__(self, value):
        self.value = value
node = Node(1)
reference = weakref.ref(node, lambda dead: print("gone", dead() is None))
print(reference() is node, reference().value, reference is not None)
del node
print(reference())
# --- weak dictionaries and sets
import weakref
class Node:
    def __init__(self, value):
        self.value = value
cache = weakref.WeakValueDictionary()
kept = Node(5)
dropped = Node(6)
cache["kept"] = kept
cache["dropped"] = dropped
print(len(cache), sorted(cache), cache["kept"].value, len(list(cache.values())))
del dropped
print(len(cache), cache.get("dropped", "none"), "kept" in cache, list(cache.items())[0][0])
notes = weakref.WeakKeyDictionary({kept: "note"})
group = weakref.WeakSet([kept])
group.add(kept)
print(notes[kept], len(group), kept in group, len(list(group)))
del kept
print(len(notes), len(group), dict(cache))
try:
    weakref.ref(1)
except TypeError as error:
    print(error)
# --- finalizers
import weakref
class Resource: ...
resource = Resource()
finalizer = weakref.finalize(resource, print, "finalized", 3)
print(finalizer.alive)
del resource
print(finalizer.alive)
other = Resource()
detached = weakref.finalize(other, print, "never")
detached.detach()
del other
# --- a weak reference in a parent
import gc, weakref
class Tree:
    def __init__(self, parent=None):
        self.children = []
        self._parent = weakref.ref(parent) if parent else None
        if parent:
            parent.children.append(self)
    @property
    def parent(self):
        return self._parent() if self._parent else None
root = Tree()
child = Tree(root)
print(child.parent is root, gc.isenabled())
del root
gc.collect()
print(child.parent)
# --- objects that end
class Resource:
    def __init__(self, name):
        self.name = name
        print("open", name)
    def __del__(self):
        print("close", self.name)
a = Resource("a")
b = Resource("b")
del a
def f():
    inner = Resource("inner")
    print("leaving")
f()
b = None
Resource("dropped at once")
held = [Resource("x"), Resource("y")]
held.pop()
print("popped")
held.clear()
class Sub(Resource):
    def __del__(self):
        print("sub first")
        super().__del__()
s = Sub("s")
s = 1
x = Resource("shared")
y = x
del x
print("still there")
del y
last = Resource("last")
print("end")
del last
# --- a finalizer that raises
class Bad:
    def __del__(self):
        print("ending")
        raise ValueError("lost")
bad = Bad()
del bad
print("goes on")
# --- weak references to methods
import weakref
class Button:
    def __init__(self, name): self.name = name
    def click(self): return f"{self.name} clicked"
button = Button("ok")
reference = weakref.WeakMethod(button.click)
print(reference()(), reference() == button.click)
del button
print(reference())
try:
    weakref.WeakMethod(len)
except TypeError:
    print("refused")
