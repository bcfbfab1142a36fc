"""What a listener of a run can hear; conftest files may implement these hooks too."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runall_harness.contract.cases import Case

    from .case_result import Ended

SESSION_PLUGIN = "runall-session"


class Hooks:
    """What a listener can hear; conftest files may implement these too."""

    def pytest_runall_case_started(self, case: "Case") -> None:
        """A case begins."""

    def pytest_runall_said(self, line: str) -> None:
        """The rig tells, in a line, what was chosen or what takes a moment."""

    def pytest_runall_case_ended(self, ended: "Ended") -> None:
        """A case is over, its cluster is closed, and what had to be saved is saved."""
