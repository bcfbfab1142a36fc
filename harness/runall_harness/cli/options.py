"""Options that several commands have, each said once."""

from importlib import import_module
from typing import Any

import click

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
