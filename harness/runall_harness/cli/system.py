"""`runall system`: describe a scheduler in a TOML file, and check the description."""

from pathlib import Path

import click

from .options import FILE
from .output import print_json

MISTAKEN = 1
EPILOG = """\b
Examples:
  runall system new mine                  writes mine.toml, which runs as it is
  runall system new mine --adapter        a short one to fill in, with the adapter's program
  runall system check mine.toml
  runall conform --system mine.toml --rig processes --scenario 1_worker_lost
  runall system schema > system.schema.json
"""


@click.group(
    epilog=EPILOG, short_help="Describe a scheduler of your own, and check the description."
)
def system() -> None:
    """Describe a scheduler of your own in a TOML file, for `runall conform --system FILE`."""


@system.command(short_help="Write a commented file to begin with.")
@click.argument("name")
@click.option(
    "--adapter",
    is_flag=True,
    help="Write a short file for a scheduler of your own, and "
    "NAME_adapter.py, a program to fill in, which speaks its API.",
)
def new(name: str, adapter: bool) -> int:
    """Write NAME.toml: the description of the reference with comments, for you to change.

    It runs as it is. With --adapter the file is short, and has only what every scheduler needs. A
    file that exists is never overwritten.
    """
    from runall_harness.systems.description_file import scaffold

    folder, stem = Path(name).parent, Path(name).name
    texts = {folder / file: text for file, text in scaffold(stem, adapter=adapter).items()}
    if there := [path for path in texts if path.exists()]:
        raise click.UsageError(f"{there[0]} is there already, and is left as it is.")
    for path, text in texts.items():
        write_new(path, text)
    click.echo(f"{', '.join(map(str, texts))}: written; what to do next:")
    path = folder / f"{stem}.toml"
    for step in (f"runall system check {path}", f"runall conform --system {path} --rig processes"):
        click.echo(f"  {step}")
    return 0


def write_new(path: Path, text: str) -> None:
    """Write a new file. Raises `click.UsageError` if it cannot be written."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror}.") from error


@system.command(name="list", short_help="Name the systems that the kit knows.")
def listing() -> int:
    """Name the systems that `runall conform --system` knows, with their policies."""
    from runall_reference.daemon.releases import POLICIES

    from runall_harness.systems.description_file import read_description
    from runall_harness.systems.lookup import shipped

    known = {"reference": ("the scheduler of this kit", list(POLICIES))}
    for name, path in shipped().items():
        described = read_description(path)
        known[name] = (f"{described.name} {described.version}", list(described.policies))
    for name, (about, policies) in known.items():
        click.echo(f"{name:10} {about}" + (f"; --policy {', '.join(policies)}" * bool(policies)))
    return 0


@system.command(short_help="Check a file for errors.")
@click.argument("file", type=FILE)
def check(file: Path) -> int:
    """Check a description with each of its policies; print each error with its key and next step.

    Exit codes: 0 the file is right, 1 it is not, 64 wrong usage.
    """
    from runall_harness.contract.errors import KitCannotRun
    from runall_harness.systems.description_file import read_description

    try:
        described = read_description(file)
        for policy in ("", *described.policies):
            check_policy(file, policy)
    except KitCannotRun as error:
        click.echo(str(error), err=True)
        return MISTAKEN
    capabilities = ", ".join(sorted(described.capabilities)) or "core only"
    policies = f"; policies {', '.join(described.policies)}" if described.policies else ""
    click.echo(f"{file}: {described.name} {described.version}; {capabilities}{policies}")
    return 0


def check_policy(file: Path, policy: str) -> None:
    """Check a file with one of its policies. Raises `KitCannotRun` for an error in it."""
    from runall_harness.conformance.known_failures import declarations
    from runall_harness.contract.cases import load_cases
    from runall_harness.systems.classes import load_class
    from runall_harness.systems.description_file import read_description

    described = read_description(file, policy)
    if described.adapter.client:
        load_class(described.adapter.client)
    where = declarations(None, file, policy)
    assert where is not None, "a file has a place for known failures"
    where.known([case.id for case in load_cases()])


@system.command(short_help="Print the JSON Schema of such a file.")
def schema() -> None:
    """Print the JSON Schema of a file that describes a system."""
    from runall_harness.contract.json_schemas import schema_of
    from runall_harness.systems.description import SCHEMA, SystemDescription

    print_json(schema_of(SystemDescription, SCHEMA))
