"""This machine: its load, child processes, and the fingerprint of the installed kit."""
