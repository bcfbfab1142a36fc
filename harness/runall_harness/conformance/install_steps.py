"""Installs the fixtures and the steps in a feature folder, for its own tests and no others.

The features may run inside anybody's suite, beside tests with fixtures of their own. A `cluster` or
a `system` of theirs is another thing than ours, so ours are seen in the feature folder alone. Three
are open the other way: a `rig`, a `new_system` or a `cluster_class` that the suite defines where
the whole run sees it (the conftest.py of its root folder, or a plugin) takes the place of ours, and
may ask for ours by that same name.
"""

import pkgutil
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest
from gherkin.parser import Parser
from pytest_bdd.feature import features
from pytest_bdd.gherkin_parser import GherkinDocument
from pytest_bdd.parser import FeatureParser

from runall_harness.contract.translation import TABLE, make_english
from runall_harness.scenario import steps

from . import fixtures

OPEN = ("rig", "new_system", "cluster_class")


def install_steps(node: pytest.Collector) -> None:
    """Install the fixtures and the steps for what is collected below that node.

    What a conftest.py in the folder itself defines comes later, and wins over all of these.
    """
    fixtures: Any = node.config.pluginmanager.get_plugin("funcmanage")
    theirs = [each for name in OPEN for each in fixtures.getfixturedefs(name, node) or ()]
    for module in modules():
        fixtures.parsefactories(holder=module, node=node)
    for each in theirs:
        # Once more, nearer than ours: of two fixtures, pytest takes that of the nearer node.
        pytest.register_fixture(
            name=each.argname,
            func=each.func,
            node=node,
            scope=each.scope,
            params=each.params,
            ids=each.ids,
        )


def modules() -> list[ModuleType]:
    names = [f"{steps.__name__}.{each.name}" for each in pkgutil.iter_modules(steps.__path__)]
    return [fixtures, *map(import_module, names)]


class TranslatedFeature(FeatureParser):
    """A feature file in another language. Its steps become the English ones that it translates."""

    def _parse_feature_file(self) -> GherkinDocument:
        path = Path(self.abs_filename)
        document: dict[str, Any] = cast(Any, Parser().parse(path.read_text("utf-8")))
        make_english(document, path)
        return GherkinDocument.from_dict(document)


def read_translations(folder: Path) -> None:
    """Have pytest-bdd take the translated files of a folder as what they translate.

    It reads each file once and keeps what it read, by the path.
    """
    if (folder / TABLE).exists():
        for path in folder.glob("*.feature"):
            features[str(path)] = TranslatedFeature(str(folder), path.name).parse()
