"""`runall adapter check` finds what is wrong with an adapter, and says how to mend it.

The scheduler is a real one, which nobody hurts; the adapters are programs of their own.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from runall_harness.cli import exit_code_of
from runall_harness.systems.adapter_check.report import AdapterReport, Rule
from runall_harness.systems.adapter_check.run import check_adapter
from runall_harness.systems.adapter_check.session import AdapterCheck
from support.faulty_adapters import (
    FAULTY,
    AbortsTheRecord,
    AllWell,
    Boasts,
    EditsNothing,
    Hangs,
    LosesTheTiming,
    NeverRuns,
    OneId,
    OwnWords,
    ReferenceAdapter,
    Remembers,
)
from support.places import SUPPORT
from support.real_daemons import TOKEN, RealDaemons

PROGRAM = SUPPORT / "faulty_adapters.py"
MINUTE, PATIENCE = 0.25, 5.0
# These are found by what does not come, or does not end: their tests wait for it in vain.
SILENT = {
    *(NeverRuns, OneId, AllWell, OwnWords, Remembers),
    *(AbortsTheRecord, EditsNothing, LosesTheTiming),
}
SHORTER = 2.5
SHORT = ["--minute", str(MINUTE), "--patience", str(PATIENCE)]


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Where a scheduler is that runs, as the environment of its adapter says it."""
    daemons = RealDaemons(tmp_path_factory.mktemp("daemons"))
    try:
        _, api = daemons.primary(worker=True, time_scale=240)
        api.server_in("online", "p")
        yield {"RUNALL_URLS": str(api.http.base_url).rstrip("/"), "RUNALL_TOKEN": TOKEN}
    finally:
        daemons.close()


def command(faulty: str) -> list[str]:
    """How that adapter is started."""
    return [sys.executable, str(PROGRAM), faulty]


def broken(report: AdapterReport) -> dict[str, str]:
    """How each rule that is broken is to be mended."""
    return {rule.rule: rule.mend for rule in report.rules if rule.verdict == "fail"}


def test_the_faultless_adapter_keeps_every_rule(env: dict[str, str]) -> None:
    report = check_adapter(command("Faultless"), env=env, minute=MINUTE, patience=PATIENCE)
    assert {rule.rule: rule.verdict for rule in report.rules} == {
        r.name.lower(): "pass" for r in Rule
    }
    assert (report.code, report.verdict) == (0, "conformant")
    assert all(rule.judged for rule in report.rules)


@pytest.mark.parametrize("faulty", FAULTY, ids=lambda faulty: faulty.__name__)
def test_a_faulty_adapter_is_found_and_the_way_to_mend_it_is_shown(
    faulty: type[ReferenceAdapter], env: dict[str, str]
) -> None:
    # Who hangs is given up soon; everybody else has the time that a busy machine takes.
    limit = 1.5 if faulty is Hangs else None
    patience = SHORTER if faulty in SILENT else PATIENCE
    report = check_adapter(
        command(faulty.__name__), env=env, minute=MINUTE, patience=patience, limit=limit
    )
    found, mend = broken(report), {rule.name.lower(): rule.mend for rule in Rule}
    assert FAULTY[faulty][0] in found
    assert found == {name: mend[name] for name in FAULTY[faulty] if name in found}
    assert report.code == 1
    assert all(rule.seen for rule in report.rules if rule.verdict == "fail")


def test_every_rule_has_a_faulty_adapter_that_breaks_it() -> None:
    assert {names[0] for names in FAULTY.values()} == {rule.name.lower() for rule in Rule}


def test_what_is_declared_is_unsupported_and_what_was_not_judged_is_no_pass(
    env: dict[str, str], tmp_path: Path
) -> None:
    modest = tmp_path / "modest.py"
    modest.write_text(
        "import os\nfrom runall_harness.systems.reference.adapter_program import ReferenceAdapter\n"
        "class Modest(ReferenceAdapter):\n"
        "    cannot = {'abort': 'it has no such call', 'present_slot': 'it keeps no minutes',\n"
        "              'update_event': 'events are written once', 'owes': 'it does not say'}\n"
        "Modest(os.environ).serve()\n",
        "utf-8",
    )
    report = check_adapter([sys.executable, str(modest)], env=env, minute=MINUTE, patience=PATIENCE)
    rules = {rule.rule: (str(rule.verdict), rule.reason) for rule in report.rules}
    assert rules["aborts"] == ("unsupported", "the system can't do abort: it has no such call")
    assert rules["schedules"][0] == rules["updates"][0] == "unsupported"
    assert rules["runs"][0] == rules["tells"][0] == "pass"
    assert report.code == 0


# ------------------------------------------------------------------ the command
def test_the_command_shows_people_what_was_seen_and_how_to_mend_it(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert exit_code_of(["adapter", "check", *SHORT, *command("Boasts")]) == 1
    out = capsys.readouterr().out
    assert "unknown capabilities: exactly-once" in out
    assert "mend: let describe answer a name" in out
    assert FAULTY[Boasts] == ("describes",)


def test_the_report_keeps_to_its_schema(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert exit_code_of(["adapter", "check", "--schema", "x"]) == 0
    validator: Any = Draft202012Validator(json.loads(capsys.readouterr().out))
    assert exit_code_of(["adapter", "check", *SHORT, "--format", "json", *command("Dies")]) == 1
    report = json.loads(capsys.readouterr().out)
    validator.validate(report)
    assert report["verdict"] == "not conformant"
    (said,) = [rule["seen"][0] for rule in report["rules"] if rule["rule"] == "speaks"]
    assert "instead of answering jobs" in said
    assert "KeyError: 'state'" in said


def test_without_an_adapter_or_a_scheduler_the_kit_could_not_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert exit_code_of(["adapter", "check", "no-such-program"]) == 3
    assert "see whether 'no-such-program' is installed" in capsys.readouterr().err
    monkeypatch.setenv("RUNALL_URLS", "http://127.0.0.1:1")
    monkeypatch.setenv("RUNALL_TOKEN", "any")
    assert exit_code_of(["adapter", "check", "--patience", "0.1", *command("Faultless")]) == 3
    assert "start the scheduler" in capsys.readouterr().err
    assert exit_code_of(["adapter", "check"]) == 64


def test_an_interruption_is_reported_as_one_also_where_the_adapter_is_gone_by_then(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(exam: AdapterCheck) -> None:
        exam.create(exam.name("left"), exam.params(exam.name("left")))
        exam.client.wire.process.kill()
        raise KeyboardInterrupt

    monkeypatch.setattr("runall_harness.systems.adapter_check.run.PROBES", ((interrupted, ()),))
    with pytest.raises(KeyboardInterrupt):
        check_adapter(command("Faultless"), env=env, minute=MINUTE, patience=PATIENCE)
