"""`runall system`: describe a scheduler in a TOML file, and see whether the description holds."""

from pathlib import Path

import click

MISTAKEN = 1
EPILOG = """\b
Examples:
  runall system new mine                  writes mine.toml, which runs as it is
  runall system check mine.toml
  runall conform --system mine.toml --rig processes --scenario 1_worker_lost
  runall system schema > system.schema.json
"""


@click.group(
    epilog=EPILOG, short_help="Describe a scheduler of your own, and judge the description."
)
def system() -> None:
    """Describe a scheduler of your own in a TOML file, for `runall conform --system FILE`."""


@system.command(short_help="Write a commented file to begin with.")
@click.argument("name")
def new(name: str) -> int:
    """Write NAME.toml: the description of the reference, with comments, to be made your own.

    It runs as it is. A file of that name is never written over.
    """
    from ..systems.description import named

    path = Path(f"{name}.toml")
    text = named(Path(name).name)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise click.UsageError(f"{path} is there already, and is left as it is.") from error
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror}.") from error
    click.echo(f"{path}: written; change it, then: runall system check {path}")
    return 0


@system.command(short_help="Say what is wrong with a file.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(file: Path) -> int:
    """Judge a description: each mistake with its key, the cause, and the next step.

    Exit codes: 0 the file is right, 1 it is not, 64 wrong usage.
    """
    from ..cases import load_cases
    from ..known import load
    from ..rigs.base import KitCannotRun
    from ..systems import find

    try:
        found = find(str(file), rig="processes")
        load(file, [case.id for case in load_cases()], required=False)
    except KitCannotRun as error:
        click.echo(str(error), err=True)
        return MISTAKEN
    capabilities = ", ".join(sorted(found.capabilities)) or "core only"
    click.echo(f"{file}: {found.name} {found.version}; {capabilities}")
    return 0


@system.command(short_help="Print the JSON Schema of such a file.")
def schema() -> None:
    """Print the JSON Schema of a file that describes a system."""
    from ..report import encode
    from ..systems.description import description_schema

    click.echo(encode(description_schema()))
