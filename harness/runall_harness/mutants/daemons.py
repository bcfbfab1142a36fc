"""The program of a mutant's daemons: it plants the bug, and then runs as the daemon."""

import sys

KIT = (sys.executable, "-P", "-m", "runall_harness.cli")


def serve(bug: str) -> tuple[str, ...]:
    """The words that go before the command of a daemon, to plant the bug of that name."""
    return (*KIT, "mutants", "serve", bug)
