"""`runall mutants`: the reference with real bugs of the field, and what catches each of them.

With `--suite` it scores somebody else's tests in place of the kit's own. `serve` and `node` are
what such a suite is given: a daemon that has the bug, and a hand that kills it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import format_option

if TYPE_CHECKING:
    from runall_harness.mutants.mutant import Mutant
    from runall_harness.scoring.score import Score
    from runall_harness.scoring.trials import Asked

WAYS = ("scenarios", "explorer")
FOLDER = click.Path(file_okay=False, path_type=Path)

EPILOG = """\b
Examples:
  runall mutants --list                        each bug, where it was seen, what it breaks
  runall mutants                               try all of them, on all cores
  runall mutants --only one_try --only two_live --out traces
  runall mutants --first --with scenarios      no further than to each one's death
  runall mutants --matrix                      mutants against features; releases told apart
  runall mutants --format json > kills.json
  runall mutants --suite 'pytest tests/chaos'  score your own tests; see docs/mutants.md

\b
A mutant is killed when a case fails, or the explorer finds a story, by the clause
that the mutant's bug breaks. A failure by any other clause is shown and does not count.

\b
Exit codes: 0 all mutants are killed and the reference passes everything, 1 not so,
2 the suite is not fit to be scored, 3 the kit could not run, 64 wrong usage,
130 interrupted.
"""

VERBS = """\b
kill NODE     SIGKILL all its processes at one instant, its jobs too
stop NODE     SIGTERM to its daemon; returns when it has left
start NODE    start it again
pause NODE    freeze all its processes          resume NODE   let them go on
cut NODE      cut it off from the other nodes   join NODE     mend that
log NODE      print all that it has printed
ready         wait until every node that runs takes work
status        a line for each node

\b
Exit codes: 0 done and proven, 2 not proven, 3 the cluster does not answer,
64 wrong usage.
"""


def listed(_: click.Context, __: click.Parameter, value: Sequence[str]) -> list[str]:
    """Names that were given one by one, or several with commas; each of them once."""
    return list(dict.fromkeys(name for word in value for name in word.split(",") if name))


def ways(ctx: click.Context, param: click.Parameter, value: Sequence[str]) -> list[str]:
    """What to try the mutants with; by default all that there is."""
    names = listed(ctx, param, value)
    if unknown := [name for name in names if name not in WAYS]:
        raise click.BadParameter(f"{unknown[0]!r} is not one of {', '.join(WAYS)}.")
    return names


@click.group(invoke_without_command=True, epilog=EPILOG, short_help="Show what catches real bugs.")
@click.option(
    "--only",
    multiple=True,
    callback=listed,
    metavar="NAME",
    help="Only this mutant; can be given more than once.",
)
@click.option(
    "--with",
    "ways",
    multiple=True,
    callback=ways,
    metavar="scenarios,explorer",
    help="What to try them with. By default both.",
)
@click.option("--first", is_flag=True, help="Stop each mutant's cases at the first that kills it.")
@click.option(
    "--budget",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    metavar="S",
    show_default=True,
    help="Seconds that the explorer may take for each.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Where the explorer begins.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    metavar="N",
    help="How many are tried at once; by default one for each core.",
)
@click.option(
    "--matrix",
    is_flag=True,
    help="Also show mutants against features, and three "
    "releases of history told apart case by case.",
)
@click.option("--list", "listing", is_flag=True, help="List the mutants and try none.")
@click.option("--write-table", is_flag=True, help="Make the tables of MUTANTS.md anew.")
@click.option(
    "--suite",
    metavar="COMMAND",
    help="Score this test command, in place of the kit: "
    "it is run against each mutant as real daemons.",
)
@click.option(
    "--suite-timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=300.0,
    metavar="S",
    show_default=True,
    help="A suite that takes longer hangs.",
)
@click.option(
    "--out",
    type=FOLDER,
    metavar="DIR",
    help="Keep the traces of all cases here; with "
    "--suite, what it printed and the logs of all nodes.",
)
@format_option
@click.pass_context
def mutants(ctx: click.Context, **told: Any) -> int | None:
    """Try the kit on schedulers that have real bugs, and show what catches each of them.

    Each mutant is the reference with one bug that a scheduler of the field had. The unchanged
    reference is tried as well, and must pass everything.
    """
    if ctx.invoked_subcommand is not None:
        return None
    from runall_harness.mutants import ALL

    chosen = [named(name) for name in told["only"]] or list(ALL)
    if told["listing"]:
        return list_mutants(chosen, told["form"])
    if told["write_table"]:
        return write_table()
    if told["suite"] is not None:
        return score_suite(chosen, told)
    return try_mutants(chosen, told)


def named(name: str) -> "Mutant":
    """The mutant of that name. Raises `click.UsageError`, with the names that are near."""
    from runall_harness.mutants import NoSuchMutant, by_name

    try:
        return by_name(name)
    except NoSuchMutant as error:
        raise click.UsageError(f"{error.cause}: {error.hint}") from error


def list_mutants(chosen: "Sequence[Mutant]", form: str) -> int:
    """Print the mutants, and try none."""
    names = ("name", "story", "source", "clause")
    if form == "json":
        from runall_harness.conformance.run_report import encode

        rows = [{name: getattr(mutant, name) for name in names} for mutant in chosen]
        click.echo(encode({"mutants": rows}))
        return 0
    for mutant in chosen:
        head = f"{click.style(mutant.name, bold=True)} ({mutant.clause}; {mutant.source})"
        click.echo(f"{head}\n  {mutant.story}")
    click.echo(f"{len(chosen)} mutants", err=True)
    return 0


def write_table() -> int:
    """Bring the generated part of MUTANTS.md up to date, and say whether it was."""
    from runall_harness.contract.places import page
    from runall_harness.mutants import ALL
    from runall_harness.reports.generated_section import write_anew
    from runall_harness.scoring.kill_table_page import PART, deaths, renewed

    path = page(PART.page)
    changed = write_anew(path, renewed(path.read_text("utf-8"), ALL, deaths(ALL)))
    click.echo(f"{path}: {'written anew' if changed else 'was up to date'}", err=True)
    return 0


def asked_for(told: dict[str, Any]) -> "Asked":
    """What the mutants are to be tried with."""
    from runall_harness.scoring.trials import Asked

    wanted = told["ways"] or WAYS
    return Asked(
        scenarios="scenarios" in wanted,
        explorer="explorer" in wanted,
        first=told["first"] and not told["matrix"],
        budget=told["budget"],
        seed=told["seed"],
        out=told["out"],
    )


def try_mutants(chosen: "Sequence[Mutant]", told: dict[str, Any]) -> int:
    """Try them, and tell what came of it; the exit code."""
    from runall_harness.host.interruptions import terminated_as_interrupted
    from runall_harness.scoring.progress import shown
    from runall_harness.scoring.score import Score
    from runall_harness.scoring.trials import try_all

    from .conform import own_output

    asked = asked_for(told)
    with terminated_as_interrupted(), own_output() as output:
        with shown(len(chosen) + 1) as heard:
            reference, *trials = try_all(chosen, asked, told["jobs"], heard)
        score = Score(reference=reference, mutants=tuple(chosen), trials=tuple(trials))
        tell(score, output, told)
    for trouble in score.troubles:
        click.echo(f"runall: {trouble}", err=True)
    return score.exit_code


def tell(score: "Score", output: Any, told: dict[str, Any]) -> None:
    """The score, for people or for programs."""
    from runall_harness.conformance.run_report import encode
    from runall_harness.scoring.score import as_json, kill_table, matrix, releases_table

    if told["form"] == "json":
        found = as_json(score)
        if told["matrix"]:
            found["matrix"] = {trial.name: trial.verdicts for trial in score.trials}
        output.write(encode(found) + "\n")
        return
    from runall_harness.reports.progress import Screen

    screen = Screen(file=output, highlight=False, width=None if output.isatty() else 200)
    screen.print(kill_table(score))
    if told["matrix"]:
        screen.print(matrix(score))
        screen.print(releases_table(score))
    for line in score.accused:
        screen.print(f"the unchanged reference: {line}", style="bold red", soft_wrap=True)
    word = "passes everything" if score.reference.passed else "FAILS"
    screen.print(f"killed: {score.word}; the reference {word}")


# ------------------------------------------------------------------ somebody else's tests
def score_suite(chosen: "Sequence[Mutant]", told: dict[str, Any]) -> int:
    """Score a foreign suite, and tell what it is worth; the exit code."""
    from runall_harness.conformance.run_report import encode
    from runall_harness.host.interruptions import terminated_as_interrupted
    from runall_harness.scoring.suite import Scoring

    scoring = Scoring(told["suite"], timeout=told["suite_timeout"], out=told["out"])
    with terminated_as_interrupted():
        worth = scoring.score(chosen, told["jobs"] or 1, tell_showing)
    if told["form"] == "json":
        from runall_harness.scoring.suite import as_json

        click.echo(encode(as_json(worth)))
    elif worth.fit:
        from runall_harness.reports.progress import Screen
        from runall_harness.scoring.suite import table

        Screen(highlight=False).print(table(worth))
    if worth.fit:
        click.echo(f"killed: {worth.word}; what was printed is in {scoring.out}", err=True)
    else:
        cause = "the suite does not pass on the unchanged reference, so it cannot be scored"
        click.echo(f"runall: {cause}; see {worth.reference.folder}", err=True)
    return worth.exit_code


def tell_showing(showing: Any) -> None:
    """Say on standard error how the suite did against one mutant."""
    from runall_harness.scoring.suite import told

    click.echo(told(showing), err=True)


@mutants.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)
@click.argument("name")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="primary|worker ...")
def serve(name: str, command: tuple[str, ...]) -> None:
    """Run a daemon of the reference that has the bug NAME; `reference` has none.

    What follows NAME is given to the daemon: runall mutants serve one_try primary --help
    """
    from runall_reference.daemon.commands import daemons

    from runall_harness.mutants.planting import Plant

    if name != "reference":
        named(name).lie(Plant())  # for as long as this process lives
    daemons.main(list(command), prog_name=f"runall mutants serve {name}", standalone_mode=False)


@mutants.command(epilog=VERBS)
@click.argument("verb")
@click.argument("name", default="", metavar="[NODE]")
@click.option(
    "--socket",
    envvar="RUNALL_CONTROL_SOCKET",
    show_envvar=True,
    required=True,
    help="Where the cluster listens.",
)
def node(verb: str, name: str, socket: str) -> int:
    """Do something to a NODE of the cluster that a suite is run against."""
    from runall_harness.scoring.control_socket import ask

    told = ask(socket, verb, name)
    click.echo(told.words, err=told.code != 0)
    return told.code
