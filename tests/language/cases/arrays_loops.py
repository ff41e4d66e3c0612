# --- a loop that reads and writes elements
from noodle_ray import array
def double(a):
    for i in range(len(a)):
        a[i] = a[i] * 2 + i
    return a
[double(array(x, t)).tolist() for x, t in (([1, 2, 3], "int64"), ([0.5, 1.5], "float64"), ([0.1, 0.7], "float32"))]
# --- a loop over a matrix
from noodle_ray import array
def trace(m):
    total = 0
    for i in range(m.shape[0]):
        for j in range(m.shape[1]):
            total += m[i, j] * m[j][i]
            m[j, i] = total
    return total
m = array([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
print(trace(m), m.tolist())
# --- a loop over the rows of a matrix
from noodle_ray import array
def lengths(m):
    out = array.zeros(len(m))
    i = 0
    for row in m:
        s = 0.0
        for x in row:
            s += x * x
        out[i] = s ** 0.5
        i += 1
    return out
lengths(array([[3.0, 4.0], [6.0, 8.0], [0.0, 0.0]])).tolist()
# --- a loop over an array that it changes
from noodle_ray import array
def spread(a):
    i = 0
    for x in a:
        a[(i + 1) % len(a)] = x + 1
        i += 1
a = array([1, 10, 100])
spread(a)
a.tolist()
# --- a loop over two arrays that share their data
from noodle_ray import array
def add(a, b):
    for i in range(len(b)):
        a[i] += b[i]
x = array([1, 2, 3, 4, 5])
add(x, x[2:])
add(x[1:], x)
# --- a loop that leaves the array's bounds
from noodle_ray import array
def f(a):
    for i in range(4):
        a[i] = 10 - i
f(array([1, 2, 3]))
# --- a loop that leaves 64 bits
from noodle_ray import array
def f(a):
    for i in range(3):
        a[i] = a[i] * 2 ** 40
        print(a[i])
f(array([1, 2 ** 20, 2 ** 30]))
# --- a loop that stores a float among ints
from noodle_ray import array
def f(a):
    for i in range(3):
        a[i] = 7
        a[i] = a[i] / 2
f(array([1, 2, 3]))
# --- a loop that divides by an element that is zero
from noodle_ray import array
def f(a):
    for i in range(len(a)):
        a[i] = 12 // a[i]
a = array([3, 4, 0, 6])
try:
    f(a)
except ZeroDivisionError as error:
    print(error)
a.tolist()
# --- an array made in a function
from noodle_ray import array
def squares(n):
    a = array.zeros(n)
    m = array.zeros((n, 2))
    for i in range(n):
        a[i] = i * i
        m[i, 1] = a[i] / 2
    return a, m
[x.tolist() for x in squares(3)] + [len(squares(0)[0]), squares(2)[1].shape]
# --- an array of a negative size made in a loop
from noodle_ray import array
def f(n):
    for i in range(3):
        a = array.zeros(n - i)
    return a
f(1)
# --- truth values in arrays
from noodle_ray import array
def flip(t, n):
    for i in range(len(t)):
        t[i] = not t[i]
        n[i] = t[i]
    return t, n
[x.tolist() for x in flip(array([True, False, True]), array([5, 5, 5]))]
# --- the shape of an array
from noodle_ray import array
def f(a):
    s = 0
    for i in range(a.ndim):
        s = s * 10 + a.shape[i]
    return s, a.size, len(a.shape)
f(array([[1, 2, 3], [4, 5, 6]]))
