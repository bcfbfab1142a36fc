"""The pytest plugin's entry: `pytest features` runs the cases, and no other suite is changed.

In a suite elsewhere it is `pytest --pyargs runall_harness.features`. An installed plugin is loaded
into every test run of its environment. So this module only adds a group of options, and the steps,
fixtures and checks (`pytest_session`) come in once pytest collects the feature folder.
"""

from argparse import ArgumentTypeError
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .exit_guard import VerdictCount
from .run_options import OPTIONS

if TYPE_CHECKING:
    from runall_harness.contract.cases import Case
    from runall_harness.evidence.history import History

    from .run_report import CaseResult


class Hooks:
    """What a listener can hear of a run's progress; a conftest.py may implement these hooks too."""

    def pytest_runall_case_started(self, case: "Case") -> None:
        """A case begins, before its cluster is made."""

    def pytest_runall_said(self, line: str) -> None:
        """The rig reports in one line what was chosen, or what takes a moment."""

    def pytest_runall_history_began(self, history: "History") -> None:
        """The cluster of a case exists, and none of its servers; its history grows from now on."""

    def pytest_runall_case_ended(self, result: "CaseResult") -> None:
        """A case is over, its cluster is closed, and what had to be saved is saved."""


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(Hooks)


def count(text: str) -> int:
    """A number from 1 on. Raises `ArgumentTypeError` for any other: it would run nothing."""
    if (number := int(text)) < 1:
        raise ArgumentTypeError(f"{text} is below 1")
    return number


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("runall", "Run All conformance cases")
    for option in OPTIONS.values():
        kind = count if option.kind is int else option.kind
        several: Any = {"action": "append"} if option.many else {"type": kind}
        group.addoption(
            f"--runall-{option.name}",
            default=list(option.default) if option.many else option.usual(),
            metavar=option.metavar,
            help=option.help,
            **several,
        )
    group.addoption(
        "--runall-cases",
        action="append",
        default=[],
        metavar="ID",
        help="Run the case of this id only; can be given more than once.",
    )
    group.addoption("--runall-run", metavar="ID", help="The name of this run.")
    group.addoption(
        "--runall-worker", metavar="N", help="Which of the processes that share the run this is."
    )


def pytest_configure(config: pytest.Config) -> None:
    """Have the verdicts counted, in whichever process the cases will run."""
    config.pluginmanager.register(VerdictCount(), "runall-verdicts")


@pytest.hookimpl(wrapper=True)
def pytest_collect_directory(
    path: Path, parent: pytest.Collector
) -> Generator[None, pytest.Collector | None, pytest.Collector | None]:
    """Bring in the rest of the plugin when the feature folder is reached."""
    node = yield
    from runall_harness.contract.cases import feature_folder

    if node is not None and path.resolve() == (folder := feature_folder()):
        from .install_steps import install_steps, read_translations
        from .pytest_session import SESSION, join

        if SESSION not in parent.config.stash:
            join(parent.config, folder)
        install_steps(node)
        read_translations(folder)
    return node
