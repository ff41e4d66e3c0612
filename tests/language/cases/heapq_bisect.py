# --- a heap
import heapq
h = []
for x in [5, 1, 8, 3, 2]:
    heapq.heappush(h, x)
[h[0], [heapq.heappop(h) for _ in range(5)]]
# --- heapify and replace
import heapq
h = [9, 4, 7, 1]
heapq.heapify(h)
[h[0], heapq.heapreplace(h, 5), heapq.heappushpop(h, 0), heapq.heappushpop(h, 6), sorted(h)]
# --- pop from an empty heap
from heapq import heappop
heappop([])
# --- push onto what is no list
from heapq import heappush
heappush((1, 2), 3)
# --- largest and smallest
import heapq
words = ["pear", "fig", "banana", "kiwi"]
[heapq.nlargest(2, [3, 1, 2]), heapq.nsmallest(2, words, key=len), heapq.nlargest(3, words, key=lambda w: (len(w), w)), heapq.nlargest(9, [1, 2]), heapq.nsmallest(1, iter([4, 3])),
 heapq.nlargest(0, [1])]
# --- merge
import heapq
[list(heapq.merge([1, 4, 7], [2, 5], [3])), list(heapq.merge([3, 1], [2], reverse=True)), list(heapq.merge(["b"], ["A", "c"], key=str.lower))]
# --- a priority queue of tuples
import heapq
queue = []
for i, (priority, name) in enumerate([(2, "b"), (1, "a"), (2, "a")]):
    heapq.heappush(queue, (priority, i, name))
[heapq.heappop(queue)[2] for _ in range(3)]
# --- items that do not compare
import heapq
heapq.heapify([1, "a"])
# --- shortest paths
import heapq
graph = {"a": [("b", 7), ("c", 3)], "b": [("d", 2)], "c": [("b", 1), ("d", 8)], "d": []}
dist = {"a": 0}
heap = [(0, "a")]
while heap:
    d, node = heapq.heappop(heap)
    if d > dist.get(node, 10**9):
        continue
    for other, w in graph[node]:
        if d + w < dist.get(other, 10**9):
            dist[other] = d + w
            heapq.heappush(heap, (d + w, other))
dist
# --- heapify without an argument
import heapq
heapq.heapify()
# --- bisect
import bisect
xs = [1, 2, 2, 3, 5]
[bisect.bisect(xs, 2), bisect.bisect_left(xs, 2), bisect.bisect_right(xs, 2), bisect.bisect_left(xs, 4), bisect.bisect(xs, 0), bisect.bisect(xs, 9), bisect.bisect_left(xs, 2, 2), bisect.bisect(xs, 2, hi=1)]
# --- insort
import bisect
xs = [1, 3]
bisect.insort(xs, 2)
bisect.insort_left(xs, 3)
bisect.insort_right(xs, 0)
xs
# --- bisect with a key
import bisect
rows = [("a", 1), ("b", 3), ("c", 5)]
[bisect.bisect_left(rows, 3, key=lambda r: r[1]), bisect.bisect(rows, 3, key=lambda r: r[1])]
# --- insort with a key
import bisect
rows = [("a", 1), ("c", 5)]
bisect.insort(rows, ("b", 3), key=lambda r: r[1])
rows
# --- grades
import bisect
["FDCBA"[bisect.bisect([60, 70, 80, 90], score)] for score in [33, 99, 77, 70, 89, 90, 100]]
# --- bisect with a negative bound
import bisect
bisect.bisect([1], 1, -1)
# --- bisect of mixed types
import bisect
bisect.bisect([1, 2], "a")
# --- insort into an object of the program
import bisect
log = []
class L(list):
    def insert(self, i, x):
        log.append(('insert', i, x))
        super().insert(i, x)
    def __len__(self):
        log.append('len')
        return super().__len__()
    def __getitem__(self, i):
        log.append(('get', i))
        return super().__getitem__(i)
a = L([1, 3, 5])
bisect.insort(a, 4)
bisect.insort_left(a, 4)
bisect.insort_right(a, 2, key=lambda x: x)
r = bisect.bisect(a, 4), bisect.bisect_left(a, 4), bisect.bisect_right(a, 4)
[*map(int, list.__iter__(a))], log, r
# --- insort into an object of the program fails
import bisect
class L(list):
    def insert(self, i, x):
        raise ValueError(i, x)
seen = []
for call in (lambda: bisect.insort(L(), 1), lambda: bisect.insort(L([1]), 'a'), lambda: bisect.insort(L([1, 2, 3]), 2, 1, 2),
             lambda: bisect.insort_left(L([1]), 'a', key=len), lambda: bisect.insort(L(), 1, lo=-1)):
    try:
        call()
    except (TypeError, ValueError) as e:
        seen.append((type(e).__name__, str(e)))
seen
