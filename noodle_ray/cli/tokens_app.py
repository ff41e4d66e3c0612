"""The subcommands of ``noodle tokens``."""

from typing import Annotated

import typer

from noodle_ray.cli.runs_app import Json

tokens_app = typer.Typer(help="Tokens of tenants: new, list, revoke.", no_args_is_help=True)

File = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="The file of tokens. [default: the one this machine's platform reads]"),
]


def _leave(status: int) -> None:
    if status:
        raise typer.Exit(status)


@tokens_app.command()
def new(
    tenant: Annotated[str, typer.Argument(metavar="TENANT", help="Whose token it is.")],
    note: Annotated[str, typer.Option(metavar="TEXT", help="What the list is to say of it.")] = "",
    file: File = None,
    only_print: Annotated[bool, typer.Option("--print", help="Print the entry, and write no file.")] = False,
    json: Json = False,
) -> None:
    """Make a token for a tenant and print it, once: only its digest is kept."""
    from noodle_ray.cli.tokens import new_command

    _leave(new_command(tenant, note, file, only_print=only_print, as_json=json))


@tokens_app.command("list")
def list_(file: File = None, json: Json = False) -> None:
    """List tenants and their tokens, by the ids of these."""
    from noodle_ray.cli.tokens import list_command

    _leave(list_command(file, as_json=json))


@tokens_app.command()
def revoke(
    named: Annotated[str, typer.Argument(metavar="ID|TENANT", help="A token's id, or a tenant for all of its.")],
    file: File = None,
    json: Json = False,
) -> None:
    """Let a token in no more, or all of a tenant. What it has stored stays."""
    from noodle_ray.cli.tokens import revoke_command

    _leave(revoke_command(named, file, as_json=json))
