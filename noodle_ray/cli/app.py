"""The full command line: help, completion, errors that say what was meant. One Typer command per subcommand."""

from typing import Annotated

import typer

from noodle_ray.cli.output import MISUSE, report
from noodle_ray.cli.programs_app import programs_app
from noodle_ray.cli.runs_app import replay, runs_app
from noodle_ray.cli.schedules_app import schedules_app
from noodle_ray.cli.tokens_app import tokens_app
from noodle_ray.cli.tools_app import tools_app
from noodle_ray.errors import NoodleError

app = typer.Typer(
    name="noodle",
    help="Run small AI programs next to the models they call.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
models_app = typer.Typer(help="Models and their versions: list, add, alias, fetch, remove.", no_args_is_help=True)
app.add_typer(models_app, name="models")
app.add_typer(runs_app, name="runs")
app.add_typer(programs_app, name="programs")
app.add_typer(schedules_app, name="schedules")
app.add_typer(tools_app, name="tools")
app.add_typer(tokens_app, name="tokens")
app.command("replay")(replay)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
File = Annotated[str, typer.Argument(metavar="FILE", help="A program: source, NBC, or - for standard input.")]
Address = Annotated[
    str | None, typer.Option("--address", metavar="URL", help="A platform to use.", envvar="NOODLE_URL")
]


def run_app(argv: list[str]) -> int:
    """Run the Typer application and return the exit status."""
    try:
        status = app(argv, prog_name="noodle", standalone_mode=True)
    except SystemExit as leaving:
        status = leaving.code
    except NoodleError as error:
        status = report(error, as_json="--json" in argv)
    return status if isinstance(status, int) else MISUSE if status else 0


def _leave(status: int) -> None:
    """End the command with this exit status."""
    if status:
        raise typer.Exit(status)


def _tiers() -> list[str]:
    from noodle_ray.cli.run import TIERS

    return list(TIERS)


def _limits() -> list[str]:
    return ["fuel=", "memory=", "deadline=", "recursion=", "output="]


@app.command()
def run(
    file: File,
    entry: Annotated[str | None, typer.Option(metavar="NAME", help="The function to call. [default: main]")] = None,
    args: Annotated[
        str | None, typer.Option(metavar="JSON", help="Arguments: an array, or an object with names.")
    ] = None,
    tier: Annotated[
        str, typer.Option(metavar="TIER", help="auto, interpreter, python or native.", autocompletion=_tiers)
    ] = "auto",
    limit: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=N", help="fuel, memory (bytes), deadline (s) …", autocompletion=_limits),
    ] = None,
    address: Annotated[str | None, typer.Option(metavar="URL", help="Run on this platform, not here.")] = None,
    timeline: Annotated[bool, typer.Option("--timeline", help="Show the run's model calls on stderr.")] = False,
    seed: Annotated[
        int | None, typer.Option(min=0, max=(1 << 53) - 1, metavar="N", help="What its random numbers come from.")
    ] = None,
    speculate: Annotated[
        int,
        typer.Option(
            min=0, max=10_000, metavar="N", help="Make so many calls before it is known that they are wanted."
        ),
    ] = 0,
    json: Json = False,
) -> None:
    """Run a program in a local sandbox, or on a platform with --address."""
    from noodle_ray.cli.run import run_file

    _leave(
        run_file(
            file,
            entry=entry,
            args=args,
            tier=tier,
            limits=limit or [],
            as_json=json,
            address=address,
            timeline=timeline,
            seed=seed,
            speculate=speculate,
        )
    )


@app.command()
def profile(
    file: File,
    entry: Annotated[str | None, typer.Option(metavar="NAME", help="The function to call. [default: main]")] = None,
    args: Annotated[
        str | None, typer.Option(metavar="JSON", help="Arguments: an array, or an object with names.")
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=N", help="fuel, memory (bytes), deadline (s) …", autocompletion=_limits),
    ] = None,
    memory: Annotated[bool, typer.Option("--memory", help="Also find the lines that allocate. Slower.")] = False,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="Write a profile that speedscope opens.")
    ] = None,
    json: Json = False,
) -> None:
    """Run a program here and show where its time, fuel and memory go."""
    from noodle_ray.cli.profile import profile_file

    _leave(profile_file(file, entry=entry, args=args, limits=limit or [], memory=memory, output=output, as_json=json))


@app.command()
def resume(
    run: Annotated[str | None, typer.Argument(metavar="RUN", help="Which stopped run. [default: the latest]")] = None,
    fuel: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="On top of what it had. [default: as much again]")
    ] = None,
    json: Json = False,
) -> None:
    """Go on with a local run that ran out of fuel; no model is asked again."""
    from noodle_ray.cli.resume import resume_run

    _leave(resume_run(run, fuel=fuel, as_json=json))


@app.command(name="compile")
def compile_(
    file: File,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="Where to write. [default: FILE's name + .nbc]")
    ] = None,
    text: Annotated[bool, typer.Option("--text", help="The module as text.")] = False,
    passes: Annotated[bool, typer.Option("--passes", help="The module's text after each optimizer pass.")] = False,
    effects: Annotated[bool, typer.Option("--effects", help="What functions do, and which loops overlap.")] = False,
    json: Json = False,
) -> None:
    """Compile a program to NBC."""
    from noodle_ray.cli.build import compile_file, show_effects, show_passes

    if effects:
        _leave(show_effects(file, as_json=json))
    else:
        _leave(show_passes(file) if passes else compile_file(file, output=output, text=text, as_json=json))


@app.command()
def verify(files: Annotated[list[str], typer.Argument(metavar="FILE...")], json: Json = False) -> None:
    """Verify NBC files as the platform does before it runs them."""
    from noodle_ray.cli.build import verify_files

    _leave(verify_files(files, as_json=json))


@app.command()
def check(files: Annotated[list[str], typer.Argument(metavar="FILE...")], json: Json = False) -> None:
    """Find the problems in programs without running them."""
    from noodle_ray.cli.build import check_files

    _leave(check_files(files, as_json=json))


@app.command()
def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The HTTP port.")] = 8000,
    host: Annotated[str, typer.Option(help="The address to serve on.")] = "127.0.0.1",
    foreground: Annotated[bool, typer.Option("--foreground", help="Stay until Ctrl-C, then stop it.")] = False,
    json: Json = False,
) -> None:
    """Start the platform in the background and wait until it is ready."""
    from noodle_ray.cli.platform import up_command

    _leave(up_command(host, port, foreground=foreground, as_json=json))


@app.command()
def down(json: Json = False) -> None:
    """Stop the platform that `noodle up` started, and all it started."""
    from noodle_ray.cli.platform import down_command

    _leave(down_command(as_json=json))


@app.command()
def status(address: Address = None, json: Json = False) -> None:
    """Show whether the platform runs, where, and with which models."""
    from noodle_ray.cli.platform import status_command

    _leave(status_command(address, as_json=json))


@app.command()
def doctor(json: Json = False) -> None:
    """Check this machine: sandbox layers, engines, models, disk, network."""
    from noodle_ray.cli.doctor import doctor_command

    _leave(doctor_command(as_json=json))


@app.command()
def version(json: Json = False) -> None:
    """Print the version."""
    from noodle_ray.cli.output import print_version

    print_version(json)


@models_app.command("list")
def models_list(json: Json = False) -> None:
    """List the registered models."""
    from noodle_ray.cli.models import list_command

    _leave(list_command(as_json=json))


@models_app.command("add")
def models_add(
    name: Annotated[str, typer.Argument(help="What programs call it.")],
    source: Annotated[
        str,
        typer.Argument(
            help="wheel:NAME, path:/folder, hf:org/name, gguf:/file.gguf, onnx:/file.onnx, python:module:Class, "
            "or a URL such as s3://bucket/folder"
        ),
    ],
    task: Annotated[str | None, typer.Option(help="What it does, such as embedding. [default: from the files]")] = None,
    engine: Annotated[
        str | None, typer.Option(help="onnxruntime, llama.cpp, transformers or python. [default: from the task]")
    ] = None,
    option: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="An option of the engine.")] = None,
    version: Annotated[str | None, typer.Option(help="What to call this version. [default: from the source]")] = None,
    default: Annotated[bool, typer.Option("--default", help="Let the name mean this version from now on.")] = False,
    alias: Annotated[str | None, typer.Option(help="Let NAME@ALIAS mean this version, too.")] = None,
    json: Json = False,
) -> None:
    """Register a model under a name, or a further version of it."""
    from noodle_ray.cli.models import add_command

    _leave(
        add_command(
            name, source, task, engine, option or [], version=version, default=default, alias=alias, as_json=json
        )
    )


def _references() -> list[str]:
    from noodle_ray.cli.models import model_references

    return model_references()


Reference = Annotated[
    str, typer.Argument(metavar="MODEL", help="NAME, NAME@ALIAS or NAME@VERSION.", autocompletion=_references)
]
References = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[MODEL]...", help="NAME, NAME@ALIAS or NAME@VERSION. [default: all]", autocompletion=_references
    ),
]


@models_app.command("show")
def models_show(model: Reference, json: Json = False) -> None:
    """Show a version: source, digest, licence, signature, provenance, and whether it failed."""
    from noodle_ray.cli.models import show_command

    _leave(show_command(model, as_json=json))


@models_app.command("remove")
def models_remove(model: Reference, json: Json = False) -> None:
    """Forget a model that was added, or one version of it. Its files stay."""
    from noodle_ray.cli.models import remove_command

    _leave(remove_command(model, as_json=json))


@models_app.command("alias")
def models_alias(
    name: Annotated[str, typer.Argument(help="The model.", autocompletion=_references)],
    alias: Annotated[str, typer.Argument(help="Such as prod, or default for what the bare name means.")],
    target: Annotated[str | None, typer.Argument(metavar="VERSION", help="A version, a digest, or an alias.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the alias.")] = False,
    json: Json = False,
) -> None:
    """Let an alias point to a version."""
    from noodle_ray.cli.models import alias_command

    _leave(alias_command(name, alias, target, remove=remove, as_json=json))


@models_app.command("pull")
def models_pull(models: References = None, json: Json = False) -> None:
    """Fetch the files of models, and check their digests."""
    from noodle_ray.cli.model_cache import pull_command

    _leave(pull_command(models or [], as_json=json))


@models_app.command("warm")
def models_warm(
    models: References = None,
    cold: Annotated[bool, typer.Option("--cold", help="Forget what was exported of them first.")] = False,
    json: Json = False,
) -> None:
    """Load models twice, and show what the cache saves."""
    from noodle_ray.cli.model_cache import warm_command

    _leave(warm_command(models or [], cold=cold, as_json=json))


@models_app.command("cache")
def models_cache(
    prune: Annotated[bool, typer.Option("--prune", help="Evict what was used longest ago.")] = False,
    keep: Annotated[int | None, typer.Option(min=0, metavar="MIB", help="With --prune: how much may stay.")] = None,
    json: Json = False,
) -> None:
    """Show what exports and downloads take on this disk."""
    from noodle_ray.cli.model_cache import cache_command

    _leave(cache_command(prune=prune, keep=keep, as_json=json))
