"""Options that several commands have, each declared once."""

from importlib import import_module
from pathlib import Path
from typing import Any

import click

from runall_harness.conformance.run_options import OPTIONS, RunOption

# What a command prints: a page for people, or JSON and nothing else on standard output.
format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["pretty", "json"]),
    default="pretty",
    show_default=True,
    help="For people, or for programs.",
)


def schema_option(flag: str, made_by: str, words: str) -> Any:
    """An option that prints a JSON Schema and ends, whatever else the call lacks.

    `made_by` is the function that makes the schema, as `module:function` within this package, so
    that nothing is loaded before somebody asks for it.
    """

    def print_schema(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        if value and not ctx.resilient_parsing:
            from runall_harness.conformance.run_report import encode

            module, name = made_by.split(":")
            click.echo(encode(getattr(import_module(f"runall_harness.{module}"), name)()))
            ctx.exit(0)

    return click.option(
        flag, is_flag=True, is_eager=True, expose_value=False, callback=print_schema, help=words
    )


def run_options(command: Any) -> Any:
    """Give a command all options of a run, in their order."""
    for field, option in reversed(OPTIONS.items()):
        command = run_option(field, option)(command)
    return command


def run_option(field: str, option: RunOption) -> Any:
    """One option of a run; the command gets its value under the name of its field."""
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
