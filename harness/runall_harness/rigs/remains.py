"""Removes what one process of a run has left, once that process is dead for certain."""

from .processes.run_records import clean_run


def remove_remains(rig: str, run: str) -> None:
    """The process of that run must be dead. Raises `KitCannotRun` if no engine answers."""
    if rig == "processes":
        clean_run(run)
    if rig == "docker":
        from .docker.clean import remove_run
        from .docker.engine import connected

        with connected() as engine:
            remove_run(engine, run)
