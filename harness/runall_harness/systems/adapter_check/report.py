"""The report of `runall adapter check`, `runall-adapter-check/1`. Programs depend on its shape."""

from collections.abc import Sequence
from typing import Any

import msgspec

from runall_harness.adapter.protocol import Description
from runall_harness.contract.json_schemas import schema_of
from runall_harness.contract.verdicts import WORDS, Verdict, exit_code

SCHEMA = "runall-adapter-check/1"


class RuleReport(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one rule: how often it was judged, what was seen, and how to mend it.

    `reason` says why a rule was not judged; it is empty otherwise.
    """

    rule: str
    claim: str
    verdict: Verdict
    judged: int
    seen: list[str] = []
    mend: str = ""
    reason: str = ""


class AdapterReport(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on an adapter. `adapter` is its own description, if it answered one."""

    schema: str = SCHEMA
    command: list[str]
    adapter: Description | None
    verdict: str
    rules: list[RuleReport]

    @property
    def code(self) -> int:
        """The exit code: the worst rule decides, and nothing judged is never a success."""
        return exit_code(rule.verdict for rule in self.rules)


def make_report(
    command: Sequence[str], adapter: Description | None, rules: list[RuleReport]
) -> AdapterReport:
    """The report with its verdict."""
    word = WORDS[exit_code(rule.verdict for rule in rules)]
    return AdapterReport(command=list(command), adapter=adapter, verdict=word, rules=rules)


def report_schema() -> dict[str, Any]:
    """The JSON Schema of the report."""
    return schema_of(AdapterReport, SCHEMA)
