"""The pytest hooks by which a run reports its progress to listeners."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runall_harness.contract.cases import Case

    from .case_result import CaseResult

SESSION_PLUGIN = "runall-session"


class Hooks:
    """What a listener can hear; a conftest.py may implement these hooks too."""

    def pytest_runall_case_started(self, case: "Case") -> None:
        """A case begins, before its cluster is made."""

    def pytest_runall_said(self, line: str) -> None:
        """The rig reports in one line what was chosen, or what takes a moment."""

    def pytest_runall_case_ended(self, result: "CaseResult") -> None:
        """A case is over, its cluster is closed, and what had to be saved is saved."""
