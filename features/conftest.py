"""Brings the harness's steps to the features, here and in an installed wheel."""

import pytest

from runall_harness.steps import MODULES


def pytest_configure(config: pytest.Config) -> None:
    """Make the steps known; this hook is also called for a conftest that is found late."""
    for module in MODULES:
        config.pluginmanager.import_plugin(module)
