"""Adapter programs that come with the kit, each to be run with `python -m`."""
