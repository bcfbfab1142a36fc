"""The reference of the formats: the JSON Schema of each, as the command prints it that has it."""

from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from typing import Any, NamedTuple

import click
import msgspec

from runall_harness.contract.cases import slug
from runall_harness.reports.generated_section import table

FOLDER = "schemas"
INTRODUCTION = """\
# The formats

Everything that the kit writes for programs has a name, a version and a JSON Schema. The schemas are
made from the kit's own types. A field is never changed within a version.

| format | what prints its schema |
|---|---|
"""


class FormatSchema(NamedTuple):
    """A schema, and the words of the command that prints it."""

    document: dict[str, Any]
    words: tuple[str, ...]

    @property
    def title(self) -> str:
        return self.document["title"]


def schema_pages(commands: click.Group) -> dict[str, str]:
    found = sorted(schemas(commands), key=lambda schema: schema.title)
    rows = [f"| [{s.title}]({slug(s.title)}.md) | `{' '.join(s.words)}` |" for s in found]
    listed = "\n".join(slug(schema.title) for schema in found)
    index = f"{INTRODUCTION}{chr(10).join(rows)}\n\n```{{toctree}}\n:hidden:\n\n{listed}\n```\n"
    pages = {f"{FOLDER}/{slug(schema.title)}.md": page(schema) for schema in found}
    files = {f"{FOLDER}/{slug(s.title)}.json": in_json(s.document) for s in found}
    return {f"{FOLDER}/index.md": index} | pages | files


def schemas(commands: click.Group) -> Iterator[FormatSchema]:
    """What each command prints that is named schema, or has such an option."""
    for words in asked(commands, ("runall",)):
        printed = StringIO()
        with redirect_stdout(printed):
            commands.main(list(words[1:]), prog_name="runall", standalone_mode=False)
        yield FormatSchema(msgspec.json.decode(printed.getvalue()), words)


def asked(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    context = click.Context(command, info_name=words[-1])
    if words[-1] == "schema":
        yield words
    for param in command.params:
        yield from ((*words, flag) for flag in param.opts if flag.endswith("schema"))
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if inner := command.get_command(context, name):
                yield from asked(inner, (*words, name))


def in_json(document: object) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def page(schema: FormatSchema) -> str:
    """A format: how to get its schema, and a table for each of its types."""
    name = slug(schema.title)
    parts = [
        f"# {schema.title}",
        f"{{download}}`The schema <{name}.json>`, as `{' '.join(schema.words)}` prints it.",
    ]
    types: dict[str, dict[str, Any]] = schema.document.get("$defs", {})
    for title, one in types.items():
        parts += type_part(title, one)
    return "\n\n".join(parts) + "\n"


def type_part(title: str, one: dict[str, Any]) -> Iterator[str]:
    yield f"## {title}"
    if words := one.get("description", ""):
        yield words
    if values := one.get("enum"):
        yield "One of " + ", ".join(f"`{value}`" for value in values) + "."
    required = one.get("required", ())
    rows = [
        (f"`{name}`", kind(field), "yes" if name in required else "no")
        for name, field in one.get("properties", {}).items()
    ]
    if rows:
        yield table(("field", "type", "required"), rows)


def kind(field: dict[str, Any]) -> str:
    """The type of a field, in a word or two."""
    if "$ref" in field:
        return f"`{field['$ref'].rpartition('/')[2]}`"
    for several in ("anyOf", "oneOf"):
        if several in field:
            return " or ".join(kind(each) for each in field[several])
    if "enum" in field:
        return " or ".join(f"`{value!r}`" for value in field["enum"])
    if "const" in field:
        return f"`{field['const']!r}`"
    if field.get("type") == "array":
        return f"list of {kind(field.get('items', {}))}" if field.get("items") else "list"
    if field.get("type") == "object" and isinstance(field.get("additionalProperties"), dict):
        return f"object of {kind(field['additionalProperties'])}"
    return str(field.get("type", "anything"))
