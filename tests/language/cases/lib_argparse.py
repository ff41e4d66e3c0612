# --- options of all kinds
import argparse
parser = argparse.ArgumentParser(prog="tool", description="Does things.")
parser.add_argument("input", help="input file")
parser.add_argument("-n", "--count", type=int, default=3, help="how many (default: %(default)s)")
parser.add_argument("-v", "--verbose", action="count", default=0)
parser.add_argument("--mode", choices=["a", "b"], default="a")
parser.add_argument("--flag", action=argparse.BooleanOptionalAction, default=True)
parser.add_argument("--tags", nargs="*", default=[])
parser.add_argument("--add", action="append", type=float)
group = parser.add_mutually_exclusive_group()
group.add_argument("--quiet", action="store_true")
group.add_argument("--why", dest="reason", action="store_const", const=7)
found = parser.parse_args("f.txt -n 5 -vv --tags q r --add 1 --add 2.5 --no-flag --why".split())
print(found, found.count, vars(found)["reason"], "count" in found)
print(parser.parse_args(["x"]))
parser.print_help()
print(parser.format_usage())
# --- errors go to stderr and end the program
import argparse, contextlib, io
def positive(text):
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return value
parser = argparse.ArgumentParser(prog="tool")
parser.add_argument("name")
parser.add_argument("-n", type=positive)
parser.add_argument("--mode", choices=["a", "b"])
for words in (["f", "-n", "-1"], ["f", "-n", "x"], ["f", "--mode", "z"], [], ["f", "--other"], ["f", "g"]):
    err = io.StringIO()
    try:
        with contextlib.redirect_stderr(err):
            parser.parse_args(words)
    except SystemExit as error:
        print(error.code, err.getvalue().splitlines()[-1])
# --- commands
import argparse
parser = argparse.ArgumentParser(prog="git")
commands = parser.add_subparsers(dest="command", required=True, help="what to do")
commit = commands.add_parser("commit", help="commit it")
commit.add_argument("-m", "--message", required=True)
commit.set_defaults(run=lambda found: f"commit {found.message}")
push = commands.add_parser("push")
push.add_argument("remote", nargs="?", default="origin")
push.set_defaults(run=lambda found: "push " + found.remote)
for words in (["commit", "-m", "hi"], ["push"], ["push", "up"]):
    found = parser.parse_args(words)
    print(found.command, found.run(found))
print(parser.parse_known_args(["push", "a", "--zzz", "1"])[1])
parser.print_help()
try:
    parser.parse_args(["commit", "-h"])
except SystemExit as error:
    print("exit", error.code)
# --- groups, defaults, formats of help, parents
import argparse
base = argparse.ArgumentParser(add_help=False)
base.add_argument("--debug", action="store_true", help="say more")
parser = argparse.ArgumentParser(prog="t", parents=[base], formatter_class=argparse.ArgumentDefaultsHelpFormatter, epilog="The end.")
group = parser.add_argument_group("limits", "what bounds it")
group.add_argument("--size", type=int, default=10, metavar="N", help="of it")
parser.set_defaults(extra="e")
parser.add_argument("--version", action="version", version="%(prog)s 1.0")
print(parser.parse_args([]), parser.get_default("size"))
parser.print_help()
print(argparse.Namespace(a=1, b="x"), argparse.Namespace(a=1) == argparse.Namespace(a=1))
space = argparse.Namespace(kept=1)
parser.parse_args(["--size", "3"], namespace=space)
print(space)
parser.parse_args(["--version"])
