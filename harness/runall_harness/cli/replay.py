"""`runall replay`: play a saved story again, in virtual time or on real nodes."""

import uuid
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import FILE, format_option, out_option, run_option, schema_option
from .output import own_output, write_result

if TYPE_CHECKING:
    from runall_harness.explorer.replay import ReplayReport
    from runall_harness.explorer.story import Replayed, Script, Story
    from runall_harness.reports.progress import Screen

RIGS = ("simulated", "processes", "docker")
KEPT = Path("runall-out", "replays")
OTHER_HISTORY = (
    "its history is not the one in the file: the kit has changed, or another bug is planted"
)

EPILOG = """\b
Examples:
  runall explore --mutant one_try --hunt 60        finds a story, and says where it is
  runall replay runall-out/stories/RA-4.6-*.jsonl  play it again, exactly
  runall replay FILE --rig processes               kill real daemons at the same points
  runall replay FILE --honest                      without the bug that was planted
  runall check FILE                                judge it as it was saved

\b
In virtual time a story is the same every time. On real nodes it is played some times as
fast, with the settings divided by the same number. Each step waits for what can be seen
before it; a primary crashes at the same commit. If a step can't be done there (a lost
message, a crash between a worker's commits), that is printed and nothing is started.

\b
Exit codes: 1 a clause is broken, 0 none is (any more), 2 nothing was proven, or the
story can't be played on that rig, 3 the kit could not run, or FILE has no story,
64 wrong usage, 130 interrupted.
"""


@click.command(epilog=EPILOG, short_help="Play a story again that explore has saved.")
@click.argument("file", type=FILE)
@click.option(
    "--rig",
    type=click.Choice(RIGS),
    default="simulated",
    show_default=True,
    help="Where: in virtual time, or on real nodes.",
)
@click.option("--honest", is_flag=True, help="Leave out the bug that was planted.")
@out_option(KEPT, "Where the history of a replay on real nodes is kept.")
@run_option("base_image")
@format_option
@schema_option(
    "--schema", "explorer.replay:ReplayReport", "Print the JSON Schema of the report and end."
)
def replay(file: Path, rig: str, honest: bool, out: Path, base_image: str | None, form: str) -> int:
    """Play a story again, and see whether it still breaks what it broke.

    FILE is a history that `runall explore` saved. If a bug of the field was planted when it was
    found, it is planted again.
    """
    from msgspec.structs import replace

    from runall_harness.evidence.history import History
    from runall_harness.explorer.replay import replay_simulated, report_replay
    from runall_harness.explorer.story import read_script

    script, before = read_script(file)
    if honest:
        script = replace(script, mutant="")
    history = None if rig == "simulated" else out / f"{file.stem}-{rig}.jsonl"
    with own_output() as output:
        again = real(script, rig, base_image) if history else replay_simulated(script)
        if history and again.lines:
            History(again.lines).save(history)
        report = report_replay(file, before, again, history if again.lines else None)
        write_result(report, form, output, lambda screen: print_replay(screen, report, again.story))
    return report.code


def real(script: "Script", rig: str, base: str | None) -> "Replayed":
    """Play it on real nodes, if all of it can be done there."""
    from runall_harness.contract.verdicts import Inconclusive
    from runall_harness.explorer.real_replay import replay_real
    from runall_harness.explorer.real_steps import obstacles
    from runall_harness.explorer.story import Replayed
    from runall_harness.rigs.choose import choose

    if why := obstacles(script, rig):
        return Replayed(script=script, rig=rig, notes=why)
    run = f"replay-{uuid.uuid4().hex[:8]}"
    with closing(choose(rig, run, base=base, say=partial(click.echo, err=True))) as nodes:
        try:
            return replay_real(script, nodes)
        except Inconclusive as error:
            return Replayed(script=script, rig=rig, notes=[str(error)])


def print_replay(screen: "Screen", report: "ReplayReport", story: "Story | None") -> None:
    from runall_harness.explorer.printing import print_broken, print_sentences, print_story, say

    if story is not None:
        print_story(screen, story)
    if story is not None and report.rig != "simulated":
        say(screen, f"\nOn real nodes, on the {report.rig} rig:")
        print_sentences(screen, report.sentences)
        print_broken(screen, report.now)
    for note in report.notes:
        say(screen, f"  note      {note}")
    if report.history:
        say(screen, f"  history   {report.history}")
    if report.identical is False:
        say(screen, f"  note      {OTHER_HISTORY}")
    say(screen, f"\n{report.words}")
