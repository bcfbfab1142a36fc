"""What became of one case, once it is over."""

from pathlib import Path

import msgspec

from runall_harness.contract.verdicts import BrokenClause, Verdict

from .run_report import CaseReport

# What a reader will want to look into.
TROUBLE = (Verdict.FAIL, Verdict.UNEXPECTED_PASS, Verdict.INCONCLUSIVE, Verdict.ERROR)


class CaseResult(msgspec.Struct, frozen=True, kw_only=True):
    """A case that is over, for whoever shows, counts or reports it. It can be pickled.

    `violation` is there if a clause was broken, and `trouble` says why the kit could not run, if
    that is how the case ended. `logs` are files in `folder`.
    """

    report: CaseReport
    violation: BrokenClause[int] | None = None
    trouble: str = ""
    folder: Path = Path()
    logs: tuple[Path, ...] = ()
