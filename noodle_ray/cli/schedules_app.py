"""The subcommands of ``noodle schedules``."""

from typing import Annotated

import typer

from noodle_ray.cli.runs_app import Address, Json, Limit

schedules_app = typer.Typer(help="Schedules of runs: set, tell, list, show, remove.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A schedule's name.")]


def _leave(status: int) -> None:
    if status:
        raise typer.Exit(status)


@schedules_app.command("set")
def set_(
    name: Name,
    program: Annotated[
        str, typer.Argument(metavar="PROGRAM", help="NAME, NAME@VERSION or NAME@ALIAS; with --file a file, or -.")
    ],
    cron: Annotated[str | None, typer.Argument(metavar="CRON", help="Five fields, as in '0 3 * * *'.")] = None,
    topic: Annotated[str | None, typer.Option(metavar="TOPIC", help="Instead of CRON: start at its events.")] = None,
    timezone: Annotated[str, typer.Option(metavar="ZONE", help="Such as Europe/Berlin.")] = "UTC",
    entry: Annotated[str | None, typer.Option(metavar="NAME", help="The function to call. [default: main]")] = None,
    args: Annotated[
        str | None, typer.Option(metavar="JSON", help="Arguments: an array, or an object with names.")
    ] = None,
    limit: Limit = None,
    file: Annotated[bool, typer.Option("--file", help="PROGRAM is a file: keep it in the schedule.")] = False,
    missed: Annotated[str, typer.Option(metavar="POLICY", help="Times that passed: latest, all or none.")] = "latest",
    off: Annotated[bool, typer.Option("--off", help="Keep it, and start nothing.")] = False,
    address: Address = None,
    json: Json = False,
) -> None:
    """Start runs of a program at these times, or at a topic's events, in place of a schedule of the same name."""
    from noodle_ray.cli.schedules import set_command

    _leave(
        set_command(
            address,
            name,
            program,
            cron,
            file=file,
            topic=topic,
            timezone=timezone,
            entry=entry,
            args=args,
            limits=limit or [],
            missed=missed,
            enabled=not off,
            as_json=json,
        )
    )


@schedules_app.command()
def tell(
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="A topic of schedules.")],
    value: Annotated[str, typer.Argument(metavar="JSON", help="The last argument of each run.")] = "null",
    id: Annotated[
        str | None, typer.Option(metavar="ID", help="Told again under it, the event starts nothing twice.")
    ] = None,
    address: Address = None,
    json: Json = False,
) -> None:
    """Tell an event: each schedule of the topic starts a run."""
    from noodle_ray.cli.schedules import tell_command

    _leave(tell_command(address, topic, value, id, as_json=json))


@schedules_app.command("list")
def list_(address: Address = None, json: Json = False) -> None:
    """List the schedules, and when they start the next run."""
    from noodle_ray.cli.schedules import list_command

    _leave(list_command(address, as_json=json))


@schedules_app.command()
def show(name: Name, address: Address = None, json: Json = False) -> None:
    """Show a schedule."""
    from noodle_ray.cli.schedules import show_command

    _leave(show_command(address, name, as_json=json))


@schedules_app.command()
def remove(name: Name, address: Address = None, json: Json = False) -> None:
    """Delete a schedule; the runs that it started stay."""
    from noodle_ray.cli.schedules import remove_command

    _leave(remove_command(address, name, as_json=json))
