"""`runall demo`: one case of the suite, shown while it happens."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .conform import chosen, copy_of
from .options import FOLDER, run_option
from .output import own_output

if TYPE_CHECKING:
    from runall_harness.conformance.run import Run
    from runall_harness.reports.live_story import LiveStory

CASE = "1_worker_lost/another-worker-of-the-group-takes-over/manual"

EPILOG = """\b
Examples:
  runall demo
  runall demo --policy cronicle-0.9.50      a release that loses the same job
  runall demo --pause                       press Enter before each act
  runall demo --rig docker                  on containers
  runall demo --scenario 2_worker_back      another of the cases; see runall conform --list

\b
It is a case of the suite, run as runall conform runs it, so its end is a verdict. Times are
much shorter than in production: a lost server is given up after some seconds.

\b
Exit codes: 0 the promise was kept, 1 it was broken, 2 nothing was proven, 3 the kit could
not run, 64 wrong usage, 130 interrupted.
"""


@click.command(epilog=EPILOG, short_help="Watch a job come back whose server is killed.")
@click.option(
    "--rig",
    type=click.Choice(["processes", "docker", "simulated"]),
    default="processes",
    show_default=True,
    help="Where the servers live: simulated is over at once, in virtual time.",
)
@run_option("policy")
@click.option(
    "--scenario",
    default=CASE,
    metavar="PATTERN",
    help="Another case than that of a killed worker: the first that matches.",
)
@click.option("--pause", is_flag=True, help="Wait for Enter before each step that does something.")
@click.option(
    "--out",
    type=FOLDER,
    metavar="DIR",
    help="Where its history and its logs are kept.  [default: runall-out/demo-RUN]",
)
@run_option("base_image")
def demo(
    rig: str, policy: str, scenario: str, pause: bool, out: Path | None, base_image: str | None
) -> int:
    """Start a primary and two workers, run a job by hand, and kill the server under it.

    The terminal shows who holds the job, what becomes of it, and which clause promises that.
    """
    from runall_harness.conformance.pytest_run import carry_out
    from runall_harness.conformance.run import Order
    from runall_harness.reports.live_story import LiveStory
    from runall_harness.reports.progress import Screen
    from runall_harness.rigs.run_names import new_run_id

    kept = out or Path("runall-out", f"demo-{new_run_id()}")
    words = {"rig": rig, "policy": policy, "out": kept, "base_image": base_image}
    order = Order(cases=chosen((scenario,), "")[:1], **words)  # pyright: ignore[reportArgumentType] - one type for each option
    wait = enter_key() if pause else None
    with own_output() as output, copy_of(output) as shown:
        story = LiveStory(Screen(file=shown, highlight=False), wait)
        with story:
            run = carry_out(order, story)
        conclude(story, run)
    return run.exit_code


def enter_key() -> Callable[[], None]:
    """What waits for Enter: at the terminal of now, as pytest hides it later."""
    if not sys.stdin.isatty():
        raise click.UsageError("--pause needs a terminal to press Enter at")
    terminal = os.fdopen(os.dup(sys.stdin.fileno()))

    def wait() -> None:
        with suppress(OSError):
            terminal.readline()

    return wait


def conclude(story: "LiveStory", run: "Run") -> None:
    """Say how it ended, and where the evidence is."""
    from runall_harness.reports.run_folder import PAGE, write_folder

    story.conclude()
    if story.result is not None:
        assert run.order.out is not None, "a demo keeps its evidence"
        write_folder(run.report(), run.order.out)
        story.say(f"  page     {run.order.out / PAGE}: the same, on a time line")
    for trouble in run.troubles:
        click.echo(f"runall: {trouble}", err=True)
    if not run.order.policy and [case.id for case in run.order.cases] == [CASE]:
        story.say("\nThe same job, lost: runall demo --policy cronicle-0.9.50")
