"""Each of the eight verdicts, brought about in whole runs of `runall conform`, and counted apart.

One run has all eight: the clusters of its small features are fakes with known faults. What
slow timers, lost records and dead adapters lead to is shown with the real features and a real
scheduler, which says less of itself than it could, or promises more than it keeps.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from runall_harness.contract.verdicts import EXIT_CODES, Verdict
from support.conform_runs import conform as conform_here
from support.places import SUPPORT
from support.reference_by_adapter import PROGRAM_OPTION, features_through_an_adapter
from support.small_features import (
    STEPS,
    conform,
    judge_one,
    plain_pytest,
    report_of,
    runall,
    verdicts,
    write_folder,
)

# ------------------------------------------------------------------ all eight in one run
ENDS = {
    "kept": ("run again", "pass"),
    "broken promise": ("lost", "fail"),
    "declared": ("lost", "known-failure"),
    "mended": ("run again", "unexpected-pass"),
    "needy": ("run again", "unsupported"),
    "unproven": ("unproven", "inconclusive"),
    "given up": ("given up", "skipped"),
    "broken harness": ("broken", "error"),
}
KNOWN = """\
[known_failures]
"small/declared/manual" = "issue 12"
"small/mended/manual" = "issue 13"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("eight") / "f"
    write_folder(made, {name: STEPS[step] for name, (step, _) in ENDS.items()})
    (made / "known.toml").write_text(KNOWN, "utf-8")
    return made


@pytest.fixture(scope="module")
def report(folder: Path) -> dict[str, Any]:
    done = conform(folder, "--known-failures", "known.toml", "--format", "json")
    assert done.returncode == 3, done.stderr
    return report_of(done)


def test_one_run_can_have_all_eight_and_each_is_counted_apart(report: dict[str, Any]) -> None:
    assert verdicts(report) == {name: verdict for name, (_, verdict) in ENDS.items()}
    assert report["summary"] == dict.fromkeys(Verdict, 1)
    assert {verdict for _, verdict in ENDS.values()} == set(Verdict)


def test_people_see_each_verdict_with_its_word_and_number(folder: Path) -> None:
    lines = conform(folder, "--known-failures", "known.toml").stdout.splitlines()
    for verdict in Verdict:
        row = re.compile(rf"│ \S {verdict} +│ +1 │")
        assert len([line for line in lines if row.fullmatch(line)]) == 1, verdict
    reasons = [line for line in lines if line.endswith("(1 case)")]
    assert [line.partition(":")[0] for line in reasons] == [
        "known-failure",
        "unsupported",
        "skipped",
    ]


def test_plain_pytest_counts_them_apart_too(folder: Path) -> None:
    done = plain_pytest(folder, f"--runall-known-failures={folder / 'known.toml'}")
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("Run All: ")]
    assert line == "Run All: " + ", ".join(f"1 {verdict}" for verdict in Verdict)


def test_a_comparison_shows_all_eight(folder: Path, report: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(json.dumps(report), "utf-8")
    compared = runall(folder, "compare", "--by", "scenario", "r.json", cwd=tmp_path)
    assert compared.returncode == 0, compared.stderr
    for name, (_, verdict) in ENDS.items():
        (line,) = [line for line in compared.stdout.splitlines() if f"│ {name} (manual)" in line]
        assert f" {verdict}" in line


@pytest.mark.parametrize("name", ENDS)
def test_each_gives_a_run_its_exit_code_although_another_case_passed(
    name: str, tmp_path: Path
) -> None:
    step, verdict = ENDS[name]
    made = write_folder(tmp_path / "f", {"another": STEPS["run again"], name: STEPS[step]})
    entries = [line for line in KNOWN.splitlines() if f"/{name}/" in line]
    (made / "known.toml").write_text("\n".join(["[known_failures]", *entries]), "utf-8")
    done = conform(made, "--known-failures", "known.toml")
    assert done.returncode == EXIT_CODES[Verdict(verdict)], done.stdout


# ------------------------------------------------------------------ with a real scheduler
SYSTEM = """\
from typing import Any

import msgspec
from runall_harness.evidence.views import Rejected
from runall_harness.systems.base import JobView, Timings
from runall_harness.systems.reference.system import Reference, SimulatedClient


class Odd(Reference):
    "The reference, asked through another client, and with less that it declares."

    through, lacks = SimulatedClient, ""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.capabilities = self.capabilities - {self.lacks}

    def client(self, site: Any, primaries: tuple[str, ...]) -> Any:
        return self.through(site, primaries)


class MuteClient(SimulatedClient):
    def owes(self, root: str) -> bool | None:
        return None


class Mute(Odd):
    "A scheduler that can't say what it owes."

    name, through = "mute", MuteClient
    claims = 4.5

    @property
    def timings(self) -> Timings:
        return msgspec.structs.replace(super().timings, dead_job_timeout=self.claims)


class Slow(Mute):
    "It also says that it acts sooner than it does."

    claims = 1.0


class FailingClient(MuteClient):
    def jobs(self) -> list[JobView]:
        return [
            msgspec.structs.replace(view, state="failed") if view.state == "interrupted" else view
            for view in super().jobs()
        ]


class Failing(Mute):
    "It has every job that it lost on record as failed."

    through = FailingClient


class Unabortable(SimulatedClient):
    def abort(self, job: str) -> None:
        if any(view.limbo for view in self.jobs() if view.root == job):
            raise Rejected("job", "its server does not answer")
        super().abort(job)


class Steadfast(Odd):
    "It aborts no job whose server it can't reach, and says that it can."

    name, through = "steadfast", Unabortable


class Modest(Steadfast):
    "It does not say so."

    lacks = "limbo"


class UnforgivingClient(SimulatedClient):
    def __init__(self, site: Any, primaries: tuple[str, ...]) -> None:
        super().__init__(site, primaries)
        self.seen, self.missed = set[str](), set[str]()

    def online(self) -> set[str]:
        here = super().online()
        self.seen |= here
        self.missed |= self.seen - here
        return here - self.missed


class Unforgiving(Odd):
    "It never takes a server back that it has missed once."

    name, through = "unforgiving", UnforgivingClient


class FlickeringClient(SimulatedClient):
    def __init__(self, site: Any, primaries: tuple[str, ...]) -> None:
        super().__init__(site, primaries)
        self.here, self.hide = set[str](), set[str]()

    def online(self) -> set[str]:
        now = super().online()
        shown, self.hide, self.here = now - self.hide, now - self.here, now
        return shown


class Flickering(Odd):
    "A server that has come is away once more for a moment."

    name, through = "flickering", FlickeringClient


class UnlinkedClient(SimulatedClient):
    def jobs(self) -> list[JobView]:
        own = {"attempt": 1, "predecessor": ""}
        return [msgspec.structs.replace(v, root=v.id, **own) for v in super().jobs()]


class Unlinked(Odd):
    "It names no link between a job and its rerun, which is a job like any other."

    name, through, lacks = "unlinked", UnlinkedClient, "lineage"


class ForgetfulClient(SimulatedClient):
    def jobs(self) -> list[JobView]:
        return [view for view in super().jobs() if view.state != "interrupted"]


class Forgetful(Odd):
    "It shows nothing any more of a job that was interrupted."

    name, through = "forgetful", ForgetfulClient
"""
TAKEN_OVER = "1_worker_lost/another-worker-of-the-group-takes-over/manual"
LINK_BACK = "2_worker_back/the-link-comes-back-while-the-job-still-runs/manual"
ACCEPTED = (
    "recovery_crash/a-run-that-was-accepted-survives-a-crash-right-after-the-answer/"
    "manual-the-primary"
)
CUT_OFF = "ends/a-job-that-failed-before-an-abort-could-reach-it-has-failed/manual"
# A case that waits for the rerun, and not for the end of the first attempt before.
GOING_DOWN = "4_primary_restart/nothing-is-launched-by-a-primary-that-is-going-down/manual"


def run_one(
    tmp_path: Path, system: str, policy: str = "reference", case: str = TAKEN_OVER
) -> tuple[int, dict[str, Any]]:
    """The exit code and the one case of a run of that system in virtual time."""
    return judge_one(tmp_path, SYSTEM, system, case, policy)


def test_what_comes_in_time_passes_although_the_system_can_say_nothing(tmp_path: Path) -> None:
    code, case = run_one(tmp_path, "Mute")
    assert (code, case["verdict"], case["outcome"]) == (0, "pass", "rerun-once")


def test_what_comes_later_than_a_system_says_of_itself_is_inconclusive(tmp_path: Path) -> None:
    code, case = run_one(tmp_path, "Slow")
    assert (code, case["verdict"], case["outcome"]) == (2, "inconclusive", "open")
    assert "s late, after 3.2 s: slower than the system's own stated timings" in case["message"]


def test_no_case_at_all_takes_slowness_alone_for_a_broken_promise(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(SYSTEM, "utf-8")
    asked = ("--rig", "simulated", "--system", "mine:Slow", "--format", "json")
    done = runall(None, "conform", *asked, cwd=tmp_path)
    assert {case["verdict"] for case in report_of(done)["cases"]} == {"pass", "inconclusive"}
    assert done.returncode == 2


def test_what_does_not_come_in_the_extended_wait_either_is_a_broken_promise(tmp_path: Path) -> None:
    code, case = run_one(tmp_path, "Mute", "cronicle-0.9.49")
    assert (code, case["verdict"], case["outcome"]) == (1, "fail", "not-rerun")
    assert case["within_s"] == pytest.approx(2 * case["deadline_s"])
    assert f"nothing within {case['within_s']:g} s" in case["message"]


def test_a_system_that_says_that_it_has_given_up_is_believed_at_once(tmp_path: Path) -> None:
    asked = ("--policy", "cronicle-0.9.49", "--scenario", TAKEN_OVER, "--format", "json")
    done = runall(None, "conform", "--rig", "simulated", *asked, cwd=tmp_path)
    (case,) = report_of(done)["cases"]
    assert (done.returncode, case["verdict"], case["outcome"]) == (1, "fail", "failed-for-good")
    assert case["within_s"] is None
    assert "given up" in case["message"]


@pytest.mark.parametrize(
    ("case", "words"), [(TAKEN_OVER, "it ends as failed"), (GOING_DOWN, "given up: ")]
)
def test_a_record_that_is_final_as_failed_is_an_answer_of_a_system_that_can_say_nothing(
    tmp_path: Path, case: str, words: str
) -> None:
    code, ended = run_one(tmp_path, "Failing", "cronicle-0.9.49", case)
    assert (code, ended["verdict"], ended["outcome"]) == (1, "fail", "failed-for-good")
    assert ended["within_s"] is None
    assert words in ended["message"]


def test_an_abort_in_limbo_is_owed_by_those_who_say_that_they_can(tmp_path: Path) -> None:
    code, case = run_one(tmp_path, "Steadfast", case=CUT_OFF)
    assert (code, case["verdict"]) == (1, "fail")
    assert "the abort is accepted" in case["message"]
    code, case = run_one(tmp_path, "Modest", case=CUT_OFF)
    assert (code, case["verdict"]) == (2, "unsupported")  # nothing at all was judged
    assert "no abort of a job whose server is away" in case["message"]


def test_a_server_that_does_not_find_back_is_the_scheduler_s_failure(tmp_path: Path) -> None:
    code, case = run_one(tmp_path, "Unforgiving", case=LINK_BACK)
    assert (code, case["verdict"]) == (1, "fail")
    assert "worker-1 back with whoever leads" in case["message"]


def test_a_server_that_flickers_once_it_is_back_has_found_back(tmp_path: Path) -> None:
    code, case = run_one(tmp_path, "Flickering", case=LINK_BACK)
    assert (code, case["verdict"], case["message"]) == (0, "pass", "")


@pytest.mark.parametrize("case", [TAKEN_OVER, ACCEPTED])
def test_a_rerun_that_names_no_link_is_known_by_the_job_s_own_word(
    tmp_path: Path, case: str
) -> None:
    code, ended = run_one(tmp_path, "Unlinked", case=case)
    assert (code, ended["verdict"]) == (0, "pass")


def test_a_record_that_vanishes_is_reported_as_lost(tmp_path: Path) -> None:
    code, case = run_one(tmp_path, "Forgetful", "cronicle-0.9.49")
    assert (code, case["verdict"], case["outcome"]) == (1, "fail", "record-lost")


def test_people_read_the_outcome_where_the_case_ends_and_in_its_closing_words(
    tmp_path: Path,
) -> None:
    (tmp_path / "mine.py").write_text(SYSTEM, "utf-8")
    asked = ("--system", "mine:Mute", "--policy", "cronicle-0.9.49", "--scenario", TAKEN_OVER)
    shown = runall(None, "conform", "--rig", "simulated", *asked, cwd=tmp_path).stdout
    assert f"{TAKEN_OVER}  not rerun within 13.4 s" in shown
    assert "  outcome   not rerun within 13.4 s" in shown


def test_an_adapter_that_dies_makes_an_error_and_no_word_about_the_scheduler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = features_through_an_adapter(tmp_path / "features")
    program = f"{sys.executable} {SUPPORT / 'faulty_adapters.py'} Dies"
    monkeypatch.setenv("RUNALL_FEATURES", str(features))
    monkeypatch.setenv(PROGRAM_OPTION, program)
    asked = ("--scenario", "5_worker_restart/its-job-is-run-again-by-itself*/manual")
    found = conform_here("--rig", "processes", *asked, out=tmp_path / "out")
    (case,) = found.report["cases"]
    assert (found.code, case["verdict"], case["outcome"]) == (3, "error", None)
    assert case["message"].count("next step") == 1
