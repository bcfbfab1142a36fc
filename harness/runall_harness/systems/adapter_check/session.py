"""What was examined, what was found, and the ground on which: a client, and a witness's folder.

The jobs of an examination are the kit's own witness script, in a folder that they and the kit
both see, so what ran is known from the jobs themselves.
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
    """A rule is broken, and the probe can't go on."""


class AdapterCheck:
    """One examination. `patience` is how long evidence may take, `minute` a slot, in seconds."""

    def __init__(self, client: AdapterClient, folder: Path, patience: float, minute: float) -> None:
        self.client, self.patience, self.minute = client, patience, minute
        self.witness = Witness(folder)
        self.site = RealSite(self.witness)
        client.wire.notify = self.site.notify
        self.mark = f"adapter-check-{secrets.token_hex(3)}"
        self.events: list[str] = []
        self.tags: list[str] = []
        self.judged: dict[str, int] = {}
        self.lies: dict[str, list[str]] = {}
        self.open: dict[str, tuple[Verdict, str]] = {}

    # ---------------------------------------------------------------- judging
    def hold(self, rule: Rule, holds: object, seen: str) -> bool:
        """Judge one thing by a rule; `seen` is what was seen instead. Whether it holds."""
        self.judged[rule.name] = self.judged.get(rule.name, 0) + 1
        if not holds and seen not in self.lies.setdefault(rule.name, []):
            self.lies[rule.name].append(seen)
        return bool(holds)

    def require(self, rule: Rule, holds: object, seen: str) -> None:
        """The same, where nothing more can be asked of this probe. Raises `RuleBroken`."""
        if not self.hold(rule, holds, seen):
            raise RuleBroken

    def caught(self, rule: Rule) -> bool:
        """Whether that rule is known to be broken: one fault is told once."""
        return bool(self.lies.get(rule.name))

    def leave_open(self, rules: Iterable[Rule], verdict: Verdict, why: str) -> None:
        """Say why these rules were not judged, unless they were."""
        for rule in rules:
            self.open.setdefault(rule.name, (verdict, why))

    def attempt(self, probe: "Callable[[AdapterCheck], None]", rules: Iterable[Rule]) -> None:
        """Carry a probe out. Raises `AdapterBroke` when the adapter can't be asked any more."""
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

    # ---------------------------------------------------------------- setting up
    def name(self, word: str) -> str:
        """A name that no other examination uses."""
        return f"{self.mark}-{word}"

    def params(self, tag: str, **more: str) -> dict[str, str]:
        """What makes a job a witness under that tag."""
        self.tags.append(tag)
        folder = shlex.quote(str(self.witness.folder))
        script = f"RUNALL_WITNESS={folder} exec sh {folder}/witness.sh"
        return {"script": script, "tag": tag, **more}

    def create(self, event: str, params: dict[str, str], **fields: Any) -> None:
        """Create an event that may run anywhere."""
        self.events.append(event)
        body = {"id": event, "title": event, "target": "*", "params": params, **fields}
        self.client.create_event(body)

    # ---------------------------------------------------------------- seeing
    def tagged(self, tag: str) -> list[Execution]:
        """What really ran under that tag."""
        return [run for run in self.site.executions() if run.tag == tag]

    def view(self, job: str) -> JobView | None:
        """The job as `jobs` shows it."""
        return next((view for view in self.client.jobs() if view.id == job), None)

    def wait(self, condition: Callable[[], T | None], within: float = 0.0) -> T | None:
        """The condition's first true value, or None after that many seconds, or the patience."""
        return self.site.wait(condition, within or self.patience)

    def await_state(self, job: str, *states: str) -> str:
        """The state that is shown once it is one of these, or when the patience is over."""
        shown = ["nothing"]

        def look() -> bool:
            view = self.view(job)
            shown[0] = view.state if view else "nothing"
            return shown[0] in states

        self.wait(look)
        return shown[0]

    # ---------------------------------------------------------------- the end
    def clean_up(self) -> None:
        """Let every job of the examination end, and delete its events."""
        for tag in self.tags:
            self.witness.release(tag)
        for event in self.events:
            with suppress(Rejected, Unreachable, Unsupported):
                self.client.delete_event(event)
        # A job whose folder is gone would never see that it may end.
        self.wait(lambda: all(run.how != "running" for run in self.site.executions()))

    def report(self, command: tuple[str, ...]) -> AdapterReport:
        """What was found, rule by rule."""
        described = self.client.described
        return make_report(command, described, [self.report_of(rule) for rule in RULES])

    def report_of(self, rule: Rule) -> RuleReport:
        """What was found about one rule. What nobody judged is never a pass."""
        judged, lies = self.judged.get(rule.name, 0), self.lies.get(rule.name, [])
        passed = (Verdict.PASS, "") if judged else (Verdict.INCONCLUSIVE, "it was not come to")
        verdict, why = self.open.get(rule.name, passed)
        if judged and verdict is Verdict.UNSUPPORTED:
            verdict, why = passed
        if lies:
            verdict, why = Verdict.FAIL, ""
        return RuleReport(
            rule=rule.name,
            claim=rule.claim,
            verdict=verdict,
            judged=judged,
            seen=lies,
            reason=why,
            mend=rule.mend if lies else "",
        )
