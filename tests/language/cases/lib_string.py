# --- constants
import string
print(string.ascii_letters, string.digits, string.punctuation, repr(string.whitespace))
len(string.printable), string.hexdigits, string.octdigits, string.ascii_lowercase[:3], string.ascii_uppercase[-1]
# --- capwords
from string import capwords
capwords("hello  wide world"), capwords("a-b-c", "-")
# --- templates
from string import Template
t = Template("$who likes ${what}s for $$5, $who")
print(t.substitute(who="tim", what="plum"), t.template, t.is_valid(), t.get_identifiers())
print(t.safe_substitute({"who": 1}), t.substitute({"who": "a"}, what=[1]))
t.substitute(who="x")
# --- a template that is malformed
from string import Template
t = Template("a $ b\n${x")
print(t.is_valid(), t.safe_substitute())
t.substitute(x=1)
