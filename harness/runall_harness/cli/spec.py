"""`runall spec`: the clauses of the specification, and the cases that show each of them."""

import click

from .options import format_option


@click.command(short_help="Show the clauses and the cases of each.")
@format_option
@click.option(
    "--write-diagrams",
    is_flag=True,
    help="Draw the state machines in SPEC.md anew, from the machines themselves, and show nothing.",
)
def spec(form: str, write_diagrams: bool) -> None:
    """Show what is promised, clause by clause, and which cases show it.

    A clause is core, or belongs to a capability that a system may declare.
    """
    if write_diagrams:
        return redraw()
    from runall_harness.contract.cases import load_cases
    from runall_harness.contract.clauses import clauses

    cases = load_cases()
    shown = {clause: [c.id for c in cases if clause in c.clauses] for clause in clauses()}
    return (print_json if form == "json" else print_pretty)(shown)


def redraw() -> None:
    """Bring the generated part of SPEC.md up to date, and say whether it was."""
    from runall_harness.contract.clauses import spec_path
    from runall_harness.reports.spec_diagrams import write_diagrams

    path = spec_path()
    changed = write_diagrams(path)
    click.echo(f"{path}: {'drawn anew' if changed else 'was up to date'}", err=True)


def print_json(shown: dict[str, list[str]]) -> None:
    """For programs."""
    from runall_harness.conformance.run_report import encode
    from runall_harness.contract.clauses import clauses

    rows = [
        {
            "id": clause.id,
            "level": clause.level,
            "capability": clause.capability,
            "text": clause.text,
            "cases": shown[clause.id],
        }
        for clause in clauses().values()
    ]
    click.echo(encode({"clauses": rows}))


def print_pretty(shown: dict[str, list[str]]) -> None:
    """For people: by section, with the number of cases."""
    from runall_harness.contract.clauses import clauses

    section = ""
    for clause in clauses().values():
        if clause.section != section:
            section = clause.section
            click.echo(click.style(f"\n{section}", bold=True))
        level = f"extended: {clause.capability}" if clause.capability else "core"
        count = len(shown[clause.id])
        cases = f"{count} case{'s' * (count != 1)}" if count else "no case"
        click.echo(f"{click.style(clause.id, bold=True)} ({level}; {cases}) {clause.text}")
