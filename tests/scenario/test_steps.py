"""Each step of each scenario is carried out by exactly one function.

Of two functions that match, the test runner takes one without a word, and a scenario then shows
something else than it says.
"""

from collections.abc import Iterator
from typing import Any

from gherkin.parser import Parser
from gherkin.pickles.compiler import Compiler
from pytest_bdd.steps import StepNamePrefix
from runall_harness.conformance.install_steps import modules
from runall_harness.contract.cases import feature_folder

KINDS = {"Context": "given", "Action": "when", "Outcome": "then"}


def functions() -> list[tuple[str, Any]]:
    """All step functions, as pytest-bdd knows them, each with the module that has it."""
    return [
        (module.__name__.removeprefix("runall_harness."), value.__wrapped__())
        for module in modules()
        for key, value in vars(module).items()
        if key.startswith(StepNamePrefix.step_def.value)
    ]


def steps() -> Iterator[tuple[str, str]]:
    """The kind and the text of each step that is run."""
    for path in sorted(feature_folder().rglob("*.feature")):
        document: Any = {**Parser().parse(path.read_text("utf-8")), "uri": str(path)}
        pickles: Any = Compiler().compile(document)
        for pickle in pickles:
            for step in pickle["steps"]:
                yield KINDS[step["type"]], step["text"]


def test_every_step_has_exactly_one_function() -> None:
    known = functions()
    assert known
    carried = {
        (kind, text): [
            f"{module}: {context.parser.name}"
            for module, context in known
            if context.type in (kind, None) and context.parser.is_matching(text)
        ]
        for kind, text in sorted(set(steps()))
    }
    assert {step: found for step, found in carried.items() if len(found) != 1} == {}
