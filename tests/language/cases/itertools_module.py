# --- chain, cycle and islice
from itertools import chain, cycle, islice
[list(chain([1], "ab", ())), list(islice(cycle("ab"), 5)), list(islice(range(100), 90, 100, 3)), list(chain.from_iterable([[1], [2, 3]]))]
# --- count and repeat
import itertools
c = itertools.count(5, 2)
f = itertools.count(0.5, 0.25)
[next(c), next(c), next(f), next(f), list(itertools.repeat("x", 3)), repr(itertools.count(3)), repr(itertools.repeat(1, 2))]
# --- islice with negative bounds
from itertools import islice
islice([1], -1)
# --- islice of a large skip
from itertools import count, islice
next(islice(count(), 10000, None))
# --- accumulate
from itertools import accumulate
import operator
[list(accumulate([1, 2, 3])), list(accumulate([1, 2, 3], operator.mul)), list(accumulate([3, 1, 2], max, initial=2)), list(accumulate([], initial=1)),
 list(accumulate("abc")), list(accumulate([1, 2], func=lambda a, b: a - b))]
# --- groupby
from itertools import groupby
words = ["apple", "avocado", "bean", "cherry", "corn"]
{k: list(g) for k, g in groupby(words, key=lambda w: w[0])}
# --- groupby without a key
from itertools import groupby
[(k, len(list(g))) for k, g in groupby("aaabbc")]
# --- groupby drops a group that is not read
from itertools import groupby
groups = list(groupby([1, 1, 2]))
[(k, list(g)) for k, g in groups]
# --- takewhile, dropwhile, filterfalse
from itertools import dropwhile, filterfalse, takewhile
xs = [1, 4, 6, 4, 1]
[list(takewhile(lambda x: x < 5, xs)), list(dropwhile(lambda x: x < 5, xs)), list(filterfalse(lambda x: x % 2, xs)), list(filterfalse(None, [0, 1, "", 2]))]
# --- starmap and compress
from itertools import compress, starmap
[list(starmap(pow, [(2, 5), (3, 2)])), list(compress("abcdef", [1, 0, 1, 0, 1, 1]))]
# --- combinatorics
from itertools import combinations, combinations_with_replacement, permutations, product
[list(product("ab", repeat=2)), list(product([1, 2], "x")), list(permutations([1, 2, 3], 2)), list(combinations("abcd", 2)),
 list(combinations_with_replacement("ab", 2)), list(product()), list(permutations([]))]
# --- combinations of negative length
from itertools import combinations
combinations("ab", -1)
# --- zip_longest and pairwise
from itertools import pairwise, zip_longest
[list(zip_longest("ab", [1, 2, 3])), list(zip_longest("a", "bc", fillvalue="-")), list(pairwise([1, 2, 3, 4])), list(pairwise([1]))]
# --- zip_longest with an unknown keyword
from itertools import zip_longest
zip_longest([1], fill=2)
# --- tee
from itertools import tee
a, b = tee(iter([1, 2, 3]))
[next(a), list(b), list(a)]
# --- a sliding window
from collections import deque
from itertools import islice
def windows(xs, n):
    it = iter(xs)
    window = deque(islice(it, n), maxlen=n)
    out = [tuple(window)]
    for x in it:
        window.append(x)
        out.append(tuple(window))
    return out
windows(range(5), 3)
# --- errors of callbacks pass
from itertools import starmap
def f(a):
    return a / 0
list(starmap(f, [(1,)]))
# --- starmap over what is no tuple
from itertools import starmap
list(starmap(max, [1]))
# --- takewhile of what is not callable
from itertools import takewhile
list(takewhile(3, [1]))
# --- accumulate needs an iterable
from itertools import accumulate
accumulate()
# --- iterators over sets and dicts
from itertools import chain, combinations
[list(chain({1: "a"}, {2})), list(combinations({3: 1, 4: 1}, 2))]
