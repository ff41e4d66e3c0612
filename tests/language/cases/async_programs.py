# --- run returns the result
import asyncio
async def app():
    return 42
asyncio.run(app())
# --- nothing runs before await
import asyncio
async def f():
    print("running")
    return 1
async def app():
    c = f()
    print("made")
    print(await c)
asyncio.run(app())
# --- gather keeps order of arguments
import asyncio
async def f(n, d):
    await asyncio.sleep(d)
    print("done", n)
    return n
async def app():
    return await asyncio.gather(f(1, 0.03), f(2, 0.01), f(3, 0.02), f(4, 0))
asyncio.run(app())
# --- sleep zero takes turns
import asyncio
async def f(name):
    for i in range(3):
        print(name, i)
        await asyncio.sleep(0)
async def app():
    await asyncio.gather(f("a"), f("b"), f("c"))
asyncio.run(app())
# --- tasks start when awaited on
import asyncio
async def f(n):
    print("start", n)
    return n
async def app():
    t = asyncio.create_task(f(1))
    u = asyncio.create_task(f(2))
    print("created", t.done())
    await asyncio.sleep(0)
    print("slept", t.done(), u.result())
    return await t + await u
asyncio.run(app())
# --- awaiting a coroutine does not switch
import asyncio
async def inner(n):
    print("inner", n)
async def other():
    print("other")
async def app():
    t = asyncio.create_task(other())
    await inner(1)
    await inner(2)
    print("before switch")
    await t
asyncio.run(app())
# --- exception through gather
import asyncio
async def bad():
    await asyncio.sleep(0.001)
    raise ValueError("bad")
async def slow():
    try:
        await asyncio.sleep(1)
    except asyncio.CancelledError:
        print("slow cancelled")
        raise
async def app():
    try:
        await asyncio.gather(slow(), bad())
    except ValueError as e:
        print("got", e)
asyncio.run(app())
# --- return exceptions
import asyncio
async def f(n):
    if n % 2:
        raise KeyError(n)
    return n
async def app():
    rs = await asyncio.gather(*[f(i) for i in range(4)], return_exceptions=True)
    print([repr(r) for r in rs])
asyncio.run(app())
# --- uncaught exception has its frames
import asyncio
async def inner():
    await asyncio.sleep(0)
    raise RuntimeError("inside")
async def app():
    await inner()
asyncio.run(app())
# --- uncaught exception of a task
import asyncio
async def work():
    return {}["k"]
async def app():
    t = asyncio.create_task(work())
    await asyncio.sleep(0)
    print(t.done(), repr(t.exception()))
    await t
asyncio.run(app())
# --- cancel a sleeping task
import asyncio
async def f():
    try:
        await asyncio.sleep(10)
    except asyncio.CancelledError:
        print("cancelled")
        raise
    finally:
        print("finally")
async def app():
    t = asyncio.create_task(f())
    await asyncio.sleep(0)
    print(t.cancel(), t.cancelled())
    try:
        await t
    except asyncio.CancelledError:
        print("out", t.cancelled())
asyncio.run(app())
# --- cancel before start
import asyncio
async def f():
    print("never")
async def app():
    t = asyncio.create_task(f())
    t.cancel()
    try:
        await t
    except asyncio.CancelledError as e:
        print("cancelled", t.done(), e.args)
asyncio.run(app())
# --- cancel that is swallowed
import asyncio
async def f():
    try:
        await asyncio.sleep(10)
    except asyncio.CancelledError:
        return "survived"
async def app():
    t = asyncio.create_task(f())
    await asyncio.sleep(0)
    t.cancel("please")
    print(await t, t.cancelled())
asyncio.run(app())
# --- wait for in time and too late
import asyncio
async def f(d):
    try:
        await asyncio.sleep(d)
        return d
    except asyncio.CancelledError:
        print("cut")
        raise
async def app():
    print(await asyncio.wait_for(f(0.001), timeout=1))
    print(await asyncio.wait_for(f(0), timeout=None))
    try:
        await asyncio.wait_for(f(5), timeout=0.005)
    except asyncio.TimeoutError as e:
        print("late", repr(e), type(e) is TimeoutError)
asyncio.run(app())
# --- timeout as a manager
import asyncio
async def app():
    try:
        async with asyncio.timeout(0.005):
            await asyncio.sleep(5)
    except TimeoutError:
        print("timed out")
    async with asyncio.timeout(5) as t:
        await asyncio.sleep(0)
    print(t.expired())
asyncio.run(app())
# --- as completed
import asyncio
async def f(n, d):
    await asyncio.sleep(d)
    return n
async def app():
    for c in asyncio.as_completed([f("slow", 0.03), f("fast", 0.01), f("mid", 0.02)]):
        print(await c)
asyncio.run(app())
# --- wait for the first
import asyncio
async def f(n, d):
    await asyncio.sleep(d)
    return n
async def app():
    tasks = [asyncio.create_task(f(i, d)) for i, d in enumerate((0.4, 0.005, 1))]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    print([t.result() for t in done], len(pending))
    for t in pending:
        t.cancel()
    done, pending = await asyncio.wait(tasks, timeout=1)
    print(len(done), len(pending), sorted(t.cancelled() for t in tasks))
asyncio.run(app())
# --- wait for an exception
import asyncio
async def good(d):
    await asyncio.sleep(d)
async def bad():
    await asyncio.sleep(0.002)
    raise ValueError("x")
async def app():
    ts = [asyncio.create_task(c) for c in (good(0.001), bad(), good(9))]
    done, pending = await asyncio.wait(ts, return_when=asyncio.FIRST_EXCEPTION)
    print(len(done), len(pending))
asyncio.run(app())
# --- task group
import asyncio
async def f(n):
    await asyncio.sleep(0.001 * (3 - n))
    print("f", n)
    return n * n
async def app():
    async with asyncio.TaskGroup() as group:
        ts = [group.create_task(f(i)) for i in range(3)]
        print("body done")
    return [t.result() for t in ts]
asyncio.run(app())
# --- task group with a failure
import asyncio
async def bad():
    await asyncio.sleep(0)
    raise ValueError("one")
async def slow():
    try:
        await asyncio.sleep(5)
    except asyncio.CancelledError:
        print("slow cancelled")
        raise
async def app():
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(slow())
            group.create_task(bad())
    except Exception as e:
        print(type(e).__name__, e, [repr(x) for x in e.exceptions])
asyncio.run(app())
# --- producer and consumers on a queue
import asyncio
async def producer(q):
    for i in range(5):
        await q.put(i)
        print("put", i)
    await q.put(None)
async def consumer(q):
    out = []
    while (item := await q.get()) is not None:
        print("got", item)
        out.append(item)
    return out
async def app():
    q = asyncio.Queue(maxsize=2)
    _, out = await asyncio.gather(producer(q), consumer(q))
    return out
asyncio.run(app())
# --- workers on a queue with join
import asyncio
async def worker(name, q, log):
    while True:
        item = await q.get()
        await asyncio.sleep(item / 1000)
        log.append((name, item))
        q.task_done()
async def app():
    q, log = asyncio.Queue(), []
    for i in (3, 1, 2, 1):
        q.put_nowait(i)
    ws = [asyncio.create_task(worker(f"w{n}", q, log)) for n in range(2)]
    await q.join()
    for w in ws:
        w.cancel()
    print(await asyncio.gather(*ws, return_exceptions=True) != [], sorted(x for _, x in log), q.qsize())
asyncio.run(app())
# --- priority and lifo queues
import asyncio
async def app():
    p, l = asyncio.PriorityQueue(), asyncio.LifoQueue()
    for x in (3, 1, 2):
        await p.put((x, "item"))
        await l.put(x)
    print([await p.get() for _ in range(3)], [l.get_nowait() for _ in range(3)])
    try:
        l.get_nowait()
    except asyncio.QueueEmpty as e:
        print(repr(e), l.empty())
    b = asyncio.Queue(1)
    b.put_nowait(1)
    try:
        b.put_nowait(2)
    except asyncio.QueueFull as e:
        print(repr(e), b.full(), b.maxsize)
asyncio.run(app())
# --- lock
import asyncio
async def f(n, lock):
    print("wants", n)
    async with lock:
        print("has", n)
        await asyncio.sleep(0.001)
    print("left", n)
async def app():
    lock = asyncio.Lock()
    await asyncio.gather(*(f(i, lock) for i in range(3)))
    print(lock.locked())
    try:
        lock.release()
    except RuntimeError as e:
        print(e)
asyncio.run(app())
# --- semaphore bounds how many run
import asyncio
async def f(n, s, state):
    async with s:
        state["now"] += 1
        state["most"] = max(state["most"], state["now"])
        await asyncio.sleep(0.001)
        state["now"] -= 1
        state["order"].append(n)
async def app():
    s, state = asyncio.Semaphore(2), {"now": 0, "most": 0, "order": []}
    await asyncio.gather(*[f(i, s, state) for i in range(6)])
    return state
asyncio.run(app())
# --- event
import asyncio
async def waiter(n, e):
    await e.wait()
    print("woken", n)
async def app():
    e = asyncio.Event()
    ts = [asyncio.create_task(waiter(i, e)) for i in range(3)]
    await asyncio.sleep(0)
    print("set", e.is_set())
    e.set()
    print("still here")
    await asyncio.gather(*ts)
    e.clear()
    print(e.is_set())
asyncio.run(app())
# --- condition
import asyncio
async def consumer(c, items):
    async with c:
        await c.wait_for(lambda: items)
        print("took", items.pop(0))
async def app():
    c, items = asyncio.Condition(), []
    ts = [asyncio.create_task(consumer(c, items)) for _ in range(2)]
    await asyncio.sleep(0)
    for i in range(2):
        async with c:
            items.append(i)
            c.notify()
        await asyncio.sleep(0)
    await asyncio.gather(*ts)
asyncio.run(app())
# --- futures by hand
import asyncio
async def app():
    loop = asyncio.get_running_loop()
    f = loop.create_future()
    f.add_done_callback(lambda f: print("callback", f.result()))
    loop.call_soon(f.set_result, "value")
    loop.call_later(0.001, print, "later")
    print(f.done(), await f, f.done())
    try:
        f.set_result(1)
    except asyncio.InvalidStateError as e:
        print("state", e)
    await asyncio.sleep(0.005)
asyncio.run(app())
# --- done callbacks take a hop
import asyncio
async def f():
    print("f")
    return 1
async def app():
    t = asyncio.create_task(f())
    t.add_done_callback(lambda t: print("done", t.result()))
    await asyncio.sleep(0)
    print("after one")
    await asyncio.sleep(0)
    print("after two")
asyncio.run(app())
# --- order of completion and wake up
import asyncio
async def child(n):
    print("child", n)
    await asyncio.sleep(0)
    print("child end", n)
async def parent(n):
    print("parent", n)
    await asyncio.create_task(child(n))
    print("parent end", n)
async def app():
    await asyncio.gather(parent(1), parent(2))
    print("app end")
asyncio.run(app())
# --- async for over a generator
import asyncio
async def numbers(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield i
async def app():
    total = 0
    async for x in numbers(4):
        total += x
    else:
        print("else")
    print([x async for x in numbers(3) if x], {x: x async for x in numbers(2)})
    return total
asyncio.run(app())
# --- async iterator class
import asyncio
class Ticker:
    def __init__(self, n): self.n, self.i = n, 0
    def __aiter__(self): return self
    async def __anext__(self):
        if self.i >= self.n:
            raise StopAsyncIteration
        self.i += 1
        await asyncio.sleep(0)
        return self.i
async def app():
    async for t in Ticker(3):
        print("tick", t)
asyncio.run(app())
# --- async with class
import asyncio
class Connection:
    async def __aenter__(self):
        await asyncio.sleep(0)
        print("connected")
        return self
    async def __aexit__(self, kind, error, tb):
        await asyncio.sleep(0)
        print("closed", kind and kind.__name__)
        return kind is KeyError
async def app():
    async with Connection() as c:
        print(type(c).__name__)
    async with Connection():
        raise KeyError("swallowed")
    async with Connection(), Connection():
        raise ValueError("not")
asyncio.run(app())
# --- asynccontextmanager
import asyncio
from contextlib import asynccontextmanager
@asynccontextmanager
async def resource(n):
    print("acquire", n)
    await asyncio.sleep(0)
    try:
        yield n * 2
    finally:
        print("release", n)
async def app():
    async with resource(1) as a, resource(2) as b:
        print(a, b)
    try:
        async with resource(3):
            raise ValueError("in body")
    except ValueError as e:
        print(e)
asyncio.run(app())
# --- async generator is closed after break
import asyncio
async def numbers():
    try:
        i = 0
        while True:
            yield i
            i += 1
            await asyncio.sleep(0)
    finally:
        print("closed")
async def app():
    async for x in numbers():
        print(x)
        if x == 2:
            break
    print("after break")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    print("end")
asyncio.run(app())
# --- async generator by hand
import asyncio
async def gen():
    try:
        got = yield 1
        print("got", got)
        yield 2
    except ValueError as e:
        print("caught", e)
        yield 3
async def app():
    g = gen()
    print(await g.__anext__(), await g.asend("x"), await g.athrow(ValueError("v")))
    await g.aclose()
    try:
        await g.__anext__()
    except StopAsyncIteration:
        print("over")
asyncio.run(app())
# --- await what cannot be awaited
import asyncio
async def app():
    await 5
asyncio.run(app())
# --- coroutine awaited twice
import asyncio
async def f(): return 1
async def app():
    c = f()
    await c
    await c
asyncio.run(app())
# --- own awaitable class
import asyncio
class Later:
    def __init__(self, v): self.v = v
    def __await__(self):
        yield from asyncio.sleep(0).__await__()
        return self.v
async def app():
    print(await Later(3), await asyncio.gather(Later(1), Later(2)))
asyncio.run(app())
# --- run inside a running loop
import asyncio
async def f(): pass
async def app():
    c = f()
    try:
        asyncio.run(c)
    except RuntimeError as e:
        print(e)
    c.close()
asyncio.run(app())
# --- run wants a coroutine
import asyncio
asyncio.run(5)
# --- gather wants awaitables
import asyncio
async def app():
    await asyncio.gather(5)
asyncio.run(app())
# --- for over a coroutine
import asyncio
async def f(): return [1]
async def app():
    c = f()
    try:
        for x in c:
            pass
    finally:
        c.close()
asyncio.run(app())
# --- async for over a list
import asyncio
async def app():
    async for x in [1, 2]:
        pass
asyncio.run(app())
# --- async with over a plain manager
import asyncio
class M:
    def __enter__(self): pass
    def __exit__(self, *d): pass
async def app():
    async with M():
        pass
asyncio.run(app())
# --- shield
import asyncio
async def f():
    await asyncio.sleep(0.3)
    print("inner finished")
    return "result"
async def app():
    inner = asyncio.create_task(f())
    try:
        await asyncio.wait_for(asyncio.shield(inner), 0.01)
    except TimeoutError:
        print("outer timed out", inner.done())
    return await inner
asyncio.run(app())
# --- to thread just runs
import asyncio
def blocking(a, b=1):
    return a + b
async def app():
    return await asyncio.to_thread(blocking, 2, b=3)
asyncio.run(app())
# --- event loop by hand
import asyncio
async def f(x):
    await asyncio.sleep(0)
    return x * 2
loop = asyncio.new_event_loop()
print(loop.run_until_complete(f(4)), loop.is_running())
print(loop.run_until_complete(asyncio.wait_for(f(5), 1)))
loop.close()
try:
    loop.run_until_complete(asyncio.sleep(0))
except RuntimeError as e:
    print(e, loop.is_closed())
# --- names and kinds of tasks
import asyncio
async def f(): return asyncio.current_task().get_name()
def g(): pass
async def app():
    t = asyncio.create_task(f(), name="mine")
    print(await t, asyncio.iscoroutinefunction(f), asyncio.iscoroutinefunction(g), asyncio.isfuture(t))
    print(type(t).__name__, isinstance(t, asyncio.Task), len(asyncio.all_tasks()))
asyncio.run(app())
# --- unfinished tasks are cancelled at the end
import asyncio
async def background():
    try:
        await asyncio.sleep(100)
    except asyncio.CancelledError:
        print("background cancelled")
        raise
async def app():
    asyncio.create_task(background())
    await asyncio.sleep(0)
    print("app ends")
asyncio.run(app())
# --- cancellation in a gather
import asyncio
async def f(n):
    try:
        await asyncio.sleep(10)
    finally:
        print("cleanup", n)
async def app():
    g = asyncio.gather(f(1), f(2))
    await asyncio.sleep(0)
    g.cancel()
    try:
        await g
    except asyncio.CancelledError:
        print("gather cancelled", g.cancelled(), g.done())
asyncio.run(app())
# --- CancelledError is no Exception
import asyncio
async def f():
    try:
        await asyncio.sleep(10)
    except Exception:
        print("never")
    except BaseException as e:
        print(type(e).__name__)
        raise
async def app():
    t = asyncio.create_task(f())
    await asyncio.sleep(0)
    t.cancel()
    await t
try:
    asyncio.run(app())
except asyncio.CancelledError:
    print("out")
# --- retry with backoff
import asyncio
attempts = 0
async def flaky():
    global attempts
    attempts += 1
    if attempts < 3:
        raise ConnectionError(f"attempt {attempts}")
    return "ok"
async def retry(f, times, delay):
    for i in range(times):
        try:
            return await f()
        except ConnectionError as e:
            print(e)
            await asyncio.sleep(delay * 2 ** i)
    raise RuntimeError("gave up")
asyncio.run(retry(flaky, 5, 0.001))
# --- fan out with results by key
import asyncio
async def fetch(key):
    await asyncio.sleep(0.001 * len(key))
    return key.upper()
async def app(keys):
    tasks = {k: asyncio.create_task(fetch(k)) for k in keys}
    return {k: await t for k, t in tasks.items()}
asyncio.run(app(["bb", "a", "ccc"]))
# --- deep awaits
import asyncio
async def down(n):
    if n == 0:
        await asyncio.sleep(0)
        return 0
    return 1 + await down(n - 1)
asyncio.run(down(100))
# --- async lambda and closures
import asyncio
async def app():
    fs = []
    for i in range(3):
        async def f(i=i): return i
        fs.append(f)
    return [await f() for f in fs], sorted([await f() for f in fs], key=lambda x: -x)
asyncio.run(app())
# --- timers in order of their deadlines
import asyncio
log = []
async def f(name, *delays):
    for d in delays:
        await asyncio.sleep(d)
        log.append(name)
async def app():
    await asyncio.gather(f("a", 0.08, 0.08), f("b", 0.04, 0.08), f("c", 0.12), f("d", 0.3))
asyncio.run(app())
"".join(log)
# --- time sleep blocks everybody
import asyncio, time
async def f(n):
    print("in", n)
    time.sleep(0.002)
    print("out", n)
async def app():
    await asyncio.gather(f(1), f(2))
asyncio.run(app())
# --- aiter and anext
import asyncio
class Countdown:
    def __init__(self, n): self.n = n
    def __aiter__(self): return self
    async def __anext__(self):
        if not self.n:
            raise StopAsyncIteration
        self.n -= 1
        return self.n
async def numbers():
    yield 1
    yield 2
async def run():
    it = aiter(Countdown(2))
    print(await anext(it), await anext(it), await anext(it, "empty"))
    gen = numbers()
    print(await anext(gen), await anext(gen), await anext(gen, None))
    try:
        await anext(it)
    except StopAsyncIteration:
        print("stopped")
    for wrong in (lambda: aiter([]), lambda: anext([])):
        try:
            wrong()
        except TypeError as error:
            print(error)
asyncio.run(run())
# --- context variables
import asyncio, contextvars, threading
user = contextvars.ContextVar("user", default="nobody")
async def work(name):
    token = user.set(name)
    await asyncio.sleep(0)
    found = user.get()
    user.reset(token)
    return found, user.get()
async def run():
    user.set("outer")
    print(await asyncio.gather(*(work(n) for n in "ab")), user.get())
asyncio.run(run())
print(user.get(), repr(user).startswith("<ContextVar name='user'"))
user.set("main")
context = contextvars.copy_context()
def change():
    user.set("inside")
    return user.get()
print(context.run(change), user.get(), context[user], user in context, len(context) > 0, context.get(user))
seen = []
thread = threading.Thread(target=lambda: seen.append(user.get()))
thread.start()
thread.join()
print(seen)
empty = contextvars.ContextVar("empty")
print(empty.get("given"))
try:
    empty.get()
except LookupError as error:
    print(type(error).__name__)
token = user.set("x")
user.reset(token)
try:
    user.reset(token)
except RuntimeError:
    print("used")
# --- exceptions that tasks and futures keep
import asyncio
from concurrent.futures import ThreadPoolExecutor
def work(n):
    return n.x
with ThreadPoolExecutor(2) as pool:
    future = pool.submit(work, True)
    print(repr(future.exception()), str(future.exception()), future.exception().args, future.exception().name)
async def main():
    async def wait(n):
        return n.x
    print(await asyncio.gather(wait(1), wait(2), return_exceptions=True))
    task = asyncio.create_task(wait(3))
    await asyncio.wait([task])
    print(repr(task.exception()))
asyncio.run(main())
