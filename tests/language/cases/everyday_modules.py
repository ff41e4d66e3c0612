# --- logging to a stream, levels and children
import io
import logging
out = io.StringIO()
parent = logging.getLogger("a")
parent.propagate = False
parent.setLevel(logging.DEBUG)
handler = logging.StreamHandler(out)
handler.setFormatter(logging.Formatter("%(levelname)-8s %(name)s: %(message)s"))
parent.addHandler(handler)
log = logging.getLogger("a.b")
log.info("hello %s %d", "x", 3)
log.warning("by name %(k)s", {"k": 1})
parent.debug("number %5.2f", 1.5)
parent.setLevel("ERROR")
log.info("hidden")
log.critical("seen")
levels = log.level, log.getEffectiveLevel(), log.isEnabledFor(logging.INFO), logging.getLevelName(30)
(out.getvalue().splitlines(), levels, log is logging.getLogger("a.b"), log.parent is parent, repr(log))
# --- a logging handler of the program
import logging
class ListHandler(logging.Handler):
    def __init__(self, level=logging.NOTSET):
        super().__init__(level)
        self.lines = []
    def emit(self, record):
        self.lines.append((record.levelno, record.getMessage(), self.format(record)))
handler = ListHandler(logging.WARNING)
handler.setFormatter(logging.Formatter("{levelname}|{message}", style="{"))
log = logging.getLogger("mine")
log.propagate = False
log.addHandler(handler)
log.error("bad %s", "disk")
log.info("below the level")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("caught")
[(level, text, shown.splitlines()[0], shown.splitlines()[-1]) for level, text, shown in handler.lines]
# --- logging an unknown level
import logging
logging.getLogger("x").setLevel("LOUD")
# --- an exception as text
import traceback
def f():
    raise KeyError("deep")
try:
    f()
except KeyError as e:
    lines = traceback.format_exc().splitlines()
    shown = lines[0], lines[-1], traceback.format_exception_only(e), "".join(traceback.format_exception(e)).splitlines()[-1]
shown
# --- an exception as text with what it came from
import traceback
class Mine(Exception):
    pass
try:
    try:
        1 / 0
    except ZeroDivisionError as e:
        raise Mine("wrapped") from e
except Mine as e:
    text = traceback.format_exc()
[line for line in text.splitlines() if line[:1] not in (" ", "")]
# --- queues
import queue
q = queue.PriorityQueue()
for x in (3, 1, 2):
    q.put(x)
fifo, lifo = queue.Queue(maxsize=2), queue.LifoQueue()
for x in "ab":
    fifo.put(x)
    lifo.put(x)
seen = [q.get(), q.qsize(), q.empty(), fifo.full(), fifo.get(), lifo.get(), fifo.maxsize]
try:
    fifo.put_nowait("c")
    fifo.put_nowait("d")
except queue.Full as e:
    seen.append(repr(e))
try:
    queue.SimpleQueue().get(timeout=0)
except queue.Empty as e:
    seen.append(repr(e))
fifo.task_done()
seen
# --- more tasks done than there were
import queue
queue.Queue().task_done()
# --- secrets
import secrets
(len(secrets.token_hex(8)), len(secrets.token_bytes(5)), secrets.choice("a"), secrets.randbelow(1),
 secrets.compare_digest("a", "a"), secrets.randbits(0), len(secrets.token_urlsafe(16)))
# --- secrets below nothing
import secrets
secrets.randbelow(0)
# --- a JSON encoder of the program
import json
class Encoder(json.JSONEncoder):
    def default(self, o):
        if isinstance(o, set):
            return sorted(o)
        if isinstance(o, complex):
            return [o.real, o.imag]
        return super().default(o)
(json.dumps({"a": {3, 1}, "b": [1j]}, cls=Encoder, indent=1), Encoder(sort_keys=True).encode({"b": 1, "a": {2}}),
 json.JSONEncoder().encode([1]), json.dumps([2], cls=json.JSONEncoder))
# --- a JSON encoder of the program that gives up
import json
class Encoder(json.JSONEncoder):
    def default(self, o):
        return super().default(o)
json.dumps(1j, cls=Encoder)
# --- the order of bases, as a method
class A: pass
class B(A): pass
[c.__name__ for c in B.mro()]
