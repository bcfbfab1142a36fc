"""One check of an adapter: its client, the witness of its jobs, and the verdict on each rule.

The jobs of a check are the kit's own witness script, in a folder that they and the kit both see.
So what ran is known from the jobs themselves.
"""

import secrets
import shlex
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from runall_harness.contract.verdicts import Inconclusive, Unsupported, Verdict
from runall_harness.evidence.facts import Execution
from runall_harness.evidence.views import JobView, Rejected, Unreachable
from runall_harness.evidence.witness import Witness
from runall_harness.rigs.real_site import RealSite

from ..adapter_client import AdapterClient
from .report import AdapterReport, RuleReport, make_report
from .rules import RULES, Rule

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
        self.judged: dict[str, int] = {}
        self.breaches: dict[str, list[str]] = {}
        self.open: dict[str, tuple[Verdict, str]] = {}

    # ---------------------------------------------------------------- judging
    def hold(self, rule: Rule, holds: object, seen: str) -> bool:
        """Judge one thing by a rule, and return whether it holds. `seen` says what was wrong."""
        self.judged[rule.name] = self.judged.get(rule.name, 0) + 1
        if not holds and seen not in self.breaches.setdefault(rule.name, []):
            self.breaches[rule.name].append(seen)
        return bool(holds)

    def require(self, rule: Rule, holds: object, seen: str) -> None:
        """Judge one thing by a rule. Raises `RuleBroken` where it does not hold."""
        if not self.hold(rule, holds, seen):
            raise RuleBroken

    def caught(self, rule: Rule) -> bool:
        """Whether that rule is known to be broken, so that one fault is reported once."""
        return bool(self.breaches.get(rule.name))

    def leave_open(self, rules: Iterable[Rule], verdict: Verdict, why: str) -> None:
        """Record why these rules were not judged; the first reason counts."""
        for rule in rules:
            self.open.setdefault(rule.name, (verdict, why))

    def attempt(self, probe: "Callable[[AdapterCheck], None]", rules: Iterable[Rule]) -> None:
        """Run a probe. Raises `AdapterBroke` when the adapter cannot be asked any more."""
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

    # ---------------------------------------------------------------- events
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
        """Create an event that may run on any node."""
        self.events.append(event)
        body = {"id": event, "title": event, "target": "*", "params": params, **fields}
        self.client.create_event(body)

    # ---------------------------------------------------------------- seeing
    def tagged(self, tag: str) -> list[Execution]:
        """The executions that really ran under that tag."""
        return [run for run in self.site.executions() if run.tag == tag]

    def view(self, job: str) -> JobView | None:
        """The job as `jobs` shows it; None if `jobs` does not list it."""
        return next((view for view in self.client.jobs() if view.id == job), None)

    def wait(self, condition: Callable[[], T | None], within: float = 0.0) -> T | None:
        """The condition's first true value; None after `within` seconds, or the patience."""
        return self.site.wait(condition, within or self.patience)

    def await_state(self, job: str, *states: str) -> str:
        """The state of a job once it is one of these, or when the patience is over."""
        shown = ["nothing"]

        def look() -> bool:
            view = self.view(job)
            shown[0] = view.state if view else "nothing"
            return shown[0] in states

        self.wait(look)
        return shown[0]

    # ---------------------------------------------------------------- the end
    def clean_up(self) -> None:
        """Let every job of the check end, and delete its events."""
        for tag in self.tags:
            self.witness.release(tag)
        for event in self.events:
            with suppress(Rejected, Unreachable, Unsupported):
                self.client.delete_event(event)
        # A job whose folder is removed would never see that it may end.
        self.wait(lambda: all(run.how != "running" for run in self.site.executions()))

    def report(self, command: tuple[str, ...]) -> AdapterReport:
        """The report on the adapter, rule by rule."""
        described = self.client.described
        return make_report(command, described, [self.report_of(rule) for rule in RULES])

    def report_of(self, rule: Rule) -> RuleReport:
        """The report on one rule. A rule that nobody judged never passes."""
        judged, breaches = self.judged.get(rule.name, 0), self.breaches.get(rule.name, [])
        passed = (Verdict.PASS, "") if judged else (Verdict.INCONCLUSIVE, "it was not reached")
        verdict, why = self.open.get(rule.name, passed)
        if judged and verdict is Verdict.UNSUPPORTED:
            verdict, why = passed
        if breaches:
            verdict, why = Verdict.FAIL, ""
        return RuleReport(
            rule=rule.name,
            claim=rule.claim,
            verdict=verdict,
            judged=judged,
            seen=breaches,
            reason=why,
            mend=rule.mend if breaches else "",
        )
