# --- Thread
import threading
x = threading.Thread(target=t, args=(3,))
x.start()
x.join()
# --- Thread run
import threading
class X(threading.Thread):
    run = T
x = X()
x.start()
x.join()
# --- Thread run instance
import threading
x = threading.Thread()
x.run = t
x.start()
x.join()
# --- Timer
import threading
x = threading.Timer(0, t)
x.start()
x.join()
# --- Timer function
import threading
threading.Timer(0, t).function(3)
# --- Barrier
import threading
threading.Barrier(1, t).wait()
# --- wait_for
import threading
c = threading.Condition()
with c:
    c.wait_for(t, 0.01)
# --- local init
import threading
class L(threading.local):
    __init__ = T
L()
# --- Thread target attribute
import threading
threading.Thread(target=t)._target(3)
# --- submit
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor() as e:
    e.submit(t, 3).result()
# --- executor map
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor() as e:
    list(e.map(t, [3]))
# --- initializer
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(1, initializer=t) as e:
    e.submit(len, [])
# --- done callback
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(1) as e:
    e.submit(len, []).add_done_callback(t)
# --- future callback
from concurrent.futures import Future
f = Future()
f.add_done_callback(t)
f.set_result(1)
# --- to_thread
import asyncio
async def f():
    await asyncio.to_thread(t, 3)
asyncio.run(f())
# --- run_in_executor
import asyncio
async def f():
    await asyncio.get_running_loop().run_in_executor(None, t, 3)
asyncio.run(f())
# --- call_soon
import asyncio
async def f():
    asyncio.get_running_loop().call_soon(t, 3)
    await asyncio.sleep(0)
asyncio.run(f())
# --- call_later
import asyncio
async def f():
    asyncio.get_running_loop().call_later(0, t, 3)
    await asyncio.sleep(0.01)
asyncio.run(f())
# --- call_at
import asyncio
async def f():
    l = asyncio.get_running_loop()
    l.call_at(l.time(), t, 3)
    await asyncio.sleep(0.01)
asyncio.run(f())
# --- task done callback
import asyncio
async def g():
    pass
async def f():
    x = asyncio.create_task(g())
    x.add_done_callback(t)
    await x
    await asyncio.sleep(0)
asyncio.run(f())
# --- future done callback
import asyncio
async def f():
    x = asyncio.get_running_loop().create_future()
    x.add_done_callback(t)
    x.set_result(1)
    await asyncio.sleep(0)
asyncio.run(f())
# --- asyncio wait_for predicate
import asyncio
async def f():
    c = asyncio.Condition()
    async with c:
        await asyncio.wait_for(c.wait_for(t), 0.01)
asyncio.run(f())
# --- contextmanager
import contextlib
contextlib.contextmanager(t)(3)

# --- contextmanager with
import contextlib
with contextlib.contextmanager(t)(3):
    pass
# --- asynccontextmanager
import contextlib
contextlib.asynccontextmanager(t)(3)
# --- closing
import contextlib
class A:
    close = T
with contextlib.closing(A()):
    pass
# --- closing instance
import contextlib
class A:
    pass
a = A()
a.close = t
with contextlib.closing(a):
    pass
# --- aclosing
import contextlib, asyncio
class A:
    aclose = T
async def f():
    async with contextlib.aclosing(A()):
        pass
asyncio.run(f())
# --- ExitStack callback
import contextlib
with contextlib.ExitStack() as s:
    s.callback(t, 3)
# --- ExitStack push
import contextlib
with contextlib.ExitStack() as s:
    s.push(t)
# --- ExitStack push exit
import contextlib
class A:
    __exit__ = T
with contextlib.ExitStack() as s:
    s.push(A())
# --- ExitStack enter
import contextlib
class A:
    __enter__ = T
    __exit__ = T
with contextlib.ExitStack() as s:
    s.enter_context(A())
# --- AsyncExitStack callback
import contextlib, asyncio
async def f():
    async with contextlib.AsyncExitStack() as s:
        s.callback(t, 3)
asyncio.run(f())
# --- AsyncExitStack push_async_callback
import contextlib, asyncio
async def f():
    async with contextlib.AsyncExitStack() as s:
        s.push_async_callback(t, 3)
asyncio.run(f())
# --- AsyncExitStack push_async_exit
import contextlib, asyncio
async def f():
    async with contextlib.AsyncExitStack() as s:
        s.push_async_exit(t)
asyncio.run(f())
# --- ContextDecorator
import contextlib
class A(contextlib.ContextDecorator):
    def __enter__(self): pass
    def __exit__(self, *a): pass
A()(t)(3)
# --- ContextDecorator manager
import contextlib
@contextlib.contextmanager
def m():
    yield
m()(t)(3)
# --- redirect_stdout
import contextlib
class A:
    write = T
with contextlib.redirect_stdout(A()):
    print(3)
# --- ExitStack callback held
import contextlib
with contextlib.ExitStack() as s:
    f = s.callback
    f(t, 3)
# --- suppress
import contextlib
with contextlib.suppress(t):
    t(3)
# --- AbstractContextManager
import contextlib
class A(contextlib.AbstractContextManager):
    __exit__ = T
with A():
    pass
# --- context run
import contextvars
contextvars.copy_context().run(t, 3)
# --- context run held
import contextvars
f = contextvars.copy_context().run
f(t, 3)
# --- contextvar
import contextvars
c = contextvars.ContextVar('a', default=t)
c.get()(3)
# --- weakref callback
import weakref
class A:
    pass
a = A()
r = weakref.ref(a, t)
del a
# --- finalize
import weakref
class A:
    pass
a = A()
weakref.finalize(a, t, 3)()
# --- finalize dead
import weakref
class A:
    pass
a = A()
f = weakref.finalize(a, t, 3)
del a
# --- finalize peek
import weakref
class A:
    pass
a = A()
f = weakref.finalize(a, t, 3)
f.peek()[1](3)
# --- WeakMethod
import weakref
class A:
    def f(self):
        pass
a = A()
r = weakref.WeakMethod(a.f, t)
del a
# --- weakref type
import weakref
class A:
    pass
a = A()
r = type(weakref.ref(a))(a, t)
del a
# --- deepcopy memo
import copy
class A:
    __deepcopy__ = T
copy.deepcopy([A()])
