# --- reading
import configparser
parser = configparser.ConfigParser()
parser.read_string("""
[DEFAULT]
timeout = 30
root = /srv
[web]
host = example.org
port = 8443
debug = yes
static = %(root)s/static
allowed =
    10.0.0.1
    10.0.0.2
[db]
ratio: 0.75
timeout = 5
""")
print(parser.sections(), parser["web"]["static"], parser["web"].getint("port"), parser.getboolean("web", "debug"))
print(parser.getfloat("db", "ratio"), parser.get("db", "none", fallback="f"), dict(parser["db"]), "web" in parser)
print([line for line in parser["web"]["allowed"].splitlines() if line], parser.has_option("db", "x"), parser.options("db"))
print(parser.items("db"), sorted(parser["web"].keys()), list(parser), parser["web"].name, parser.defaults()["timeout"])
for section, option in (("db", "nope"), ("cache", "x")):
    try:
        parser.get(section, option)
    except configparser.Error as error:
        print(type(error).__name__, error)
try:
    parser.getint("web", "host")
except ValueError as error:
    print(error)
# --- writing
import configparser, io, sys
parser = configparser.ConfigParser()
parser["a"] = {"x": "1", "Y": "two"}
parser.add_section("b")
parser.set("b", "z", "3")
parser["b"]["w"] = "4"
parser.write(sys.stdout)
out = io.StringIO()
parser.write(out, space_around_delimiters=False)
print(out.getvalue())
parser.remove_option("a", "x")
print(parser.remove_section("b"), parser.sections(), parser["a"].get("y"))
# --- names as they are written, other interpolation, errors
import configparser
parser = configparser.ConfigParser(interpolation=configparser.ExtendedInterpolation(), allow_no_value=True)
parser.optionxform = str
parser.read_string("[A]\nKey = v\nflag\n[B]\nref = ${A:Key}!\n")
print(list(parser["A"].items()), parser["B"]["ref"])
parser.read_dict({"C": {"k": 1}})
print(parser["C"]["k"])
for text in ("x = 1", "[a]\n[a]", "[a]\nx=1\nx=2", "[a\n"):
    try:
        configparser.ConfigParser().read_string(text)
    except configparser.Error as error:
        print(type(error).__name__, str(error).splitlines()[0])
