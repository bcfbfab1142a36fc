"""Finds the definition of a step once for each sentence, and not each time that it is run.

pytest-bdd asks every fixture of the session whether it can read a step, whenever the step is run.
That takes a third of a case in virtual time. Which steps a file may use, and what a sentence means
there, is the same for all scenarios of the file, so here both are remembered. pytest-bdd has no
hook for that, so one function of it is replaced while a case runs.
"""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from importlib import import_module
from typing import Any
from unittest.mock import patch

import pytest

# As an attribute of its package, this module is hidden by a function; and it has no types.
machinery: Any = import_module("pytest_bdd.scenario")
Place = pytest.Collector | None


class StepLookup:
    """The steps of each file, and the definitions that were found, by the sentence."""

    def __init__(self) -> None:
        self.steps: dict[Place, list[tuple[Any, Any]]] = {}
        self.found: dict[tuple[Place, str, str], list[Any]] = {}

    def find(self, step: Any, fixturemanager: Any, node: pytest.Item) -> Iterable[Any]:
        """What `find_fixturedefs_for_step` of pytest-bdd yields."""
        sentence = (node.parent, step.type, step.name)
        if sentence not in self.found:
            self.found[sentence] = [
                definition
                for definition, context in self.visible(fixturemanager, node)
                if context.type in (None, step.type) and context.parser.is_matching(step.name)
            ]
        return self.found[sentence]

    def visible(self, fixturemanager: Any, node: pytest.Item) -> list[tuple[Any, Any]]:
        """The steps that the file of a scenario may use: each definition, with what it reads."""
        if node.parent not in self.steps:
            registry = machinery.step_function_context_registry
            self.steps[node.parent] = [
                (definition, registry[definition.func])
                for name in machinery.get_fixture_names(fixturemanager=fixturemanager)
                for definition in machinery.getfixturedefs(fixturemanager, name, node) or ()
                if definition.func in registry
            ]
        return self.steps[node.parent]

    @contextmanager
    def in_place(self) -> Generator[None]:
        """Find steps this way meanwhile; what other suites of this run do is not touched."""
        with patch.object(machinery, "find_fixturedefs_for_step", self.find):
            yield
