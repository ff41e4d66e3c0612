"""The logging module, with loggers of one run. What goes to stderr goes nowhere, as nobody reads it.

Loggers, handlers and formatters are of classes that programs may derive theirs from.
"""

import string
import time
from typing import Any, Final

from noodle_ray.core.vm.classes.kinds import ProgramType, hosted
from noodle_ray.core.vm.methods import attribute
from noodle_ray.core.vm.modules import on_start
from noodle_ray.core.vm.modules.traceback_ import format_exc, format_exception
from noodle_ray.core.vm.names import mark
from noodle_ray.core.vm.operators import remainder
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.strings import to_str

CRITICAL, ERROR, WARNING, INFO, DEBUG, NOTSET = 50, 40, 30, 20, 10, 0
_LEVELS: Final = {"CRITICAL": 50, "FATAL": 50, "ERROR": 40, "WARN": 30, "WARNING": 30, "INFO": 20, "DEBUG": 10,
                  "NOTSET": 0}  # fmt: skip
_NAMES: Final = {50: "CRITICAL", 40: "ERROR", 30: "WARNING", 20: "INFO", 10: "DEBUG", 0: "NOTSET"}
_METHODS: Final = {"debug": DEBUG, "info": INFO, "warning": WARNING, "warn": WARNING, "error": ERROR,
                   "critical": CRITICAL, "fatal": CRITICAL}  # fmt: skip
_PLAIN: Final = "%(message)s"
_BASIC: Final = "%(levelname)s:%(name)s:%(message)s"


class _Run:
    """The loggers of a run, and its names of levels."""

    def __init__(self) -> None:
        self.root: Any = None
        self.loggers: dict[str, Any] = {}
        self.levels = {**_LEVELS}
        self.names = {**_NAMES}
        self.disabled = 0

    def start(self) -> None:
        """Begin with a root that has no handlers."""
        self.levels, self.names = {**_LEVELS}, {**_NAMES}
        self.root, self.loggers, self.disabled = Logger("root", WARNING), {}, 0


_run: Final = _Run()


def _get(value: Any, name: str) -> Any:
    return getattr(value, mark(name))


def _set(value: Any, **values: Any) -> None:
    for name, each in values.items():
        setattr(value, mark(name), each)


def _class(name: str, base: Any = None, /, **members: Any) -> Any:
    """A class of ours that programs may derive theirs from."""
    namespace = {key if key[:2] == "__" else mark(key): each for key, each in members.items()}
    return hosted(ProgramType(name, (base,) if base else (), {"__module__": "logging", **namespace}))


def _check_level(level: Any) -> int:
    if isinstance(level, int):
        return level
    if not isinstance(level, str):
        raise TypeError(f"Level not an integer or a valid string: {to_str(level)}")
    if level not in _run.levels:
        raise ValueError(f"Unknown level: '{level}'")
    return _run.levels[level]


def get_level_name(level: Any) -> Any:
    """logging.getLevelName."""
    if isinstance(level, str):
        return _run.levels.get(level, f"Level {level}")
    return _run.names[level] if level in _run.names else f"Level {to_str(level)}"


def add_level_name(level: Any, levelName: Any) -> None:
    """logging.addLevelName."""
    S.charge(8)
    _run.names[level] = levelName
    _run.levels[levelName] = level


def _make_record(name: str, level: int, message: Any, args: tuple[Any, ...], error: Any, extra: Any) -> Any:
    if len(args) == 1 and isinstance(args[0], dict) and args[0]:
        args = args[0]  # type: ignore[assignment]
    now = S.wall()
    record = object.__new__(LogRecord)
    _set(
        record, name=name, levelno=level, levelname=get_level_name(level), msg=message, args=args, created=now,
        msecs=float(int((now % 1) * 1000)), exc_info=error, module="program", filename="program.py", lineno=0,
        funcName="<module>", pathname="program.py", process=1, processName="MainProcess", thread=1,
        threadName="MainThread", relativeCreated=0.0,
    )  # fmt: skip
    for key in extra or {}:
        _set(record, **{key: extra[key]})
    return record


def _get_message(self: Any) -> str:
    text, args = to_str(_get(self, "msg")), _get(self, "args")
    return remainder(text, args) if args else text


LogRecord: Final = _class(
    "LogRecord",
    getMessage=_get_message,
    __repr__=lambda self: f'<LogRecord: {_get(self, "name")}, {_get(self, "levelno")}, "{_get(self, "msg")}">',
)


def _init_formatter(
    self: Any, fmt: Any = None, datefmt: Any = None, style: Any = "%", validate: Any = True, *, defaults: Any = None
) -> None:
    if style not in ("%", "{", "$"):
        raise ValueError("Style must be one of: %,{,$")
    plain = {"%": _PLAIN, "{": "{message}", "$": "${message}"}[style]
    _set(self, _fmt=plain if fmt is None else fmt, datefmt=datefmt, _style=style, _defaults=dict(defaults or {}))


def _format_time(self: Any, record: Any, datefmt: Any = None) -> str:
    moment = time.gmtime(_get(record, "created"))
    if datefmt:
        return time.strftime(datefmt, moment)
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', moment)},{int(_get(record, 'msecs')):03d}"


def _format(self: Any, record: Any) -> str:
    _set(record, message=_get(record, "getMessage")())
    pattern, style = _get(self, "_fmt"), _get(self, "_style")
    if "asctime" in pattern:
        _set(record, asctime=_get(self, "formatTime")(record, _get(self, "datefmt")))
    values = {**_get(self, "_defaults"), **{key[1:]: each for key, each in vars(record).items()}}
    if style == "%":
        text = remainder(pattern, values)
    elif style == "{":
        text = attribute(pattern, "format")(**values)
    else:
        text = string.Template(pattern).substitute(values)
    error = _get(record, "exc_info")
    if error:
        text = f"{text}\n{error.rstrip()}"
    return str(text)


Formatter: Final = _class("Formatter", __init__=_init_formatter, format=_format, formatTime=_format_time)


def _matches(self: Any, record: Any) -> bool:
    """Whether a record's logger is the filter's, or below it."""
    name, of = _get(self, "name"), _get(record, "name")
    S.charge(1 + (len(of) >> 4))
    return not name or of == name or (of[: len(name)] == name and of[len(name)] == ".")


Filter: Final = _class(
    "Filter",
    __init__=lambda self, name="": _set(self, name=name, nlen=len(name)),
    filter=_matches,
)


def _add_filter(self: Any, filter: Any) -> None:
    if filter not in _get(self, "filters"):
        _get(self, "filters").append(filter)


def _remove_filter(self: Any, filter: Any) -> None:
    if filter in _get(self, "filters"):
        _get(self, "filters").remove(filter)


def _filter(self: Any, record: Any) -> bool:
    filters = [*_get(self, "filters")]
    S.charge(2 * len(filters))
    return all(_passes(each, record) for each in filters)


_FILTERER: Final = {"addFilter": _add_filter, "removeFilter": _remove_filter, "filter": _filter}


def _init_handler(self: Any, level: Any = NOTSET) -> None:
    _set(self, level=_check_level(level), formatter=None, filters=[])


def _handle(self: Any, record: Any) -> bool:
    passed = bool(_get(self, "filter")(record))
    if passed:
        _get(self, "emit")(record)
    return passed


def _passes(each: Any, record: Any) -> bool:
    if hasattr(each, mark("filter")):
        return bool(_get(each, "filter")(record))
    return bool(each(record) if callable(each) else attribute(each, "filter")(record))


def _not_done(self: Any, record: Any) -> None:
    raise NotImplementedError("emit must be implemented by Handler subclasses")


Handler: Final = _class(
    "Handler",
    __init__=_init_handler,
    setLevel=lambda self, level: _set(self, level=_check_level(level)),
    setFormatter=lambda self, fmt: _set(self, formatter=fmt),
    format=lambda self, record: _get(_get(self, "formatter") or Formatter(), "format")(record),
    **_FILTERER,
    handle=_handle,
    emit=_not_done,
    flush=lambda self: None,
    close=lambda self: None,
)


def _init_stream(self: Any, stream: Any = None) -> None:
    _init_handler(self)
    _set(self, stream=stream, terminator="\n")


def _emit(self: Any, record: Any) -> None:
    text = _get(self, "format")(record) + _get(self, "terminator")
    if _get(self, "stream") is not None:
        attribute(_get(self, "stream"), "write")(text)
    else:
        S.complain(text)


StreamHandler: Final = _class(
    "StreamHandler",
    Handler,
    __init__=_init_stream,
    emit=_emit,
    setStream=lambda self, stream: _set(self, stream=stream),
)
NullHandler: Final = _class("NullHandler", Handler, emit=lambda self, record: None)


def _init_logger(self: Any, name: Any, level: Any = NOTSET) -> None:
    _set(self, name=name, level=_check_level(level), handlers=[], filters=[], propagate=True, parent=None,
         disabled=False)  # fmt: skip


def _effective(self: Any) -> int:
    while self is not None:
        if _get(self, "level"):
            return int(_get(self, "level"))
        self = _get(self, "parent")
    return NOTSET


def _enabled(self: Any, level: int) -> bool:
    return not _get(self, "disabled") and level > _run.disabled and level >= _effective(self)


def _has_handlers(self: Any) -> bool:
    while self is not None:
        if _get(self, "handlers"):
            return True
        self = _get(self, "parent") if _get(self, "propagate") else None
    return False


def _log(
    self: Any, level: Any, msg: Any, *args: Any, exc_info: Any = None, extra: Any = None, stacklevel: Any = 1,
    stack_info: Any = False,
) -> None:  # fmt: skip
    S.charge(30)
    if not _enabled(self, level):
        return
    if isinstance(exc_info, BaseException):
        exc_info = "".join(format_exception(exc_info))
    elif exc_info:
        exc_info = format_exc()
    record = _make_record(_get(self, "name"), level, msg, args, exc_info or None, extra)
    if not _get(self, "filter")(record):
        return
    logger = self
    while logger is not None:
        for handler in [*_get(logger, "handlers")]:
            if level >= _get(handler, "level"):
                _get(handler, "handle")(record)
        logger = _get(logger, "parent") if _get(logger, "propagate") else None


def _at(level: int, **preset: Any) -> Any:
    return lambda self, msg, *args, **options: _log(self, level, msg, *args, **{**preset, **options})


def _add(self: Any, handler: Any) -> None:
    if handler not in _get(self, "handlers"):
        _get(self, "handlers").append(handler)


def _remove(self: Any, handler: Any) -> None:
    if handler in _get(self, "handlers"):
        _get(self, "handlers").remove(handler)


Logger: Final = _class(
    "Logger",
    __init__=_init_logger,
    __repr__=lambda self: f"<{type(self).__name__} {_get(self, 'name')} ({get_level_name(_effective(self))})>",
    setLevel=lambda self, level: _set(self, level=_check_level(level)),
    getEffectiveLevel=_effective,
    isEnabledFor=_enabled,
    hasHandlers=_has_handlers,
    addHandler=_add,
    removeHandler=_remove,
    **_FILTERER,
    getChild=lambda self, suffix: get_logger(suffix if self is _run.root else f"{_get(self, 'name')}.{suffix}"),
    log=_log,
    **{name: _at(level) for name, level in _METHODS.items()},
    exception=_at(ERROR, exc_info=True),
)


def _init_adapter(self: Any, logger: Any, extra: Any = None) -> None:
    _set(self, logger=logger, extra=extra)


def _process(self: Any, msg: Any, kwargs: dict[str, Any]) -> Any:
    kwargs["extra"] = _get(self, "extra")
    return msg, kwargs


def _log_through(self: Any, level: Any, msg: Any, *args: Any, **kwargs: Any) -> None:
    logger = _get(self, "logger")
    if _get(logger, "isEnabledFor")(level):
        msg, kwargs = _get(self, "process")(msg, kwargs)
        _get(logger, "log")(level, msg, *args, **kwargs)


def _through(level: int, **preset: Any) -> Any:
    return lambda self, msg, *args, **kwargs: _get(self, "log")(level, msg, *args, **{**preset, **kwargs})


def _of_logger(name: str) -> Any:
    return lambda self, *args: _get(_get(self, "logger"), name)(*args)


LoggerAdapter: Final = _class(
    "LoggerAdapter",
    __init__=_init_adapter,
    __repr__=lambda self: (
        f"<{type(self).__name__} {_get(_get(self, 'logger'), 'name')} "
        f"({get_level_name(_get(_get(self, 'logger'), 'getEffectiveLevel')())})>"
    ),
    process=_process,
    log=_log_through,
    **{name: _of_logger(name) for name in ("isEnabledFor", "setLevel", "getEffectiveLevel", "hasHandlers")},
    name=property(lambda self: _get(_get(self, "logger"), "name")),
    **{name: _through(level) for name, level in _METHODS.items()},
    exception=_through(ERROR, exc_info=True),
)

on_start(_run.start, "logging")


def get_logger(name: Any = None) -> Any:
    """logging.getLogger."""
    if not name or name == "root":
        return _run.root
    if not isinstance(name, str):
        raise TypeError("A logger name must be a string")
    found = _run.loggers.get(name)
    if found is None:
        S.charge(50)
        found = _run.loggers[name] = Logger(name)
        _adopt()
    return found


def _adopt() -> None:
    """Give each logger the nearest one above it as its parent."""
    S.charge(len(_run.loggers))
    for name, logger in _run.loggers.items():
        above = name.rpartition(".")[0]
        while above and above not in _run.loggers:
            S.charge(1 + (len(above) >> 4))
            above = above.rpartition(".")[0]
        _set(logger, parent=_run.loggers[above] if above else _run.root)


def basic_config(
    *, level: Any = None, format: Any = None, datefmt: Any = None, style: Any = "%", stream: Any = None,
    handlers: Any = None, force: Any = False, **unknown: Any,
) -> None:  # fmt: skip
    """logging.basicConfig; there are no files."""
    if unknown:
        raise ValueError(f"Unrecognised argument(s): {', '.join(unknown)}")
    root = _run.root
    if force:
        _get(root, "handlers").clear()
    if _get(root, "handlers"):
        return
    basic = {"%": _BASIC, "{": "{levelname}:{name}:{message}", "$": "${levelname}:${name}:${message}"}
    formatter = Formatter(basic.get(style) if format is None else format, datefmt, style)
    for handler in [StreamHandler(stream)] if handlers is None else handlers:
        if _get(handler, "formatter") is None:
            _set(handler, formatter=formatter)
        _add(root, handler)
    if level is not None:
        _set(root, level=_check_level(level))


def disable(level: Any = CRITICAL) -> None:
    """logging.disable."""
    _run.disabled = _check_level(level)


def _of_root(level: int, **preset: Any) -> Any:
    def write(msg: Any, *args: Any, **options: Any) -> None:
        _log(_run.root, level, msg, *args, **{**preset, **options})

    return write


def log(level: Any, msg: Any, *args: Any, **options: Any) -> None:
    """logging.log."""
    _log(_run.root, level, msg, *args, **options)


MEMBERS: dict[str, Any] = {
    "CRITICAL": CRITICAL,
    "DEBUG": DEBUG,
    "ERROR": ERROR,
    "FATAL": CRITICAL,
    "Filter": Filter,
    "Formatter": Formatter,
    "Handler": Handler,
    "INFO": INFO,
    "LogRecord": LogRecord,
    "Logger": Logger,
    "LoggerAdapter": LoggerAdapter,
    "NOTSET": NOTSET,
    "NullHandler": NullHandler,
    "StreamHandler": StreamHandler,
    "WARN": WARNING,
    "WARNING": WARNING,
    "addLevelName": add_level_name,
    "basicConfig": basic_config,
    "critical": _of_root(CRITICAL),
    "debug": _of_root(DEBUG),
    "disable": disable,
    "error": _of_root(ERROR),
    "exception": _of_root(ERROR, exc_info=True),
    "getLevelName": get_level_name,
    "getLogger": get_logger,
    "info": _of_root(INFO),
    "log": log,
    "warning": _of_root(WARNING),
}
