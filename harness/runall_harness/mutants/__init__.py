"""Mutants: the reference with one real bug of the field each.

`mutant` says what a mutant is, `planting` plants and removes its bug; all other modules define
mutants, by what breaks in them. docs/mutants.md says what they are for.
"""

import sys
from contextlib import AbstractContextManager
from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules

from runall_harness.contract.errors import KitCannotRun

from .mutant import Mutant, planted
from .releases import RELEASES

KIT = (sys.executable, "-P", "-m", "runall_harness.cli")
# Every module of this package that defines mutants, so that a new one is never left out.
MODULES = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
BUGS = [bug for module in MODULES for bug in vars(module).values() if isinstance(bug, Mutant)]
# Those of the brains, which virtual time shows, and those of what surrounds the brains.
ALL = (*(bug for bug in BUGS if not bug.real), *RELEASES)
REAL = tuple(bug for bug in BUGS if bug.real)


class NoSuchMutant(KitCannotRun):
    """There is no mutant of that name."""


def by_name(name: str) -> Mutant:
    """The mutant of that name. Raises `NoSuchMutant`, with the names that are near."""
    known = {mutant.name: mutant for mutant in (*ALL, *REAL)}
    if name in known:
        return known[name]
    near = get_close_matches(name, known, 3)
    hint = f"did you mean {' or '.join(near)}?" if near else "`runall mutants --list` shows all"
    raise NoSuchMutant(f"there is no mutant {name!r}", hint)


def with_bug(name: str) -> AbstractContextManager[object]:
    """Plant the bug of that name for a while, or none for no name. Raises `NoSuchMutant`."""
    return planted(by_name(name) if name else None)


def daemon(bug: str) -> tuple[str, ...]:
    """The words that go before the command of a daemon, to plant the bug of that name first."""
    return (*KIT, "mutants", "serve", bug)


__all__ = ["ALL", "REAL", "Mutant", "NoSuchMutant", "by_name", "daemon", "planted", "with_bug"]
