"""From what a platform answers to the exceptions of `noodle_ray.errors`."""

from typing import Any

import httpx

from noodle_ray.errors import (
    CompileError,
    Diagnostic,
    LimitError,
    ModelError,
    ModuleError,
    NoodleError,
    PlatformError,
    RequestError,
    RunError,
    UsageError,
)

_FAMILIES: dict[str, type[NoodleError]] = {
    "03": ModuleError,
    "04": LimitError,
    "05": RunError,
    "06": ModelError,
    "07": RequestError,
    "08": PlatformError,
    "09": UsageError,
}
"""Exception class by the first two digits of an error code."""


def error_for(code: str, message: str, hint: str = "") -> NoodleError:
    """Return the exception for an error code."""
    kind = _FAMILIES.get(code.removeprefix("NOODLE-E")[:2], PlatformError)
    return kind(message, code=code, hint=hint)


def error_of(response: httpx.Response, url: str, source: str = "") -> NoodleError:
    """Return the exception for a response that is an RFC 9457 problem or, from a route that OpenAI's clients call too,
    an error of their shape, or one of the Open Inference Protocol's; or that is neither but should be.
    """
    try:
        problem = response.json()
        if isinstance(problem.get("error"), str):
            problem = {"code": problem["code"], "detail": problem["error"]}
        elif "error" in problem:
            problem = {"code": problem["error"]["code"], "detail": problem["error"]["message"]}
        code, detail = str(problem["code"]), str(problem["detail"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        message = f"what answers at {url} is not a Noodle platform (HTTP status {response.status_code})"
        return PlatformError(message, code="NOODLE-E0812")
    found = [_diagnostic(each) for each in problem.get("diagnostics") or []]
    if found:
        return CompileError(found, source)
    hint = str(problem.get("hint") or "")
    if response.status_code == 401:
        hint = hint or "pass token=…, or set NOODLE_TOKEN to the platform's token"
    error = error_for(code, detail, hint)
    if "differ" in problem:
        error.differ = problem["differ"]  # type: ignore[attr-defined]
        error.runs = problem.get("runs") or []  # type: ignore[attr-defined]
    return error


def unreachable(url: str, error: Exception) -> PlatformError:
    """Return the exception for a platform that cannot be reached."""
    reason = f" ({error})" if str(error) else ""
    return PlatformError(
        f"no platform answers at {url}{reason}",
        code="NOODLE-E0810",
        hint="start one with `noodle up`, or check the address",
    )


def _diagnostic(data: dict[str, Any]) -> Diagnostic:
    span = (int(data["line"]), int(data["column"]), int(data["end_line"]), int(data["end_column"]))
    return Diagnostic(str(data["code"]), str(data["message"]), span, str(data.get("hint") or ""))
