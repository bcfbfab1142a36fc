"""Bugs that cut, bend or lose what a job was given, on the way into its rerun."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from .mutant import mutant
from .planting import Plant
from .recovery import changes_reruns

COLUMN = 1000


def changes_values(plant: Plant, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Let every rerun have other parameters than the job that it replaces."""
    changes_reruns(plant, lambda _, again: replace(again, params=change(again.params)))


@mutant(source="a column of a table", clause="RA-4.3")
def cuts_long_values(plant: Plant) -> None:
    """A text that is longer than a column of the table is cut, and nobody is told."""

    def cut(params: dict[str, Any]) -> dict[str, Any]:
        return {n: v[:COLUMN] if isinstance(v, str) else v for n, v in params.items()}

    changes_values(plant, cut)


@mutant(source="parameters made of variables", clause="RA-4.3")
def drops_nested_values(plant: Plant) -> None:
    """Lists and objects are no variables, and a rerun has only what is one."""

    def flat(params: dict[str, Any]) -> dict[str, Any]:
        return {n: v for n, v in params.items() if not isinstance(v, list | dict)}

    changes_values(plant, flat)


@mutant(source="`if value` for `if value is not None`", clause="RA-4.3")
def drops_empty_values(plant: Plant) -> None:
    """A value that is empty, zero or false counts as none, and the rerun does without it."""
    changes_values(plant, lambda params: {n: v for n, v in params.items() if v})


@mutant(source="an encoder that omits null", clause="RA-4.3")
def drops_nulls(plant: Plant) -> None:
    """A parameter that is null is left out of the rerun."""
    changes_values(plant, lambda params: {n: v for n, v in params.items() if v is not None})
