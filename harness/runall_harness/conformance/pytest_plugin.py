"""The pytest plugin's door: `pytest features` runs the cases, and other suites never notice it.

In a suite elsewhere it is `pytest --pyargs runall_harness.features`. An installed plugin is loaded
into every test run of its environment. So this module only adds a group of options, and the steps,
fixtures and checks (`session`) come in once pytest collects the feature folder.
"""

import os
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .exit_guard import Tally
from .hooks import SESSION_PLUGIN, Hooks

if TYPE_CHECKING:
    pass


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Make the hooks known."""
    pluginmanager.add_hookspecs(Hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of `runall conform`, for plain pytest."""
    group = parser.getgroup("runall", "Run All conformance cases")
    group.addoption(
        "--runall-rig",
        default="auto",
        metavar="RIG",
        help="auto (the default), simulated, processes or docker",
    )
    group.addoption(
        "--runall-system",
        default="reference",
        metavar="NAME",
        help="reference, a shipped one, a TOML file, or module:Class",
    )
    group.addoption(
        "--runall-known-failures",
        default=None,
        type=Path,
        metavar="FILE",
        help="what is declared as failing; else the system's file",
    )
    group.addoption(
        "--runall-policy",
        default="",
        metavar="NAME",
        help="a recovery policy of the system; its own choice by default",
    )
    group.addoption(
        "--runall-set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option of the system's file; can be given more than once",
    )
    group.addoption(
        "--runall-out",
        default=None,
        type=Path,
        metavar="DIR",
        help="save the history and logs of every case here",
    )
    group.addoption(
        "--runall-base-image",
        default=None,
        metavar="IMAGE",
        help="what the docker rig builds its image on",
    )
    group.addoption(
        "--runall-store-url",
        default=os.environ.get("RUNALL_STORE_URL"),
        metavar="URL",
        help="a PostgreSQL server for primaries that share their store",
    )
    group.addoption(
        "--runall-image",
        default=None,
        metavar="IMAGE",
        help="what the docker rig runs the nodes in, made already",
    )
    group.addoption("--runall-run", default=None, metavar="ID", help="the name of this run")
    group.addoption(
        "--runall-hand",
        default=None,
        metavar="N",
        help="which of the processes this is that share the run",
    )
    group.addoption(
        "--runall-cases",
        action="append",
        default=[],
        metavar="ID",
        help="run the case of this id only; can be given more than once",
    )
    group.addoption(
        "--runall-repeat", default=1, type=int, metavar="N", help="run each case N times"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Have the verdicts counted, in whichever process the cases will run."""
    config.pluginmanager.register(Tally(), "runall-tally")


@pytest.hookimpl(wrapper=True)
def pytest_collect_directory(
    path: Path, parent: pytest.Collector
) -> Generator[None, pytest.Collector | None, pytest.Collector | None]:
    """Bring in the rest of the plugin when the feature folder is reached."""
    node = yield
    from runall_harness.contract.cases import feature_folder

    if node is not None and path.resolve() == (folder := feature_folder()):
        from .install_steps import provide
        from .pytest_session import join

        if not parent.config.pluginmanager.has_plugin(SESSION_PLUGIN):
            join(parent.config, folder)
        provide(node)
    return node
