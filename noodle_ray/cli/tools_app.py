"""The subcommands of ``noodle tools``."""

from typing import Annotated

import typer

from noodle_ray.cli.runs_app import Address, Json

tools_app = typer.Typer(help="Tools of programs: list, show, check, call.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A tool's name.")]
Args = Annotated[str | None, typer.Option(metavar="JSON", help="Arguments: an array, or an object with names.")]


def _leave(status: int) -> None:
    if status:
        raise typer.Exit(status)


@tools_app.command("list")
def list_(address: Address = None, json: Json = False) -> None:
    """List the tools that programs may call."""
    from noodle_ray.cli.tools import list_command

    _leave(list_command(address, as_json=json))


@tools_app.command()
def show(name: Name, address: Address = None, json: Json = False) -> None:
    """Show a tool: its signature, what it is for, and the schema of its arguments."""
    from noodle_ray.cli.tools import show_command

    _leave(show_command(address, name, as_json=json))


@tools_app.command()
def check(name: Name, args: Args = None, address: Address = None, json: Json = False) -> None:
    """Say whether a tool takes these arguments, and call nothing."""
    from noodle_ray.cli.tools import check_command

    _leave(check_command(address, name, args, as_json=json))


@tools_app.command()
def call(name: Name, args: Args = None, address: Address = None, json: Json = False) -> None:
    """Call a tool as a program does, and print what it gives."""
    from noodle_ray.cli.tools import call_command

    _leave(call_command(address, name, args, as_json=json))
