"""``noodle run``: a program in a local sandbox worker, or on a platform with ``--address``."""

import sys

from noodle_ray.cli.files import Loaded, load_program
from noodle_ray.cli.output import error_object, exit_status, report, write, write_json
from noodle_ray.core.vm.limits import CODES, Limits
from noodle_ray.errors import NoodleError, UsageError
from noodle_ray.light import TYPE_CHECKING, Any
from noodle_ray.observability.tracebacks import traceback_text

if TYPE_CHECKING:
    from noodle_ray.core.runs.continuation import Journal
    from noodle_ray.core.sandbox.local import LocalWorker
    from noodle_ray.core.sandbox.request import RunRequest

TIERS = ("auto", "interpreter", "python", "native")
BUDGETS = ("model_calls", "tool_calls", "tokens", "cost", "speculate")
USAGE_FIELDS = ("fuel", "memory_peak_bytes", "model_calls", "model_batches", "seed", "wall_seconds")
"""What ``--json`` shows under usage."""
SPENT = ("tool_calls", "prompt_tokens", "completion_tokens", "cost", "speculation")
"""What it shows beside, of runs on a platform that spent some."""


def run_file(
    file: str,
    *,
    entry: str | None = None,
    args: str | None = None,
    tier: str = "auto",
    limits: list[str],
    as_json: bool = False,
    address: str | None = None,
    timeline: bool = False,
    seed: int | None = None,
    speculate: int = 0,
    worker: "LocalWorker | None" = None,
) -> int:
    """Run a program, print what it gives, and return the exit status; ``worker`` is one that gets ready already."""
    try:
        positional, keywords = parse_args(args)
        bounds = parse_limits(limits)
        if tier not in TIERS:
            raise UsageError(f"there is no tier {tier!r}: choose one of {', '.join(TIERS)}", code="NOODLE-E0907")
        if address:
            program = load_program(file)
            outcome = _run_remote(program, address, entry, positional, keywords, bounds, tier, seed, speculate)
        else:
            program, outcome = _run_local(worker, file, entry, positional, keywords, bounds, tier, seed, speculate)
    except NoodleError as error:
        return _report(error, tier, as_json)
    return show_outcome(outcome, program, as_json=as_json, timeline=timeline)


def parse_args(text: str | None) -> tuple[list[Any], dict[str, Any]]:
    """Read ``--args``: a JSON array is positional arguments, a JSON object keyword arguments."""
    if not text:
        return [], {}
    import json

    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--args is not JSON: {error}", code="NOODLE-E0903", hint=_ARGS_HINT) from None
    if isinstance(value, list):
        return value, {}
    if isinstance(value, dict):
        return [], value
    raise UsageError("--args must be a JSON array or object", code="NOODLE-E0903", hint=_ARGS_HINT)


_ARGS_HINT = """--args '["one", 2]' passes positional arguments, --args '{"name": 2}' keyword arguments"""


def parse_limits(limits: list[str]) -> Limits:
    """Read ``--limit name=value`` options over the defaults."""
    bounds: dict[str, int | float] = {}
    for limit in limits:
        name, _, text = limit.partition("=")
        if name not in Limits._fields:
            raise UsageError(
                f"there is no limit {name!r}: choose one of {', '.join(Limits._fields)}",
                code="NOODLE-E0904",
                hint=_similar(name),
            )
        bounds[name] = _bound(name, text)
    return Limits(**bounds)  # type: ignore[arg-type]


def parse_budget(budget: list[str]) -> dict[str, float] | None:
    """Read ``--budget name=value`` options; None if there are none."""
    found: dict[str, float] = {}
    for item in budget:
        name, _, text = item.partition("=")
        kind = float if name == "cost" else int
        try:
            found[name] = kind(text.replace("_", "")) if name in BUDGETS else -1
        except ValueError:
            found[name] = -1
        if not 0 <= found[name] < 1 << 53:
            wanted = f"one of {', '.join(BUDGETS)}, and an amount, as in --budget tokens=10000"
            raise UsageError(f"--budget takes {wanted}, not {item!r}", code="NOODLE-E0904")
    return found or None


def _bound(name: str, text: str) -> int | float:
    kind = float if name == "deadline" else int
    try:
        value = kind(text.replace("_", ""))
    except ValueError:
        value = 0
    if not 0 < value < 1 << 62:
        wanted = "a number of seconds" if name == "deadline" else "a whole number"
        raise UsageError(f"--limit {name}= takes {wanted} above 0, not {text!r}", code="NOODLE-E0904")
    return value


def _similar(name: str) -> str:
    from difflib import get_close_matches

    found = get_close_matches(name, Limits._fields, n=1)
    return f"did you mean --limit {found[0]}=…?" if found else ""


def _run_local(
    worker: "LocalWorker | None",
    file: str,
    entry: str | None,
    args: list[Any],
    kwargs: dict[str, Any],
    limits: Limits,
    tier: str,
    seed: int | None,
    speculate: int,
) -> tuple[Loaded, dict[str, Any]]:
    from noodle_ray.core.nbc import digest
    from noodle_ray.core.sandbox.local import LocalWorker
    from noodle_ray.core.sandbox.request import RunRequest

    with worker or LocalWorker() as ready:
        program = load_program(file)
        request = RunRequest(program.nbc, digest(program.nbc), entry, args, kwargs, limits, tier, seed=seed).seeded()
        if tools := [name for name in program.module.models if name.startswith("tool:")]:
            raise UsageError(
                f"the tool {tools[0].removeprefix('tool:')!r} is a platform's, and this run has none",
                code="NOODLE-E0933",
                hint="run it on a platform that has the tool: --address URL",
            )
        if not program.module.models:
            outcome = ready.run(request)
            if outcome["error"] is not None:
                keep_stopped(outcome, request, program)
            return program, outcome
        from noodle_ray.core.runs.continuation import Journal

        journal = Journal()
        outcome = run_with_models(ready, request, program.module.models, journal, speculate)
        keep_stopped(outcome, request, program, journal)
        return program, outcome


def run_with_models(
    worker: "LocalWorker", request: "RunRequest", names: tuple[str, ...], journal: "Journal", speculate: int = 0
) -> dict[str, Any]:
    """Run in a worker, with this machine's models to answer what the journal cannot."""
    import gc

    from noodle_ray.ahr.local import LocalModels
    from noodle_ray.core.runs.continuation import JournaledHost

    gc.enable()
    with LocalModels() as models:
        if sys.stderr.isatty():
            write(f"loading {', '.join(names)} …\n", sys.stderr)
        models.warm(names)  # the program's deadline is for the program
        if not speculate:
            return worker.run(request, JournaledHost(models, journal))
        from noodle_ray.ahr.early import EarlyHost

        early = EarlyHost(models, speculate)
        outcome: dict[str, Any] = worker.run(
            request._replace(speculate=speculate), JournaledHost(early, journal), early
        )
        early.close()
        outcome["usage"] |= early.usage()
        return outcome


def keep_stopped(
    outcome: dict[str, Any], request: "RunRequest", program: Loaded, journal: "Journal | None" = None
) -> None:
    """If fuel ended a run, keep what `noodle resume` needs, and say so in the outcome's ``resume``."""
    if outcome["error"] is None or outcome["error"]["code"] != CODES["fuel"]:
        return
    from noodle_ray.cli.resume import keep

    outcome["resume"] = keep(outcome, request, program, journal)


def _run_remote(
    program: Loaded,
    address: str,
    entry: str | None,
    args: list[Any],
    kwargs: dict[str, Any],
    limits: Limits,
    tier: str,
    seed: int | None,
    speculate: int,
) -> dict[str, Any]:
    from noodle_ray.client.http import Client

    with Client(address) as client:
        return client.run(
            source=program.source,
            nbc=None if program.source is not None else program.nbc,
            entry=entry,
            args=args,
            kwargs=kwargs,
            limits=limits,
            budget={"speculate": speculate} if speculate else None,
            tier=tier,
            seed=seed,
        )


def show_outcome(outcome: dict[str, Any], program: Loaded, *, as_json: bool, timeline: bool = False) -> int:
    """Print an outcome and return the exit status it means."""
    error = outcome["error"]
    if as_json:
        write_json(json_outcome(outcome))
    else:
        write(outcome["stdout"])
        if error is None and outcome["result"] is not None:
            write(f"{outcome['result']}\n")
        sys.stdout.flush()
        if error:
            write(traceback_text(error, program.source, program.filename, sys.stderr), sys.stderr)
            if outcome.get("resume"):
                write(f"give it more and go on: noodle resume {outcome['resume']} --fuel N\n", sys.stderr)
    if timeline:
        from noodle_ray.observability.timeline import render_text

        write(render_text(outcome["events"], outcome["usage"]) + "\n", sys.stderr)
    return exit_status(error["code"]) if error else 0


def json_outcome(outcome: dict[str, Any]) -> dict[str, Any]:
    """Return an outcome as ``--json`` shows it: these fields, the result as JSON data, ``resume`` if it can be."""
    from noodle_ray.core.vm.values import to_json

    usage = outcome["usage"]
    spent = {name: usage[name] for name in SPENT if name in usage}
    return {
        "result": to_json(outcome["result"]),
        "stdout": outcome["stdout"],
        "error": outcome["error"],
        "usage": {field: usage[field] for field in USAGE_FIELDS} | spent,
        "tier": outcome["tier"],
        **({"resume": outcome["resume"]} if outcome.get("resume") else {}),
    }


def _report(error: NoodleError, tier: str, as_json: bool) -> int:
    """Show an error that came before the program ran."""
    if not as_json:
        return report(error)
    usage = dict.fromkeys(USAGE_FIELDS, 0)
    write_json({"result": None, "stdout": "", "error": error_object(error), "usage": usage, "tier": tier})
    return exit_status(error.code)
