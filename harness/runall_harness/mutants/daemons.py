"""A mutant in real daemons: the program that plants the bug and serves."""

import sys

KIT = (sys.executable, "-P", "-m", "runall_harness.cli")


def serve(bug: str) -> tuple[str, ...]:
    """The command that is followed by that of a daemon."""
    return (*KIT, "mutants", "serve", bug)
