"""Options that several commands have, each declared once."""

import os
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from runall_harness.conformance.run_options import OPTIONS

from .output import print_json

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
SECONDS = click.FloatRange(min=0, min_open=True)

# What a command prints: a page for people, or JSON and nothing else on standard output.
format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["pretty", "json"]),
    default="pretty",
    show_default=True,
    help="For people, or for programs.",
)


def schema_option(flag: str, of: str, words: str) -> Any:
    """An option that prints a JSON Schema and ends, whatever else the call lacks.

    `of` is the type, as `module:Type` within this package, so that nothing is loaded before
    somebody asks for it. The module has the name of the format as SCHEMA.
    """

    def print_schema(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        if value and not ctx.resilient_parsing:
            from runall_harness.contract.json_schemas import schema_of

            name, kind = of.split(":")
            module = import_module(f"runall_harness.{name}")
            print_json(schema_of(getattr(module, kind), module.SCHEMA))
            ctx.exit(0)

    return click.option(
        flag, is_flag=True, is_eager=True, expose_value=False, callback=print_schema, help=words
    )


def seconds_option(flag: str, default: float | None, words: str) -> Any:
    return click.option(
        flag, type=SECONDS, default=default, show_default=True, metavar="SECONDS", help=words
    )


def out_option(default: Path, words: str) -> Any:
    return click.option(
        "--out", type=FOLDER, default=default, metavar="DIR", show_default=True, help=words
    )


def html_option(words: str) -> Any:
    return click.option(
        "--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help=words
    )


def jobs_option(most: int, words: str) -> Any:
    return click.option(
        "--jobs",
        type=click.IntRange(1, most),
        metavar="N",
        envvar="RUNALL_JOBS",
        show_envvar=True,
        help=words,
    )


def speak(_: click.Context, __: click.Parameter, value: str | None) -> None:
    """Have this process and those that it starts speak that language."""
    if value is not None:
        os.environ["RUNALL_LANGUAGE"] = value


language_option = click.option(
    "--language",
    type=click.Choice(["en", "zh-CN"]),
    is_eager=True,
    expose_value=False,
    callback=speak,
    help="The language of the features and of what people read. Ids, evidence and all that "
    "programs read stay English.  [env var: RUNALL_LANGUAGE]",
)


def run_options(command: Any) -> Any:
    for field in reversed(OPTIONS):
        command = run_option(field)(command)
    return command


def run_option(field: str) -> Any:
    """One option of a run; the command gets its value under the name of its field."""
    option = OPTIONS[field]
    folder = click.Path(
        file_okay=option.metavar == "FILE", dir_okay=option.metavar == "DIR", path_type=Path
    )
    kinds: dict[type, Any] = {Path: folder, int: click.IntRange(1, 10_000), str: str}
    return click.option(
        f"--{option.name}",
        field,
        type=click.Choice(option.choices) if option.choices else kinds[option.kind],
        default=option.default or None if option.many else option.default,
        multiple=option.many,
        metavar=None if option.choices else option.metavar,
        envvar=option.variable or None,
        show_envvar=bool(option.variable),
        show_default=option.kind is str and bool(option.default),
        help=option.help,
    )
