"""`runall up`: a small cluster of the reference scheduler that runs until Ctrl-C."""

import shlex
from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING

import click

from .options import run_option

if TYPE_CHECKING:
    from runall_harness.scenario.standing import StandingCluster

EPILOG = """\b
Examples:
  runall up
  runall up --workers 3 --policy cronicle-0.9.50     a release that loses such jobs
  runall up --rig docker

\b
Type what it prints into another terminal. A worker that you kill there is missed after
3 seconds at most, and its jobs are run again 10 seconds later. With --policy, see what
other releases do in its place.

\b
Ctrl-C removes all of it: nodes, jobs and data. If the command itself is killed, so that it
can't, runall clean does that.

\b
Exit codes: 0 ended by Ctrl-C, 3 the cluster could not start, or all of it ended, 64 wrong
usage.
"""

SESSION = """\
In another terminal:
  export RUNALL_URL={url} RUNALL_TOKEN_FILE={token}
  runall event add hello --script 'sleep 60' --target 'worker-*' --run-all
  runall run hello
  runall jobs      # on which server it runs: kill that one, as above, and look again
  runall ledger    # what was decided, and by which clause
Or open {url} in a browser: it asks for the token.
"""


@click.command(epilog=EPILOG, short_help="Start a small cluster to play with.")
@click.option(
    "--rig",
    type=click.Choice(["processes", "docker"]),
    default="processes",
    show_default=True,
    help="Where its servers live.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 20),
    default=2,
    show_default=True,
    metavar="N",
    help="How many workers it has, beside the primary.",
)
@run_option("policy")
@run_option("base_image")
def up(rig: str, workers: int, policy: str, base_image: str | None) -> int:
    """Start a primary and two workers, and leave them running until Ctrl-C."""
    from runall_harness.host.interruptions import terminated_as_interrupted
    from runall_harness.rigs.choose import choose
    from runall_harness.rigs.run_names import new_run_id
    from runall_harness.scenario.standing import StandingCluster

    say = partial(click.echo, err=True)
    with (
        terminated_as_interrupted(),
        suppress(KeyboardInterrupt),
        closing(choose(rig, f"up-{new_run_id()}", base=base_image, say=say)) as place,
        closing(StandingCluster(place, policy)) as cluster,
    ):
        cluster.up(workers)
        introduce(cluster)
        cluster.watch(lambda node: click.echo(f"{node} has ended"))
        return all_gone()
    click.echo("all of it is removed")
    return 0


def introduce(cluster: "StandingCluster") -> None:
    """Print where everything is, and a session that can be typed as it stands."""
    click.echo(f"A primary runs at {cluster.url}; its token is in {cluster.token_file}")
    for node, kill in cluster.kill_commands().items():
        click.echo(f"  {node:10} is killed by   {kill}")
    token = shlex.quote(str(cluster.token_file))
    click.echo(SESSION.format(url=cluster.url, token=token))
    click.echo("Ctrl-C ends and removes all of it.")


def all_gone() -> int:
    from . import CANNOT_RUN

    click.echo("no node runs any more", err=True)
    return CANNOT_RUN
