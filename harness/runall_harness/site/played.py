"""The runs behind the time lines: each is made while the site is built, in virtual time.

A page asks for one by the command that shows it, in a fence named `time-line`:

    runall conform --rig simulated --scenario CASE --policy cronicle-0.9.50

So a reader of the plain Markdown has the command, and a reader of the site has what it showed.
"""

import re
import shlex
import tempfile
from collections.abc import Collection, Iterable
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from runall_harness.conformance.pytest_run import carry_out
from runall_harness.conformance.run import Display, Order
from runall_harness.conformance.run_report import CaseResult
from runall_harness.contract.cases import load_cases, select
from runall_harness.contract.errors import KitCannotRun
from runall_harness.evidence.history import AnyLine, load

FENCE = re.compile(r"^```time-line\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
COMMAND = ["runall", "conform", "--rig", "simulated", "--scenario"]
HINT = "write: runall conform --rig simulated --scenario CASE [--policy NAME]"


class Wanted(NamedTuple):
    """A case under a policy; no policy is the reference's own."""

    policy: str
    case: str


class Played(NamedTuple):
    """How that run ended, and its history."""

    result: CaseResult
    lines: list[AnyLine]


def wanted_by(texts: Iterable[str]) -> set[Wanted]:
    """The runs for which these pages ask. Raises `KitCannotRun` where one asks wrongly."""
    return {read_command(command) for text in texts for command in FENCE.findall(text)}


def read_command(command: str) -> Wanted:
    words = shlex.split(command.replace("\\\n", ""))
    head, rest = words[: len(COMMAND)], words[len(COMMAND) :]
    if head != COMMAND or len(rest) not in (1, 3) or rest[1:2] not in ([], ["--policy"]):
        raise KitCannotRun(f"a time line can't be made of {command!r}", HINT)
    return Wanted("".join(rest[2:]), rest[0])


def play(wanted: Collection[Wanted], folder: Path) -> dict[Wanted, Played]:
    """Run all of them, each policy in one session. Raises `KitCannotRun`."""
    cases, found = load_cases(), dict[Wanted, Played]()
    for policy, group in groupby(sorted(wanted), lambda each: each.policy):
        chosen = [select(cases, each.case)[0] for each in group]
        out = Path(tempfile.mkdtemp(dir=folder))
        order = Order(cases=chosen, rig="simulated", policy=policy, out=out)
        run = carry_out(order, Display())
        if run.troubles:
            raise KitCannotRun("; ".join(run.troubles), f"run {shlex.join(COMMAND[:4])}")
        for name, result in run.results.items():
            history: Any = result.report.history
            found[Wanted(policy, name)] = Played(result, load(Path(history)))
    return found
