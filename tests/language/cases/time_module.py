# --- clocks run forward
import time
a, b = time.monotonic(), time.perf_counter()
time.sleep(0.001)
print(time.monotonic() - a >= 0.001, time.perf_counter() - b >= 0.001, time.time() > 1_600_000_000)
print(type(time.time_ns()).__name__, time.monotonic_ns() >= int(a * 1e9) - 1000, time.process_time() >= 0)
# --- moments in UTC
import time
t = time.gmtime(0)
print(t.tm_year, t.tm_mon, t.tm_mday, t.tm_hour, t.tm_wday, t.tm_yday, t[0], len(t), tuple(t))
print(time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(1_700_000_000)), time.asctime(time.gmtime(86400 * 365)))
# --- there and back
import time
for moment in (0, 951_782_400, 1_709_164_800, 1_700_000_001, 4_102_444_800):
    t = time.gmtime(moment)
    print(time.strftime("%j %U %w", t), tuple(t)[:6])
# --- sleep wants a number that is not negative
import time
try:
    time.sleep(-1)
except ValueError as e:
    print(e)
time.sleep("1")
# --- names taken from time
from time import sleep, perf_counter as clock
start = clock()
sleep(0)
print(clock() >= start)
