"""`runall mutants`: the reference with real bugs of the field, and what catches each of them.

With `--suite` it scores somebody else's tests in place of the kit's own. Such a suite is given
`serve`, a daemon that has the bug, and `node`, which kills and restarts the cluster's nodes.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from .options import FOLDER, SECONDS, format_option, html_option
from .output import own_output, print_json, print_list, write_page, write_result

if TYPE_CHECKING:
    from runall_harness.mutants.mutant import Mutant
    from runall_harness.reports.progress import Screen
    from runall_harness.scoring.score import Score
    from runall_harness.scoring.trial import Trial

WAYS = ("scenarios", "explorer")

EPILOG = """\b
Examples:
  runall mutants --list                        each bug, where it was seen, what it breaks
  runall mutants                               try all of them, on all cores
  runall mutants --only one_try --only two_live --out traces
  runall mutants --first --with scenarios      stop at the first kill of each
  runall mutants --matrix                      mutants against features, release by release
  runall mutants --format json > kills.json
  runall mutants --suite 'pytest tests/chaos'  score your own tests; see docs/mutants.md

\b
A mutant is killed when a case fails, or the explorer finds a story, by the clause
that the mutant's bug breaks. A failure by any other clause is shown and does not count.

\b
Exit codes: 0 all mutants are killed and the reference passes everything, 1 otherwise,
2 the suite is not fit to be scored, 3 the kit could not run, 64 wrong usage,
130 interrupted.
"""

VERBS = """\b
kill NODE     SIGKILL all its processes at one instant, its jobs too
stop NODE     SIGTERM to its daemon; returns when it has left
start NODE    start it again
pause NODE    freeze all its processes          resume NODE   let them go on
cut NODE      cut it off from the other nodes   join NODE     end that
ready         wait until every node that runs takes work

\b
Exit codes: 0 done and proven, 2 not proven, 3 the cluster does not answer,
64 wrong usage.
"""


def names(_: click.Context, __: click.Parameter, value: Sequence[str]) -> list[str]:
    """Names that were given one by one, or several with commas; each of them once."""
    return list(dict.fromkeys(name for word in value for name in word.split(",") if name))


def ways(ctx: click.Context, param: click.Parameter, value: Sequence[str]) -> Sequence[str]:
    """What to try the mutants with; by default all that there is."""
    given = names(ctx, param, value)
    if unknown := [name for name in given if name not in WAYS]:
        raise click.BadParameter(f"{unknown[0]!r} is not one of {', '.join(WAYS)}.")
    return given or WAYS


@click.group(
    invoke_without_command=True,
    epilog=EPILOG,
    short_help="Show what catches real bugs.",
    context_settings={"show_default": True},
)
@click.option("--only", multiple=True, callback=names, metavar="NAME", help="Try this one; repeat.")
@click.option(
    "--with",
    "ways",
    multiple=True,
    callback=ways,
    metavar="scenarios,explorer",
    help="What to try them with. By default both.",
)
@click.option("--first", is_flag=True, help="Stop each mutant's cases at the first that kills it.")
@click.option("--every", is_flag=True, help="Go on with the cases of other clauses after a kill.")
@click.option("--budget", type=SECONDS, default=30.0, metavar="S", help="Seconds to explore each.")
@click.option("--seed", type=int, default=0, help="The explorer's first seed.")
@click.option("--jobs", type=click.IntRange(1, 64), help="How many at once; default: the cores.")
@click.option("--matrix", is_flag=True, help="Also show failed cases by feature and release.")
@click.option("--list", "listing", is_flag=True, help="List the mutants and try none.")
@click.option("--write-table", is_flag=True, help="Make the tables of docs/mutants.md anew.")
@click.option("--suite", metavar="COMMAND", help="Score this test command on real daemons.")
@click.option(
    "--suite-timeout",
    "timeout",
    type=SECONDS,
    default=300.0,
    metavar="S",
    help="A suite that takes longer counts as hung.",
)
@click.option("--out", type=FOLDER, metavar="DIR", help="Keep traces here; or output and logs.")
@html_option("Also write a page: each bug, and what caught it as a time line.")
@format_option
@click.pass_context
def mutants(ctx: click.Context, **options: Any) -> int | None:
    """Try the kit on schedulers that have real bugs, and show what catches each of them.

    Each mutant is the reference with one bug that a scheduler of the field had. The unchanged
    reference is tried as well, and must pass everything. A bug of the daemons is tried on real
    ones, as processes of this machine.
    """
    if ctx.invoked_subcommand is not None:
        return None
    from runall_harness.mutants import ALL, REAL

    chosen = [named(name) for name in options["only"]] or [*ALL, *REAL]
    if options["listing"]:
        return list_mutants(chosen, options["form"])
    if options["write_table"]:
        return write_table()
    if options["suite"] is not None:
        return score_suite(chosen, options)
    return try_mutants(chosen, options)


def named(name: str) -> "Mutant":
    """The mutant of that name. Raises `click.UsageError`, with similar names."""
    from runall_harness.mutants import NoSuchMutant, by_name

    try:
        return by_name(name)
    except NoSuchMutant as error:
        raise click.UsageError(f"{error.cause}: {error.hint}") from error


def list_mutants(chosen: "Sequence[Mutant]", form: str) -> int:
    fields = ("name", "story", "source", "clause")
    rows = [{name: getattr(mutant, name) for name in fields} for mutant in chosen]
    heads = (f"{click.style(m.name, bold=True)} ({m.clause}; {m.source})" for m in chosen)
    lines = (f"{head}\n  {m.story}" for head, m in zip(heads, chosen, strict=True))
    return print_list("mutants", form, rows, lines)


def write_table() -> int:
    from runall_harness.contract.places import page
    from runall_harness.mutants import ALL
    from runall_harness.reports.generated_section import write_anew
    from runall_harness.scoring.kill_table_page import PART, renewed, try_for_page

    path = page(PART.page)
    changed = write_anew(path, renewed(path.read_text("utf-8"), ALL, try_for_page(ALL)))
    click.echo(f"{path}: {'written anew' if changed else 'was up to date'}", err=True)
    return 0


def try_mutants(chosen: "Sequence[Mutant]", options: dict[str, Any]) -> int:
    from runall_harness.host.interruptions import terminated_as_interrupted
    from runall_harness.reports.progress import Progress, Screen
    from runall_harness.scoring.score import Score
    from runall_harness.scoring.trials import TrialOptions, try_all

    if options["html"] is not None and options["out"] is None:
        with TemporaryDirectory(prefix="runall-mutants-") as folder:
            return try_mutants(chosen, options | {"out": Path(folder)})
    how = TrialOptions(
        scenarios="scenarios" in options["ways"],
        explorer="explorer" in options["ways"],
        first=options["first"] and not options["matrix"],
        every=options["every"] or options["matrix"],
        budget=options["budget"],
        seed=options["seed"],
        out=options["out"],
    )
    total = len(chosen) + 1
    with terminated_as_interrupted(), own_output() as output:
        with Progress(Screen(file=sys.stderr, highlight=False), total) as progress:

            def on_trial(trial: "Trial") -> None:
                progress.say(trial.line)
                progress.show(progress.done + 1, "mutants tried")

            reference, *trials = try_all(chosen, how, options["jobs"], on_trial)
        score = Score(reference=reference, mutants=tuple(chosen), trials=tuple(trials))
        print_score(score, output, options)
        if options["html"] is not None:
            from runall_harness.scoring.score_page import page_of_score

            write_page(options["html"], page_of_score(score, options["out"]))
    for trouble in score.troubles:
        click.echo(f"runall: {trouble}", err=True)
    return score.exit_code


def print_score(score: "Score", output: Any, options: dict[str, Any]) -> None:
    from runall_harness.scoring.score import (
        as_json,
        green_table,
        kill_table,
        matrix,
        releases_table,
    )

    def print_for_people(screen: "Screen") -> None:
        more = (matrix, releases_table) if options["matrix"] else ()
        for table in (kill_table, green_table, *more):
            screen.print(table(score))
        for line in score.reference_failures:
            screen.print(f"the unchanged reference: {line}", style="bold red", soft_wrap=True)
        word = "passes everything" if score.reference.passed else "FAILS"
        screen.print(f"killed: {score.word}; the reference {word}")

    content = as_json(score)
    if options["matrix"]:
        content["matrix"] = {trial.name: trial.verdicts for trial in score.trials}
    write_result(content, options["form"], output, print_for_people, width=200)


def score_suite(chosen: "Sequence[Mutant]", options: dict[str, Any]) -> int:
    from runall_harness.reports.progress import Screen
    from runall_harness.scoring import suite as scoring

    suite = scoring.read_suite(options["suite"], options["timeout"], options["out"])
    progress = Screen(stderr=True, highlight=False, markup=False, soft_wrap=True)
    score = scoring.score_suite(
        suite, chosen, options["jobs"] or 1, lambda result: progress.print(result.line)
    )
    if options["form"] == "json":
        print_json(scoring.as_json(score))
    elif score.fit:
        Screen(highlight=False).print(scoring.result_table(score))
    if score.fit:
        click.echo(f"killed: {score.word}; what was printed is in {suite.out}", err=True)
    else:
        cause = "the suite does not pass on the unchanged reference, so it cannot be scored"
        click.echo(f"runall: {cause}; see {score.reference.folder}", err=True)
    return score.exit_code


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
        named(name).bug(Plant())  # for as long as this process lives
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
    """Do something to a NODE of the cluster that a suite tests."""
    from runall_harness.scoring.control_socket import request

    reply = request(socket, verb, name)
    click.echo(reply.text, err=reply.code != 0)
    return reply.code
