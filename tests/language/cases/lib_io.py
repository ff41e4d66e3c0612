# --- a text in memory
import io
f = io.StringIO("one\ntwo\nthree")
print(f.readline(), f.read(2), f.tell(), f.readlines(), f.read(), f.seek(0), [line.strip() for line in f])
f.seek(0, io.SEEK_END)
f.write("!")
f.writelines(["a", "b"])
print(f.getvalue(), f.readable(), f.writable(), f.seekable(), f.isatty(), f.closed)
f.truncate(3), f.getvalue(), f.close(), f.closed
# --- bytes in memory
import io
b = io.BytesIO(b"abc")
print(b.read(1), b.tell(), b.write(b"XY"), b.getvalue(), b.seek(1), b.readline(), b.read1(5))
b.seek(-1, 2), b.read(), b.write("text")
# --- with closes
import io
with io.StringIO() as f:
    f.write("x" * 3)
    text = f.getvalue()
print(text, f.closed)
f.read()
# --- there is no file behind
import io
try:
    io.StringIO().fileno()
except io.UnsupportedOperation as e:
    print(e, isinstance(e, OSError), isinstance(e, ValueError))
io.StringIO(5)
# --- lines end as asked
import io
io.StringIO("a\r\nb\rc", newline=None).read(), io.StringIO("a\r\nb", newline="").readlines(), list(io.BytesIO(b"a\nb"))
# --- print into a text
import io
out = io.StringIO()
print("a", 1, sep="-", end="!\n", file=out)
out.getvalue()
