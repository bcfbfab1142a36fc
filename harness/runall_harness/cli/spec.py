"""`runall spec`: the clauses, the code of the reference that keeps each, and its cases."""

from typing import TYPE_CHECKING, Any, NamedTuple

import click

from .options import format_option, language_option
from .output import print_json

if TYPE_CHECKING:
    from runall_harness.contract.clauses import Clause
    from runall_harness.contract.code_places import CodePlace


class ClauseRow(NamedTuple):
    """A clause, where the code of the reference keeps it, and the ids of its cases."""

    clause: "Clause"
    code: "list[CodePlace]"
    cases: list[str]


def known(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """Check the number of a clause; the specification is read only for that."""
    if value:
        from runall_harness.contract.clauses import SpecError, clause_text

        try:
            clause_text(value)
        except SpecError as error:
            raise click.BadParameter(str(error)) from error
    return value


@click.command(short_help="Show the clauses, and the code and the cases of each.")
@click.argument("clause", required=False, callback=known, metavar="[RA-x.y]")
@format_option
@click.option(
    "--write-diagrams",
    is_flag=True,
    help="Draw the state machines in SPEC.md anew, from the machines themselves, and show nothing.",
)
@click.option(
    "--write-translations",
    is_flag=True,
    help="Make the features in other languages anew, from the English ones and the tables of "
    "sentences, and show nothing.",
)
@language_option
def spec(clause: str | None, form: str, write_diagrams: bool, write_translations: bool) -> None:
    """Show what is promised, clause by clause, and which cases show it.

    A clause is core, or belongs to a capability that a system may declare. With the number of a
    clause: its sentence, the code of the reference that keeps it, and its cases.
    """
    if write_diagrams:
        return redraw()
    if write_translations:
        return translate()
    shown = [row for row in rows() if clause in (None, row.clause.id)]
    if form == "json":
        return print_json({"clauses": [as_json(row) for row in shown]})
    return print_one(shown[0]) if clause else print_pretty(shown)


def rows() -> list[ClauseRow]:
    from runall_harness.contract.cases import load_cases
    from runall_harness.contract.clauses import clauses
    from runall_harness.contract.code_places import code_places

    cases, places = load_cases(), code_places()
    return [
        ClauseRow(clause, places.get(name, []), [case.id for case in cases if name in case.clauses])
        for name, clause in clauses().items()
    ]


def redraw() -> None:
    from runall_harness.contract.clauses import spec_path
    from runall_harness.reports.spec_diagrams import write_diagrams

    path = spec_path()
    changed = write_diagrams(path)
    click.echo(f"{path}: {'drawn anew' if changed else 'was up to date'}", err=True)


def translate() -> None:
    from runall_harness.contract.words import ENGLISH, FEATURES
    from runall_harness.reports.translated_features import write_features

    for language in FEATURES.keys() - {ENGLISH}:
        changed = write_features(FEATURES[ENGLISH](), FEATURES[language](), language)
        for path in changed:
            click.echo(f"{path}: written anew, or taken away", err=True)
        if not changed:
            click.echo(f"the features in {language} were up to date", err=True)


def as_json(row: ClauseRow) -> dict[str, Any]:
    own = {name: getattr(row.clause, name) for name in ("id", "level", "capability", "text")}
    return own | {"code": row.code, "cases": row.cases}


def print_pretty(shown: list[ClauseRow]) -> None:
    from runall_harness.contract.words import say_clause

    section = ""
    for row in shown:
        if row.clause.section != section:
            section = row.clause.section
            click.echo(click.style(f"\n{section}", bold=True))
        count = len(row.cases)
        cases = f"{count} case{'s' * (count != 1)}" if count else "no case"
        click.echo(f"{heading(row, f'; {cases}')} {say_clause(row.clause.id)}")


def print_one(row: ClauseRow) -> None:
    from runall_harness.contract.words import say_clause

    click.echo(f"{heading(row)} {say_clause(row.clause.id)}")
    click.echo(click.style("\ncode", bold=True))
    for place in row.code:
        click.echo(f"{place.path}:{place.line}  {place.name}")
    click.echo(click.style("\ncases", bold=True))
    for case in row.cases:
        click.echo(case)


def heading(row: ClauseRow, more: str = "") -> str:
    clause = row.clause
    level = f"extended: {clause.capability}" if clause.capability else "core"
    return f"{click.style(clause.id, bold=True)} ({level}{more})"
