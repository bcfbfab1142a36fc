"""One check of an adapter: its client, the witness of its jobs, and the verdict on each rule.

The jobs of a check are the kit's own witness script, in a folder that they and the kit both see.
So what ran is known from the jobs themselves.
"""

import secrets
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from runall_harness.contract.verdicts import WORDS, Inconclusive, Unsupported, Verdict, exit_code
from runall_harness.evidence.facts import Execution
from runall_harness.evidence.views import JobView, Rejected, Unreachable
from runall_harness.evidence.witness import Witness
from runall_harness.rigs.real_site import RealSite

from ..adapter_client import AdapterClient
from .report import AdapterReport, Rule, RuleReport

T = TypeVar("T")


class RuleBroken(Exception):
    """A rule is broken, and the probe cannot go on."""


class AdapterCheck:
    """One check. `patience` is how long evidence may take, `minute` the length of a slot, in s."""

    def __init__(self, client: AdapterClient, folder: Path, patience: float, minute: float) -> None:
        self.client, self.patience, self.minute = client, patience, minute
        self.witness = Witness(folder)
        self.site = RealSite(self.witness)
        client.wire.notify = self.site.notify
        self.mark = f"adapter-check-{secrets.token_hex(3)}"
        self.events: list[str] = []
        self.tags: list[str] = []
        self.judged: Counter[Rule] = Counter()
        self.breaches: dict[Rule, list[str]] = {rule: [] for rule in Rule}
        self.open: dict[Rule, tuple[Verdict, str]] = {}

    def hold(self, rule: Rule, holds: object, seen: str) -> bool:
        """Judge one thing by a rule, and return whether it holds. `seen` says what was wrong."""
        self.judged[rule] += 1
        if not holds and seen not in self.breaches[rule]:
            self.breaches[rule].append(seen)
        return bool(holds)

    def require(self, rule: Rule, holds: object, seen: str) -> None:
        """Judge one thing by a rule. Raises `RuleBroken` where it does not hold."""
        if not self.hold(rule, holds, seen):
            raise RuleBroken

    def caught(self, rule: Rule) -> bool:
        """Whether that rule is known to be broken, so that one fault is reported once."""
        return bool(self.breaches[rule])

    def leave_open(self, rules: Iterable[Rule], verdict: Verdict, why: str) -> None:
        """Record why these rules were not judged; the first reason counts."""
        for rule in rules:
            self.open.setdefault(rule, (verdict, why))

    def attempt(self, probe: "Callable[[AdapterCheck], None]", rules: Iterable[Rule]) -> None:
        try:
            probe(self)
        except RuleBroken:
            pass
        except Unsupported as reason:
            self.leave_open(rules, Verdict.UNSUPPORTED, str(reason))
        except (Inconclusive, Unreachable) as reason:
            self.leave_open(rules, Verdict.INCONCLUSIVE, str(reason))
        except Rejected as refusal:
            self.leave_open(rules, Verdict.INCONCLUSIVE, f"the scheduler refused: {refusal}")

    def name(self, word: str) -> str:
        """A name that no other check uses."""
        return f"{self.mark}-{word}"

    def params(self, tag: str, **more: str) -> dict[str, str]:
        """The parameters that make a job report to the witness under that tag."""
        self.tags.append(tag)
        folder = shlex.quote(str(self.witness.folder))
        script = f"RUNALL_WITNESS={folder} exec sh {folder}/witness.sh"
        return {"script": script, "tag": tag, **more}

    def create(self, event: str, params: dict[str, str], **fields: Any) -> None:
        self.events.append(event)
        body = {"id": event, "title": event, "target": "*", "params": params, **fields}
        self.client.create_event(body)

    def tagged(self, tag: str) -> list[Execution]:
        return [run for run in self.site.executions() if run.tag == tag]

    def view(self, job: str) -> JobView | None:
        return next((view for view in self.client.jobs() if view.id == job), None)

    def wait(self, condition: Callable[[], T | None], within: float = 0.0) -> T | None:
        """The condition's first true value; None after `within` seconds, or the patience."""
        return self.site.wait(condition, within or self.patience)

    def await_state(self, job: str, state: str) -> str:
        """The state of a job once it is this one, or when the patience is over."""

        def shown() -> str:
            view = self.view(job)
            return view.state if view else "nothing"

        self.wait(lambda: shown() == state)
        return shown()

    def clean_up(self) -> None:
        """Let every job of the check end, and delete its events."""
        for tag in self.tags:
            self.witness.release(tag)
        for event in self.events:
            with suppress(Rejected, Unreachable, Unsupported):
                self.client.delete_event(event)
        # A job whose folder is removed would never see that it may end.
        self.wait(lambda: all(run.how != "running" for run in self.site.executions()))

    def report(self, command: Sequence[str]) -> AdapterReport:
        rules = [self.report_of(rule) for rule in Rule]
        word = WORDS[exit_code(rule.verdict for rule in rules)]
        adapter = self.client.described
        return AdapterReport(command=list(command), adapter=adapter, verdict=word, rules=rules)

    def report_of(self, rule: Rule) -> RuleReport:
        """The report on one rule. A rule that nobody judged never passes."""
        judged, breaches = self.judged[rule], self.breaches[rule]
        passed = (Verdict.PASS, "") if judged else (Verdict.INCONCLUSIVE, "it was not reached")
        verdict, why = self.open.get(rule, passed)
        if judged and verdict is Verdict.UNSUPPORTED:
            verdict, why = passed
        if breaches:
            verdict, why = Verdict.FAIL, ""
        return RuleReport(
            rule=rule.name.lower(),
            claim=rule.claim,
            verdict=verdict,
            judged=judged,
            seen=breaches,
            reason=why,
            mend=rule.mend if breaches else "",
        )
