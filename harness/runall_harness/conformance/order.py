"""What a user asked for: the cases, and the options of their run."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from runall_harness.contract.cases import Case

from .run_options import RunOptions


@dataclass(frozen=True, kw_only=True)
class Order(RunOptions):
    """The cases to run, and how.

    `jobs` is how many cases may run at once; None for what suits the rig and the machine. `strict`
    counts extended clauses as required.
    """

    cases: Sequence[Case]
    jobs: int | None = None
    strict: bool = False

    def expected(self) -> list[Case]:
        """Every case that has to be run, each of its repeats too."""
        numbers = range(1, self.repeat + 1)
        return [repeated(case, number) for case in self.cases for number in numbers]


def repeated(case: Case, number: int) -> Case:
    """The case under the id of its repeat, whose number counts from 1."""
    return case if number == 1 else msgspec.structs.replace(case, id=f"{case.id}#{number}")
