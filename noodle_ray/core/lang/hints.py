"""Spelling suggestions and replacements for what the language leaves out."""

from noodle_ray.light import Final, Iterable

NOT_OFFERED: Final[dict[str, str]] = {
    "eval": "there is no way to run text as code; write the operations themselves",
    "exec": "there is no way to run text as code; write the operations themselves",
    "compile": "there is no way to run text as code; write the operations themselves",
    "open": "programs have no files; pass the text as an argument of main, or use io.StringIO",
    "input": "programs have no terminal; pass the value as an argument of main: def main(name: str): ...",
    "__import__": "use an import statement",
    "__build_class__": "use a class statement",
    "__loader__": "use an import statement",
    "__spec__": "use an import statement",
    "globals": "it can be called, as in globals()['name']; keep the values in a dict of your own",
    "locals": "it can be called, as in locals()['name']; keep the values in a dict of your own",
    "memoryview": "use bytes, or a slice of them",
    "breakpoint": "use print",
    "help": "see docs/language.md",
    "exit": "use sys.exit(), or let the program end",
    "quit": "use sys.exit(), or let the program end",
    "ExceptionGroup": "raise one exception; e.add_note() and e.__cause__ can tell of others",
    "BaseExceptionGroup": "raise one exception; e.add_note() and e.__cause__ can tell of others",
}
"""Python builtins that programs cannot have, and what to write instead."""

DUNDER_HINTS: Final[dict[str, str]] = {
    "__class__": "use type(x)",
    "__base__": "use isinstance or issubclass",
    "__globals__": "a function's surroundings are its own; pass values as arguments",
    "__closure__": "a function's surroundings are its own; pass values as arguments",
    "__code__": "code is not a value; call the function",
    "__builtins__": "builtins are used by name",
    "__traceback__": "print or raise the exception; its message is str(error)",
    "__file__": "programs have no files",
    "__getattribute__": "define __getattr__, which is asked for missing attributes",
    "__prepare__": "classes are made by type; use __init_subclass__",
    "__instancecheck__": "classes are made by type; use isinstance with a tuple",
    "__subclasscheck__": "classes are made by type; use issubclass with a tuple",
    "__reduce__": "use json, or copy.deepcopy",
    "__reduce_ex__": "use json, or copy.deepcopy",
    "__getstate__": "use json, or copy.deepcopy",
    "__setstate__": "use json, or copy.deepcopy",
}
"""Dunder names that are refused, and what to write instead."""

MODULE_HINTS: Final[dict[str, str]] = {
    "os": "programs have no files, environment or processes; pass what they need as arguments of main",
    "os.path": "programs have no files; pathlib.PurePosixPath takes paths apart",
    "subprocess": "programs start no processes",
    "socket": "programs have no network; models are what they can ask",
    "requests": "programs have no network; pass what they need as arguments of main",
    "urllib.request": "programs have no network; pass what they need as arguments of main",
    "multiprocessing": "programs start no processes; use concurrent.futures.ThreadPoolExecutor",
    "pickle": "use json, or copy.deepcopy",
    "ctypes": "programs cannot leave the language",
    "sqlite3": "programs have no databases; keep the rows in lists, dicts or dataclasses",
    "shutil": "programs have no files; use io.StringIO",
    "glob": "programs have no files; fnmatch matches names",
    "signal": "programs get no signals; a run has a deadline",
    "select": "programs have no network; use asyncio",
    "http.client": "programs have no network; pass what they need as arguments of main",
    "http.server": "programs have no network; main is what others call",
    "httpx": "programs have no network; pass what they need as arguments of main",
    "platform": "nothing in a program tells of the machine; sys has version_info",
    "pandas": "use csv and dicts, or array: from noodle_ray import array",
    "zoneinfo": "there is no data of time zones; use datetime.timezone with an offset",
    "marshal": "use json, or copy.deepcopy",
    "shelve": "use a dict, and json for its text",
    "getpass": "programs have no terminal; pass the value as an argument of main",
    "importlib": "use import statements",
    "numpy": "use array: from noodle_ray import array",
    "pytest": "use assert",
    "tempfile": "programs have no files; use io.StringIO",
}
"""Modules that people reach for and programs do not have, and what to do instead."""

MEMBER_HINTS: Final[dict[str, str]] = {
    "ast.parse": "there is no way from text to code; ast.literal_eval reads data",
    "concurrent.futures.ProcessPoolExecutor": "programs start no processes; use ThreadPoolExecutor",
    "inspect.getsource": "programs cannot look into code",
    "inspect.stack": "programs cannot look into frames",
    "inspect.currentframe": "programs cannot look into frames",
    "random.SystemRandom": "numbers come from the run's seed; use secrets, or Random",
    "sys.stdin": "programs have no terminal; pass the text as an argument of main",
    "sys.modules": "use import statements",
    "sys.settrace": "programs cannot look into frames",
    "unittest.mock": "write a class or function that stands in",
    "weakref.proxy": "use weakref.ref, and call it",
}
"""Members that people reach for and programs do not have, and what to do instead."""


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """A hint that names the closest candidate, or ''."""
    from difflib import get_close_matches

    names = sorted({c for c in candidates if not c.startswith((".", "__")) and abs(len(c) - len(word)) < 8})[:2000]
    lowered = {name.lower(): name for name in names}
    close = get_close_matches(word[:64].lower(), lowered, n=1, cutoff=0.6)
    return f"did you mean '{lowered[close[0]]}'?" if close else ""
