"""The record of bugs of the field: which schedulers had them, and which clause each breaks.

It is made from the mutants, so each bug here is one that the kit is shown to catch.
"""

import re
from collections.abc import Iterable
from functools import cache

from runall_harness.mutants import ALL, REAL, Mutant
from runall_harness.reports.generated_section import table

PAGE = "field-bugs.md"
# Schedulers and queues whose bugs are among the mutants, as their sources name them.
SCHEDULERS = (
    "Airflow",
    "Cronicle",
    "cron",
    "Dagster",
    "Dkron",
    "Hangfire",
    "hermes-agent",
    "Jenkins",
    "Kestra",
    "Kubernetes",
    "Mars",
    "n8n",
    "Nomad",
    "Oban",
    "OpenClaw",
    "pg-boss",
    "Prefect",
    "Quartz",
    "River",
    "RQ",
    "Rundeck",
    "Sidekiq",
    "xyOps",
)
INTRODUCTION = """\
# Bugs of the field

Each of these was seen in a scheduler that people use: in its issues, in its release notes, or in
its code. The kit plants each into its own reference, and a case, a check or the explorer finds it
again by the clause that it breaks. [The kill table](/docs/mutants.md) says which case does. A
number is that of an issue of the scheduler.

What stands here describes the releases that had the bug. Many have been mended since.
"""


def bug_pages() -> dict[str, str]:
    parts = [INTRODUCTION]
    for scheduler in SCHEDULERS:
        if rows := [row(bug) for bug in (*ALL, *REAL) if scheduler in named_in(bug.source)]:
            parts += [f"## {scheduler}", table(("what went wrong", "seen in", "it breaks"), rows)]
    return {PAGE: "\n\n".join(parts) + "\n"}


def row(bug: Mutant) -> tuple[str, str, str]:
    return bug.story, bug.source, ", ".join(sorted(bug.clauses))


@cache
def named_in(source: str) -> frozenset[str]:
    """The schedulers that a source names."""
    return frozenset(
        name for name in SCHEDULERS if re.search(rf"(?<![\w-]){re.escape(name)}(?!\w)", source)
    )


def unnamed(bugs: Iterable[Mutant]) -> list[str]:
    """Sources that give the number of an issue, of a scheduler that is not in the list."""
    issue = re.compile(r"[A-Za-z-]+ \d{3,}\b")
    found = (bug.source for bug in bugs if issue.search(bug.source))
    return [source for source in found if "seed" not in source and not named_in(source)]
