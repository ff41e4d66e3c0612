# --- json default
import json
json.dumps([object()], default=t)
# --- json default held
import json
[json.dumps][0]([object()], default=t)
# --- json object_hook
import json
json.loads('{}', object_hook=t)
# --- json pairs hook
import json
json.loads('{}', object_pairs_hook=t)
# --- json parse_int
import json
json.loads('1', parse_int=t)
# --- json parse_float
import json
json.loads('1.5', parse_float=t)
# --- json parse_constant
import json
json.loads('NaN', parse_constant=t)
# --- json cls
import json
class E(json.JSONEncoder):
    default = T
json.dumps([object()], cls=E)
# --- json cls encode
import json
class E(json.JSONEncoder):
    encode = T
json.dumps([object()], cls=E)
# --- json encoder default
import json
json.JSONEncoder(default=t).encode([object()])
# --- json encoder default attribute
import json
json.JSONEncoder(default=t).default(3)
# --- json dump
import json
class F:
    write = T
json.dump([1], F())
# --- json load
import json
class F:
    read = T
json.load(F())
# --- re.sub
import re
re.sub('a', t, 'a')
# --- re.subn
import re
re.subn('a', t, 'a')
# --- re pattern sub
import re
re.compile('a').sub(t, 'a')
# --- re sub keyword
import re
re.sub('a', repl=t, string='a')
# --- re sub pattern keyword
import re
re.compile('a').sub(repl=t, string='a')
# --- re sub held
import re
f = re.compile('a').sub
f(t, 'a')
# --- formatter get_value
import string
class F(string.Formatter):
    get_value = T
F().format('{0}', 1)
# --- formatter format_field
import string
class F(string.Formatter):
    format_field = T
F().format('{0}', 1)
# --- formatter get_field
import string
class F(string.Formatter):
    get_field = T
F().format('{0}', 1)
# --- formatter convert_field
import string
class F(string.Formatter):
    convert_field = T
F().format('{0!r}', 1)
# --- formatter parse
import string
class F(string.Formatter):
    parse = T
F().format('{0}', 1)
# --- formatter check
import string
class F(string.Formatter):
    check_unused_args = T
F().format('{0}', 1)
# --- formatter vformat
import string
class F(string.Formatter):
    vformat = T
F().format('{0}', 1)
# --- template
import string
class D(dict):
    __missing__ = T
string.Template('$a').substitute(D())
# --- nlargest
import heapq
heapq.nlargest(1, [3, 1], key=t)
# --- nsmallest
import heapq
heapq.nsmallest(1, [3, 1], key=t)
# --- merge
import heapq
list(heapq.merge([3], [1], key=t))
# --- bisect
import bisect
bisect.bisect([3], 1, key=t)
# --- insort
import bisect
bisect.insort([3], 1, key=t)
# --- bisect_left
import bisect
bisect.bisect_left([3], 1, key=t)
# --- insort_left
import bisect
bisect.insort_left([3], 1, key=t)
