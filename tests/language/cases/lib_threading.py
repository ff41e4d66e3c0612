# --- threads that share a counter under a lock
import threading
class Counter:
    def __init__(self):
        self.value = 0
        self._lock = threading.Lock()
    def increment(self):
        with self._lock:
            self.value += 1
counter = Counter()
def work(n):
    for _ in range(n):
        counter.increment()
threads = [threading.Thread(target=work, args=(100,)) for _ in range(5)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
counter.value, threads[0].name.endswith(" (work)"), threads[0].is_alive()
# --- a class derived from Thread
import threading, time
class Worker(threading.Thread):
    def __init__(self, n):
        super().__init__(name=f"worker-{n}", daemon=True)
        self.n = n
        self.result = None
    def run(self):
        time.sleep(0.02 * (3 - self.n))
        self.result = self.n ** 2
        print("done", self.n, threading.current_thread().name)
workers = [Worker(i) for i in range(3)]
for worker in workers:
    worker.start()
print("started", sum(each.is_alive() for each in workers))
for worker in workers:
    worker.join()
[w.result for w in workers], workers[0].daemon
# --- producer and consumer with a bounded queue
import queue, threading
q = queue.Queue(maxsize=2)
out = []
def produce():
    for i in range(6):
        q.put(i)
    q.put(None)
def consume():
    while True:
        item = q.get()
        if item is None:
            break
        out.append(item * 10)
threads = [threading.Thread(target=produce), threading.Thread(target=consume)]
[t.start() for t in threads]
[t.join() for t in threads]
out
# --- a pool of workers of one's own with join and task_done
import queue, threading
tasks, results, lock = queue.Queue(), [], threading.Lock()
def worker():
    while True:
        n = tasks.get()
        try:
            if n is None:
                return
            with lock:
                results.append(n * n)
        finally:
            tasks.task_done()
pool = [threading.Thread(target=worker, daemon=True) for _ in range(3)]
for each in pool:
    each.start()
for n in range(8):
    tasks.put(n)
tasks.join()
for each in pool:
    tasks.put(None)
for each in pool:
    each.join()
sorted(results)
# --- a queue that stays empty
import queue, threading
q = queue.Queue(1)
try:
    q.get(timeout=0.01)
except queue.Empty as error:
    print("empty", repr(error))
q.put(1)
try:
    q.put(2, block=False)
except queue.Full:
    print("full", q.qsize())
# --- events, and what a wait gives
import threading
event = threading.Event()
seen = []
def wait():
    seen.append(event.wait(5))
thread = threading.Thread(target=wait)
thread.start()
seen.append("set")
event.set()
thread.join()
print(seen, event.is_set(), threading.Event().wait(0.01))
# --- conditions
import threading
condition, items = threading.Condition(), []
def take():
    with condition:
        condition.wait_for(lambda: len(items) > 1)
        print("took", items)
        items.clear()
        condition.notify_all()
thread = threading.Thread(target=take)
thread.start()
for n in range(2):
    with condition:
        items.append(n)
        condition.notify()
with condition:
    while items:
        condition.wait()
thread.join()
try:
    condition.wait()
except RuntimeError as error:
    print(error)
# --- semaphores and barriers
import threading
semaphore, barrier, log = threading.BoundedSemaphore(2), threading.Barrier(3), []
def work(n):
    with semaphore:
        log.append(n)
    barrier.wait()
    log.append("after")
threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sorted(log[:3]), log[3:], barrier.broken, barrier.parties)
try:
    semaphore.release()
except ValueError as error:
    print(error)
# --- locks that are misused
import threading
lock, again = threading.Lock(), threading.RLock()
with again, again:
    print(lock.acquire(), lock.acquire(blocking=False), lock.acquire(timeout=0.01), lock.locked())
lock.release()
for free in (lock.release, again.release):
    try:
        free()
    except RuntimeError as error:
        print(error)
for options in ({"blocking": False, "timeout": 1}, {"timeout": -2}):
    try:
        lock.acquire(**options)
    except ValueError as error:
        print(error)
# --- threads that are misused
import threading
thread = threading.Thread(target=print, args=("run",))
for misuse in (thread.join, thread.start, thread.start, threading.current_thread().join):
    try:
        misuse()
    except RuntimeError as error:
        print(error)
class Bare(threading.Thread):
    def __init__(self):
        pass
try:
    Bare().start()
except RuntimeError as error:
    print(error)
# --- values of each thread alone
import threading
local = threading.local()
local.x = 1
class Own(threading.local):
    def __init__(self, n):
        self.n = n
own = Own(5)
own.n += 1
def look():
    print(hasattr(local, "x"), own.n)
    local.x = 2
    own.n = 9
thread = threading.Thread(target=look)
thread.start()
thread.join()
local.x, own.n
# --- timers, one of them cancelled
import threading
first = threading.Timer(0.01, print, args=["rang"])
second = threading.Timer(60, print, ["never"])
first.start()
second.start()
second.cancel()
first.join()
second.join()
print(first.is_alive(), second.is_alive())
# --- the program ends when its threads do
import threading, time
def late():
    time.sleep(0.02)
    print("late")
threading.Thread(target=late).start()
print(threading.current_thread() is threading.main_thread(), threading.current_thread().name)
# --- a thread's exception ends the thread only
import threading
def fail():
    print("before")
    raise ValueError("in a thread")
thread = threading.Thread(target=fail)
thread.start()
thread.join()
print(thread.is_alive())
# --- the main thread's exception waits for the others
import threading, time
def late():
    time.sleep(0.01)
    print("late")
threading.Thread(target=late).start()
raise ValueError("main")
# --- executor: map and submit
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(max_workers=3) as pool:
    squares = list(pool.map(lambda n: n * n, range(6)))
    sums = list(pool.map(pow, [1, 2, 3], [2, 3, 4]))
    future = pool.submit(divmod, 7, 2)
    print(squares, sums, future.result(), future.done(), future.cancelled(), future.running())
try:
    pool.submit(print)
except RuntimeError as error:
    print(error)
# --- executor: exceptions of calls
from concurrent.futures import ThreadPoolExecutor
def work(n):
    if n == 2:
        raise ValueError(f"no {n}")
    return n
with ThreadPoolExecutor(2) as pool:
    futures = [pool.submit(work, n) for n in range(4)]
    for future in futures:
        error = future.exception()
        print(repr(error) if error else future.result())
    results = pool.map(work, range(4))
    print(next(results), next(results))
    try:
        next(results)
    except ValueError as error:
        print("raised", error)
    print(list(results))
    futures[2].result()
# --- executor: as they are completed, by time
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
def work(n):
    time.sleep(0.03 * n)
    return n
with ThreadPoolExecutor(max_workers=3) as pool:
    futures = {pool.submit(work, n): f"job {n}" for n in (3, 1, 2)}
    for future in as_completed(futures):
        print(futures[future], future.result())
# --- executor: wait, callbacks, cancel
import concurrent.futures, time
with concurrent.futures.ThreadPoolExecutor(max_workers=1) as pool:
    slow = pool.submit(time.sleep, 0.03)
    late = pool.submit(print, "never")
    print(late.cancel(), late.cancelled(), slow.cancel())
    slow.add_done_callback(lambda future: print("called back", future.result()))
    done, not_done = concurrent.futures.wait([slow, late], return_when=concurrent.futures.ALL_COMPLETED)
    print(len(done), len(not_done))
    try:
        late.result()
    except concurrent.futures.CancelledError as error:
        print("cancelled", repr(error))
    try:
        pool.submit(time.sleep, 0.05).result(timeout=0.001)
    except concurrent.futures.TimeoutError:
        print("too late")
# --- executor: names, initializers, wrong arguments
import threading
from concurrent.futures import ThreadPoolExecutor
def begin(word):
    print("begin", word)
with ThreadPoolExecutor(1, thread_name_prefix="own", initializer=begin, initargs=("now",)) as pool:
    print(pool.submit(lambda: threading.current_thread().name).result())
try:
    ThreadPoolExecutor(max_workers=0)
except ValueError as error:
    print(error)
# --- executor that nobody shuts down
from concurrent.futures import ThreadPoolExecutor
pool = ThreadPoolExecutor()
print(pool.submit(sum, [1, 2]).result())
# --- futures by hand
from concurrent.futures import Future, InvalidStateError
future = Future()
print(future.done(), future.set_running_or_notify_cancel(), future.running())
future.set_result(3)
print(future.result(), repr(future.exception()), future.cancel())
try:
    future.set_result(4)
except InvalidStateError as error:
    print(type(error).__name__)
# --- executors and threads under an event loop
import asyncio, threading, time
from concurrent.futures import ThreadPoolExecutor
def blocking(n):
    time.sleep(0.01)
    return n * 2
async def run():
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(max_workers=2) as pool:
        print(await asyncio.gather(*(loop.run_in_executor(pool, blocking, i) for i in range(4))))
    print(await asyncio.to_thread(blocking, 5))
    thread = threading.Thread(target=lambda: print("thread in a task"))
    thread.start()
    thread.join()
    await asyncio.sleep(0.01)
asyncio.run(run())
