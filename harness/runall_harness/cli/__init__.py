"""The command `runall`: a group whose commands are loaded when they are called, and not before.

A scheduler's daemon must start fast, so `runall primary` may not pay for the test runner, and
`runall --help` for nothing at all. Whatever goes wrong ends with a code that means it: a crash of
the kit is 3, never 1, which would accuse the scheduler.
"""

import os
import signal
import sys
from importlib import import_module
from typing import NoReturn

import click

CANNOT_RUN, USAGE, INTERRUPTED = 3, 64, 130

# The line of each command in the help, so that help need not load it.
COMMANDS = {
    "demo": "Watch a job come back whose server is killed.",
    "up": "Start a small cluster to play with.",
    "conform": "Run the conformance cases.",
    "check": "Judge histories, of any origin.",
    "explore": "Try every fault at every point of bounded worlds.",
    "replay": "Play a story again that explore has saved.",
    "report": "Make the pages of saved runs.",
    "compare": "Put reports side by side, clause by clause.",
    "system": "Describe a scheduler of your own, and judge the description.",
    "spec": "Show the clauses, and the code and the cases of each.",
    "mutants": "Show what catches real bugs.",
    "event": "Create, show, edit and delete events of a primary.",
    "run": "Run an event by hand.",
    "jobs": "Show what runs, waits and has ended.",
    "abort": "End a job and all its reruns.",
    "docs": "Write all pages as a site that opens from disk.",
    "ledger": "Show what was interrupted, and what was done.",
    "adapter": "Test an adapter of your own scheduler.",
    "clean": "Remove what runs that died have left behind.",
    "primary": "Run a primary of the reference scheduler.",
    "worker": "Run a worker of the reference scheduler.",
}
DAEMONS = ("primary", "worker")


class LazyGroup(click.Group):
    """A group that imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        daemon = cmd_name in DAEMONS
        module = "runall_reference.daemon.commands" if daemon else f"{__name__}.{cmd_name}"
        return getattr(import_module(module), cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


EPILOG = """\b
Examples:
  runall demo                                  see what it is about: half a minute
  runall conform                               docker if an engine answers, else processes
  runall conform --rig simulated               virtual time: seconds for everything
  runall conform --policy cronicle-0.9.50      a release that breaks the promise
  runall spec                                  what is promised, clause by clause
  runall primary --help                        the reference scheduler itself

\b
Exit codes of conform:
  0   conformant
  1   not conformant: a clause was broken
  2   inconclusive: a fault was not proven, or evidence did not come
  3   the kit could not run
  64  wrong usage
"""


@click.group(cls=LazyGroup, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="runall-kit", prog_name="runall")
def runall() -> None:
    """Is a job run again when its server dies?

    The Run All kit says what a scheduler has to keep, has a scheduler that keeps it, and kills and
    restarts real servers to see whether yours does.
    """


def main() -> NoReturn:
    sys.exit(exit_code_of(sys.argv[1:]))


def exit_code_of(arguments: list[str]) -> int:
    try:
        code = runall.main(arguments, prog_name="runall", standalone_mode=False)
        sys.stdout.flush()
    except click.UsageError as error:
        error.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except (BrokenPipeError, SystemExit) as error:
        # Whoever read our output has gone, and nothing more can be said, also not at exit. click
        # and rich make that a SystemExit with code 1, which would accuse the scheduler; a daemon
        # ends with one too, but never with that code.
        if isinstance(error, SystemExit) and error.code != 1:
            return error.code if isinstance(error.code, int) else CANNOT_RUN
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + getattr(signal, "SIGPIPE", 13)
    except Exception as error:  # noqa: BLE001 - the last resort: no error may end with exit code 1
        return report_crash(error)
    return code if isinstance(code, int) else 0


def report_crash(error: Exception) -> int:
    """Say why the kit cannot go on: in its own words if it has any, else with a trace."""
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code if error.exit_code != 1 else CANNOT_RUN
    from runall_harness.contract.errors import KitCannotRun

    if isinstance(error, KitCannotRun):
        click.echo(f"runall: {error}", err=True)
    else:
        sys.excepthook(type(error), error, error.__traceback__)
    return CANNOT_RUN
