# --- reading lines
import csv
rows = list(csv.reader(["a,b,c", '1,"x, ""y""",3', "", "4,5"]))
print(rows)
r = csv.reader(["a;b", "c;'d;e'"], delimiter=";", quotechar="'")
print(next(r), r.line_num, next(r), r.line_num, r.dialect.delimiter)
list(csv.reader(["1,2.5"], quoting=csv.QUOTE_NONNUMERIC)), list(csv.reader(["a\tb"], "excel-tab"))
# --- writing to a text in memory
import csv
import io
f = io.StringIO()
w = csv.writer(f)
w.writerow(["a", 1, 2.5, None, True, "x,y", 'q"q', "two\nlines"])
w.writerows([[1, 2], (3, 4), "ab"])
csv.writer(f, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow([1, "b"])
csv.writer(f, delimiter="|", quoting=csv.QUOTE_NONE, escapechar="\\").writerow(["a|b"])
f.getvalue()
# --- writing numbers of other kinds
import csv, io
from decimal import Decimal
from datetime import date
from fractions import Fraction
f = io.StringIO()
csv.writer(f, quoting=csv.QUOTE_NONNUMERIC).writerow([Decimal("1.5"), Fraction(1, 3), date(2024, 1, 1), 1j, [1], "x"])
f.getvalue()
# --- dictionaries
import csv, io
text = "name,age\nann,30\nbob,25,extra\ncy\n"
reader = csv.DictReader(io.StringIO(text))
print(reader.fieldnames)
for row in reader:
    print(row)
out = io.StringIO()
w = csv.DictWriter(out, fieldnames=["name", "age"], restval="-")
w.writeheader()
w.writerow({"name": "ann", "age": 30})
w.writerows([{"name": "bob"}])
print(out.getvalue())
w.writerow({"name": "x", "nope": 1})
# --- dialects
import csv
csv.register_dialect("semi", delimiter=";", skipinitialspace=True)
print(csv.list_dialects(), list(csv.reader(["a; b"], "semi")), csv.get_dialect("semi").delimiter)
csv.unregister_dialect("semi")
csv.get_dialect("semi")
# --- dialects of other cases are gone
import csv
csv.register_dialect("mine", delimiter="!")
csv.field_size_limit(), sorted(csv.list_dialects())
# --- a generator of lines
import csv
def lines():
    for i in range(3):
        yield f"{i},{i * i}"
[int(b) for _, b in csv.reader(lines())], sum(1 for _ in csv.reader(lines()))
# --- an object that writes
import csv
class Sink:
    def __init__(self):
        self.parts = []
    def write(self, text):
        self.parts.append(text)
        return len(text)
s = Sink()
w = csv.writer(s)
print(w.writerow([1, "a b"]))
s.parts
# --- what cannot be written to
import csv
csv.writer(5)
# --- a row that is no row
import csv, io
csv.writer(io.StringIO()).writerow(5)
# --- a field that is too long
import csv
before = csv.field_size_limit(5)
try:
    list(csv.reader(["abcdefgh"]))
finally:
    csv.field_size_limit(before)
