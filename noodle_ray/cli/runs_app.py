"""The subcommands of ``noodle runs``."""

from typing import Annotated

import typer

runs_app = typer.Typer(
    help="Durable runs: start, list, watch, show, wait, signal, cancel, pause, resume, retry, fork, replay.",
    no_args_is_help=True,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Address = Annotated[
    str | None,
    typer.Option("--address", metavar="URL", help="A platform. [default: this machine's]", envvar="NOODLE_URL"),
]
Run = Annotated[str, typer.Argument(metavar="RUN", help="A run's id.")]


def _limits() -> list[str]:
    return ["fuel=", "memory=", "deadline=", "recursion=", "output="]


def _statuses() -> list[str]:
    from noodle_ray.core.store.status import Status

    return [status.value for status in Status]


Limit = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=N", help="fuel, memory (bytes), deadline (s) …", autocompletion=_limits),
]


Budget = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=N",
        help="The most it may spend: model_calls, tool_calls, tokens, cost; and calls to speculate with.",
        autocompletion=lambda: ["model_calls=", "tool_calls=", "tokens=", "cost=", "speculate="],
    ),
]


def _leave(status: int) -> None:
    if status:
        raise typer.Exit(status)


@runs_app.command()
def start(
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="A program: source, NBC, or - for standard input.")
    ] = None,
    program: Annotated[
        str | None, typer.Option(metavar="NAME", help="Instead: a published one, NAME, NAME@VERSION or NAME@ALIAS.")
    ] = None,
    entry: Annotated[str | None, typer.Option(metavar="NAME", help="The function to call. [default: main]")] = None,
    args: Annotated[
        str | None, typer.Option(metavar="JSON", help="Arguments: an array, or an object with names.")
    ] = None,
    tier: Annotated[str, typer.Option(metavar="TIER", help="auto, interpreter, python or native.")] = "auto",
    limit: Limit = None,
    budget: Budget = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=(1 << 53) - 1, metavar="N", help="What its random numbers come from.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="Equal requests under one key are one run.")] = None,
    within: Annotated[
        float | None, typer.Option(min=0.001, metavar="SECONDS", help="Seconds from now in which it ends, or fails.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for its end, and show what it gives.")] = False,
    address: Address = None,
    json: Json = False,
) -> None:
    """Store a run and start it; print its id."""
    from noodle_ray.cli.runs import start_command

    _leave(
        start_command(
            address,
            file,
            program=program,
            entry=entry,
            args=args,
            tier=tier,
            limits=limit or [],
            budget=budget,
            seed=seed,
            key=key,
            within=within,
            wait=wait,
            as_json=json,
        )
    )


@runs_app.command("list")
def list_(
    status: Annotated[
        str | None, typer.Option(help="Only runs in this status.", autocompletion=_statuses, metavar="STATUS")
    ] = None,
    program: Annotated[str | None, typer.Option(metavar="NAME", help="Only runs of this published program.")] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Such as 2026-01-31T12:00.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    address: Address = None,
    json: Json = False,
) -> None:
    """List runs, the latest first."""
    from noodle_ray.cli.runs import list_command

    _leave(list_command(address, status=status, program=program, since=since, limit=limit, as_json=json))


@runs_app.command()
def watch(
    runs: Annotated[list[str] | None, typer.Argument(metavar="[RUN]...", help="These, until all have ended.")] = None,
    status: Annotated[
        str | None, typer.Option(help="Only runs in this status.", autocompletion=_statuses, metavar="STATUS")
    ] = None,
    program: Annotated[str | None, typer.Option(metavar="NAME", help="Only runs of this published program.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many of the latest runs.")] = 20,
    interval: Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="How often to look.")] = 1.0,
    address: Address = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object per change.")] = False,
) -> None:
    """Show runs live: status, effects, duration, until Ctrl-C; without a terminal a line for each change."""
    from noodle_ray.cli.watch import Wanted, watch_command

    _leave(watch_command(address, Wanted(runs or [], status, program, limit), interval=interval, as_json=json))


@runs_app.command()
def show(run: Run, address: Address = None, json: Json = False) -> None:
    """Show a run: status, arguments, result, error, usage."""
    from noodle_ray.cli.runs import show_command

    _leave(show_command(address, run, as_json=json))


@runs_app.command()
def wait(
    run: Run,
    timeout: Annotated[float | None, typer.Option(min=0, metavar="SECONDS", help="How long. [default: no end]")] = None,
    address: Address = None,
    json: Json = False,
) -> None:
    """Wait for a run to end, and show what it gives; the exit status is as of noodle run."""
    from noodle_ray.cli.runs import wait_command

    _leave(wait_command(address, run, timeout=timeout, as_json=json))


@runs_app.command()
def cancel(run: Run, address: Address = None, json: Json = False) -> None:
    """End a run for good."""
    from noodle_ray.cli.runs import change_command

    _leave(change_command(address, run, "cancel", as_json=json))


@runs_app.command()
def pause(run: Run, address: Address = None, json: Json = False) -> None:
    """Stop a run until it is resumed."""
    from noodle_ray.cli.runs import change_command

    _leave(change_command(address, run, "pause", as_json=json))


@runs_app.command()
def resume(run: Run, address: Address = None, json: Json = False) -> None:
    """Let a paused run go on."""
    from noodle_ray.cli.runs import change_command

    _leave(change_command(address, run, "resume", as_json=json))


@runs_app.command()
def retry(run: Run, limit: Limit = None, budget: Budget = None, address: Address = None, json: Json = False) -> None:
    """Run a failed or cancelled run again; models are not asked again for what they answered."""
    from noodle_ray.cli.runs import change_command

    _leave(change_command(address, run, "retry", limits=limit, budget=budget, as_json=json))


@runs_app.command()
def signal(
    run: Run,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the run waits for.")],
    value: Annotated[str, typer.Option(metavar="JSON", help="What the run gets.")] = "null",
    key: Annotated[str | None, typer.Option(help="Equal signals under one key are one signal.")] = None,
    address: Address = None,
    json: Json = False,
) -> None:
    """Give a run a signal, which it waits for or will."""
    from noodle_ray.cli.runs import signal_command

    _leave(signal_command(address, run, name, value, key=key, as_json=json))


@runs_app.command()
def delete(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Ids of runs.")],
    address: Address = None,
    json: Json = False,
) -> None:
    """Delete runs that have ended."""
    from noodle_ray.cli.runs import delete_command

    _leave(delete_command(address, runs, as_json=json))


@runs_app.command()
def events(
    run: Run,
    after: Annotated[int, typer.Option(min=-1, metavar="N", help="Only events after this position.")] = -1,
    address: Address = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object per event.")] = False,
) -> None:
    """Show what happens to a run, until it has ended."""
    from noodle_ray.cli.runs import events_command

    _leave(events_command(address, run, after=after, as_json=json))


@runs_app.command()
def fork(
    run: Run,
    effect: Annotated[str, typer.Argument(metavar="EFFECT", help="An effect's key, as events show it.")],
    value: Annotated[str, typer.Option(metavar="JSON", help="The answer that the new run gets there.")],
    key: Annotated[str | None, typer.Option(help="Equal forks under one key are one run.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for its end, and show what it gives.")] = False,
    address: Address = None,
    json: Json = False,
) -> None:
    """Start a run that goes as another did, but gets another answer to one effect."""
    from noodle_ray.cli.replays import fork_command

    _leave(fork_command(address, run, effect, value, key=key, wait=wait, as_json=json))


@runs_app.command()
def replay(
    runs: Annotated[list[str] | None, typer.Argument(metavar="[RUN]...", help="Ids of runs; or say which.")] = None,
    program: Annotated[
        str | None, typer.Option(metavar="NAME", help="Runs of a published program: NAME, NAME@VERSION, NAME@ALIAS.")
    ] = None,
    status: Annotated[
        str | None, typer.Option(help="Runs in this status.", autocompletion=_statuses, metavar="STATUS")
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Runs since, such as 2026-01-31T12:00.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="The latest N of these.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All runs.")] = False,
    to_effect: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Stop after N answers of the journal.")
    ] = None,
    with_: Annotated[str | None, typer.Option("--with", metavar="FILE", help="Execute this program instead.")] = None,
    ask: Annotated[
        list[str] | None, typer.Option(metavar="MODEL[=OTHER]", help="Ask this model anew, or another in its place.")
    ] = None,
    ask_all: Annotated[
        bool, typer.Option("--ask-all", help="Ask any other model, too, where the journal does not answer.")
    ] = False,
    budget: Budget = None,
    show: Annotated[int, typer.Option(min=0, metavar="N", help="Of many runs, the first N that differ.")] = 10,
    address: Address = None,
    json: Json = False,
) -> None:
    """Execute runs again from their journals, and show what differs; nothing is stored.

    No model is called, unless --ask says so.
    """
    from noodle_ray.cli.replays import Selection, replay_command

    _leave(
        replay_command(
            address,
            Selection(runs or [], program, status, since, limit, all_),
            to_effect=to_effect,
            instead=with_,
            ask=ask or [],
            ask_all=ask_all,
            budget=budget or [],
            show=show,
            as_json=json,
        )
    )


Database = Annotated[
    str | None, typer.Option(metavar="URL", help="sqlite:////FILE or postgresql://… [default: the platform's]")
]
Objects = Annotated[str | None, typer.Option(metavar="URL", help="Where large payloads lie. [default: the platform's]")]


@runs_app.command()
def backup(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where to write; nothing is overwritten.")],
    database: Database = None,
    objects: Objects = None,
    json: Json = False,
) -> None:
    """Write all runs, journals and published programs into one file; runs go on meanwhile."""
    from noodle_ray.cli.backups import backup_command

    _leave(backup_command(file, database=database, objects=objects, as_json=json))


@runs_app.command()
def restore(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A back-up.")],
    database: Database = None,
    objects: Objects = None,
    json: Json = False,
) -> None:
    """Fill an empty store from a back-up, also one of another kind of database."""
    from noodle_ray.cli.backups import restore_command

    _leave(restore_command(file, database=database, objects=objects, as_json=json))


@runs_app.command()
def vacuum(database: Database = None, json: Json = False) -> None:
    """Give space that deleted runs took back to the file system. Runs wait meanwhile."""
    from noodle_ray.cli.backups import vacuum_command

    _leave(vacuum_command(database=database, as_json=json))
