"""`python -m runall_harness.cli` is the command `runall`, where no script is installed."""

from . import main

main()
