r"""The reference of the command line: a page for each command, made from the command itself.

Help texts are plain words, with blocks of examples behind click's `\b`. Libraries that read them
as markup stumble over the first `*` of an example, so they are turned into Markdown here.
"""

import re
from collections.abc import Iterator

import click

from runall_harness.reports.generated_section import table

FOLDER = "commands"
INTRODUCTION = """\
# The commands

What stands on these pages is what `runall COMMAND --help` prints.

| command | what it does |
|---|---|
"""
# What would be markup in Markdown.
MARKUP = re.compile(r"([*_<>`\[\]\\])")


def command_pages(commands: click.Group) -> dict[str, str]:
    context = click.Context(commands, info_name="runall")
    found = {name: commands.get_command(context, name) for name in commands.list_commands(context)}
    known = {name: command for name, command in found.items() if command is not None}
    rows = [
        f"| [runall {name}]({name}.md) | {plain(command.get_short_help_str(200))} |"
        for name, command in known.items()
    ]
    listed = "\n".join(known)
    index = f"{INTRODUCTION}{chr(10).join(rows)}\n\n```{{toctree}}\n:hidden:\n\n{listed}\n```\n"
    pages = {
        f"{FOLDER}/{name}.md": "\n\n".join(part(command, name, context, 1)) + "\n"
        for name, command in known.items()
    }
    return {f"{FOLDER}/index.md": index} | pages


def part(command: click.Command, name: str, above: click.Context, level: int) -> Iterator[str]:
    """What is said of a command, and of those in it."""
    context = click.Context(command, info_name=name, parent=above)
    yield f"{'#' * level} {context.command_path}"
    words = " ".join(command.collect_usage_pieces(context))
    yield f"```text\n{context.command_path} {words}\n```"
    yield from prose(command.help or "")
    records = [param.get_help_record(context) for param in command.get_params(context)]
    if rows := [(f"`{flags}`", plain(words)) for flags, words in filter(None, records)]:
        yield table(("option", "meaning"), rows)
    yield from prose(command.epilog or "")
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            if found := command.get_command(context, inner):
                yield from part(found, inner, context, level + 1)


def prose(text: str) -> Iterator[str]:
    r"""The paragraphs of a help text; behind `\b`, what is indented is shown as it is."""
    for paragraph in re.split(r"\n\s*\n", text):
        if paragraph.strip():
            lines = paragraph.strip("\n").splitlines()
            yield from block(lines[1:]) if lines[0].strip() == "\b" else [flowing(lines)]


def block(lines: list[str]) -> Iterator[str]:
    """Lines that keep their breaks: those that begin at the margin are prose, others are code."""
    code = [line for line in lines if line.startswith("  ")]
    words = [line for line in lines if not line.startswith("  ")]
    if words:
        yield flowing(words)
    if code:
        yield "\n".join(["```text", *(line.removeprefix("  ") for line in code), "```"])


def flowing(lines: list[str]) -> str:
    return plain(" ".join(line.strip() for line in lines))


def plain(text: str) -> str:
    return MARKUP.sub(r"\\\1", text)
