"""`python3 -m runall_reference`: the daemons where nothing but the reference is installed."""

from runall_reference.daemon.commands import daemons

daemons(prog_name="python3 -m runall_reference")
