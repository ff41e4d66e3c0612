"""The subcommands of ``noodle programs``."""

from typing import Annotated

import typer

from noodle_ray.cli.runs_app import Address, Budget, Json, Limit

programs_app = typer.Typer(
    help="Published programs: publish, list, show, alias, check, run, remove.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A program's name.")]
Reference = Annotated[str, typer.Argument(metavar="PROGRAM", help="NAME, NAME@VERSION or NAME@ALIAS.")]
File = Annotated[str, typer.Argument(metavar="FILE", help="A program: source, NBC, or - for standard input.")]


def _leave(status: int) -> None:
    if status:
        raise typer.Exit(status)


@programs_app.command()
def publish(
    name: Name,
    file: File,
    alias: Annotated[str | None, typer.Option(metavar="ALIAS", help="Let NAME@ALIAS mean it.")] = None,
    check: Annotated[
        int,
        typer.Option(
            min=0, max=100, metavar="N", help="Replay the latest N runs of what it replaces first; refuse what differs."
        ),
    ] = 100,
    no_check: Annotated[bool, typer.Option("--no-check", help="Replay none.")] = False,
    same: Annotated[bool, typer.Option("--same", help="Other results are a difference too.")] = False,
    address: Address = None,
    json: Json = False,
) -> None:
    """Store a program's next version, if it does what runs did; the same module is the same version."""
    from noodle_ray.cli.programs import publish_command

    _leave(publish_command(address, name, file, alias=alias, check=0 if no_check else check, same=same, as_json=json))


@programs_app.command("list")
def list_(address: Address = None, json: Json = False) -> None:
    """List the programs: latest version, and what its runs did."""
    from noodle_ray.cli.programs import list_command

    _leave(list_command(address, as_json=json))


@programs_app.command()
def show(
    program: Reference,
    source: Annotated[bool, typer.Option("--source", help="Print the source, and nothing else.")] = False,
    address: Address = None,
    json: Json = False,
) -> None:
    """Show a program's versions and aliases, or one version with NAME@VERSION."""
    from noodle_ray.cli.programs import show_command

    _leave(show_command(address, program, source=source, as_json=json))


@programs_app.command()
def alias(
    name: Name,
    alias: Annotated[str, typer.Argument(help="Such as prod.")],
    version: Annotated[int | None, typer.Argument(min=1, help="What it is to mean.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the alias.")] = False,
    address: Address = None,
    json: Json = False,
) -> None:
    """Let an alias mean a version."""
    from noodle_ray.cli.programs import alias_command

    _leave(alias_command(address, name, alias, version, remove=remove, as_json=json))


@programs_app.command()
def check(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A program, or a version of it: NAME@VERSION.")],
    file: File,
    runs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="How many of the latest runs. [default: all]")
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Runs since, such as 2026-01-31T12:00.")] = None,
    show: Annotated[int, typer.Option(min=0, metavar="N", help="Show the first N that differ.")] = 10,
    address: Address = None,
    json: Json = False,
) -> None:
    """Replay stored runs with another version, and show which would differ; no model is asked."""
    from noodle_ray.cli.programs import check_command

    _leave(check_command(address, name, file, runs=runs, since=since, show=show, as_json=json))


@programs_app.command()
def run(
    program: Reference,
    args: Annotated[
        str | None, typer.Option(metavar="JSON", help="Arguments: an array, or an object with names.")
    ] = None,
    entry: Annotated[str | None, typer.Option(metavar="NAME", help="The function to call. [default: main]")] = None,
    limit: Limit = None,
    budget: Budget = None,
    address: Address = None,
    json: Json = False,
) -> None:
    """Run a published program. `noodle runs start --program` starts a durable run of one."""
    from noodle_ray.cli.programs import run_command

    _leave(run_command(address, program, args=args, entry=entry, limits=limit or [], budget=budget or [], as_json=json))


@programs_app.command()
def remove(name: Name, address: Address = None, json: Json = False) -> None:
    """Delete a program with all versions and aliases. Its runs stay."""
    from noodle_ray.cli.programs import remove_command

    _leave(remove_command(address, name, as_json=json))
