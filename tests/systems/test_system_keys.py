"""What a system's file says beside its nodes takes effect: policies, options, set-up, readiness.

Each file here is the shipped one of the reference with some keys added, so that what changes is
what the key says, and nodes are real.
"""

import sys
from contextlib import closing
from pathlib import Path

import pytest
from runall_harness.conformance.known_failures import declarations
from runall_harness.conformance.run_report import CaseReport, describe
from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.verdicts import Verdict
from runall_harness.evidence.facts import Proof
from runall_harness.rigs.base import NodeSpec, Readiness
from runall_harness.rigs.processes.rig import ProcessesRig
from runall_harness.systems import file_of, find, read_options
from runall_harness.systems.base import NoPolicy
from runall_harness.systems.described_system import DescribedSystem
from runall_harness.systems.description_file import example, laid_over, read_description
from runall_harness.systems.lookup import shipped
from support.conform_runs import conform
from support.small_features import runall

ONE = "5_worker_restart/its-job-is-run-again-by-itself-after-its-return/manual"


def write(folder: Path, *, top: str = "", tables: str = "", **changes: str) -> Path:
    """The shipped file with keys above its tables, and tables at its end."""
    text = example().replace("# What it says of its own speed", f"{top}\n# What it says", 1)
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path = folder / "s.toml"
    path.write_text(f"{text}\n{tables}\n", "utf-8")
    return path


def cause(path: Path, rig: str = "processes", **more: str) -> str:
    """Why the system of that file cannot be had."""
    with pytest.raises(KitCannotRun) as caught:
        find(str(path), rig, **more)  # pyright: ignore[reportArgumentType] - texts only
    return f"{caught.value.cause}; {caught.value.hint}"


# ------------------------------------------------------------------ policies
PATIENT = """
[policies.patient]
version = "patient"
[policies.patient.timings]
dead_job_timeout = 77.0
[policies.patient.known_failures]
"1_a/b/*" = "too patient"
"""


def test_a_policy_is_laid_over_the_file_and_all_else_stays(tmp_path: Path) -> None:
    path = write(tmp_path, tables=f'"2_a/*" = "of the file"\n{PATIENT}')
    plain, patient = read_description(path), read_description(path, "patient")
    assert (patient.version, patient.timings.dead_job_timeout) == ("patient", 77.0)
    assert patient.timings.notice == plain.timings.notice
    assert patient.roles == plain.roles
    assert find(str(path), rig="processes", policy="patient").policy == "patient"


def test_a_policy_has_known_failures_of_its_own_alone(tmp_path: Path) -> None:
    path = write(tmp_path, tables=f'"2_a/*" = "of the file"\n{PATIENT}')
    cases = ["1_a/b/manual", "2_a/b/manual"]
    for policy, known in (("", {"2_a/*": "of the file"}), ("patient", {"1_a/b/*": "too patient"})):
        where = declarations(None, path, policy)
        assert where is not None
        assert where.known(cases).failures == known
    assert declarations(path, None, "patient") == (path, ("known_failures",), True)


def test_a_policy_that_declares_nothing_shares_what_the_file_declares(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        tables='"2_a/*" = "of the file"\n[policies.quiet]\n[known_races]\n'
        '"1_a/b/*" = "a race"\n[policies.lucky.known_failures]\n',
    )
    cases = ["1_a/b/manual", "2_a/b/manual"]
    shared = ({"2_a/*": "of the file"}, {"1_a/b/*": "a race"})
    nothing: dict[str, str] = {}
    for policy, known in (("quiet", shared), ("lucky", (nothing, shared[1]))):
        where = declarations(None, path, policy)
        assert where is not None
        assert where.known(cases) == known


def test_an_update_for_a_policy_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    path = write(tmp_path, tables='"2_a/*" = "of the file"\n[policies.quiet]\n')
    cases = ["1_a/b/manual", "2_a/b/manual"]
    quiet, plain = (declarations(None, path, policy) for policy in ("quiet", ""))
    assert quiet is not None
    assert plain is not None
    assert not quiet.update(cases, [ended("2_a/b/manual", Verdict.KNOWN_FAILURE)])
    assert quiet.update(cases, [ended("2_a/b/manual", Verdict.UNEXPECTED_PASS)])
    declared = quiet.known(cases).failures, plain.known(cases).failures
    assert declared == ({}, {"2_a/*": "of the file"})


def ended(case: str, verdict: Verdict) -> CaseReport:
    """A case that ended so."""
    return CaseReport(
        id=case,
        feature="",
        scenario="",
        trigger="",
        clauses=[],
        verdict=verdict,
        message="",
        recovery_s=None,
        deadline_s=None,
        outcome=None,
        within_s=None,
        together_s=None,
        faults=[],
        executions=[],
        history=None,
    )


def test_a_policy_that_the_file_does_not_have_is_wrong_usage(tmp_path: Path) -> None:
    path = write(tmp_path, tables=PATIENT)
    with pytest.raises(NoPolicy, match="take one of patient"):
        find(str(path), rig="processes", policy="hasty")
    done = runall(None, "conform", "--system", str(path), "--policy", "hasty", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (64, "")
    (tmp_path / "bare").mkdir()
    assert "leave --policy away" in cause(write(tmp_path / "bare"), policy="hasty")


def test_a_mistake_in_a_policy_is_found_before_anybody_asks_for_it(tmp_path: Path) -> None:
    path = write(tmp_path, tables="[policies.odd.timings]\nnotices = 1.0")
    done = runall(None, "system", "check", str(path), cwd=tmp_path)
    assert done.returncode == 1
    assert "unknown field `notices`" in done.stderr


def test_laying_over_joins_tables_and_replaces_the_rest() -> None:
    below = {"a": {"x": 1, "y": [1]}, "b": 2, "c": {"z": 1}}
    assert laid_over(below, {"a": {"y": [2]}, "b": {"q": 1}, "d": 3}) == {
        "a": {"x": 1, "y": [2]},
        "b": {"q": 1},
        "c": {"z": 1},
        "d": 3,
    }
    assert below["a"] == {"x": 1, "y": [1]}, "what lies below is left as it was"


# ------------------------------------------------------------------ options, rigs, images
def node_of(system: DescribedSystem, folder: Path, role: str = "worker") -> NodeSpec:
    with closing(ProcessesRig("keys", records=folder)) as rig:
        return system.node(rig.site("c"), "w1", role, ("primary",))


def test_an_option_has_its_default_until_a_user_sets_it(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        tables='[options]\nbeat = "0.2"',
        **{'"0.2", "--silence"': '"${option.beat}", "--silence"'},
    )
    for given, beat in (({}, "0.2"), (read_options(["beat=0.3"]), "0.3")):
        system = DescribedSystem(path, "processes", options=given)
        assert describe(system).options == {"beat": beat}
        spec = node_of(system, tmp_path)
        assert spec.command[spec.command.index("--heartbeat") + 1] == beat
    with pytest.raises(KitCannotRun, match="it has beat"):
        DescribedSystem(path, "processes", options={"bet": "1"})
    with pytest.raises(KitCannotRun, match="NAME=VALUE"):
        read_options(["beat"])


def test_a_rig_that_can_t_run_the_system_is_refused_and_auto_takes_the_other(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, top='needs_image = "docker build it"')
    assert "docker build it" in cause(path, "docker")
    assert find(str(path), rig="docker", image="x").image == "x"
    done = conform("--system", str(path), "--scenario", ONE, out=tmp_path / "out")
    assert (done.code, set(done.verdicts().values())) == (0, {"pass"})
    assert done.report["rig"] == "processes"
    only = write(tmp_path, top='rigs = ["docker"]')
    assert "take --rig docker" in cause(only)


def test_nodes_that_need_hosts_of_their_own_are_for_containers_only(tmp_path: Path) -> None:
    assert "processes of one machine share its name" in cause(
        write(tmp_path, top="own_hosts = true")
    )


# ------------------------------------------------------------------ faults that can't be shown
def test_a_fault_that_the_system_can_t_be_shown_under_makes_its_cases_unsupported(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, tables='[cannot]\npause = "it has no pulse"')
    asked = "fencing/a-worker-that-is-frozen-for-a-moment-only-keeps-its-job/manual"
    done = conform(
        "--rig", "processes", "--system", str(path), "--scenario", asked, out=tmp_path / "o"
    )
    (case,) = done.report["cases"]
    assert (done.code, case["verdict"]) == (2, "unsupported")
    assert "it has no pulse" in case["message"]
    assert "no fault 'paws'" in cause(write(tmp_path, tables='[cannot]\npaws = "x"'))


# ------------------------------------------------------------------ set-up
SETUP = """
[setup]
programs = {{ sh = "install a shell" }}
command = ["sh", "-c", "echo made >> made; cat '${{here}}/seed' > copy; exit {code}"]
inputs = ["seed"]
"""


def test_a_set_up_runs_once_until_its_inputs_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = write(tmp_path, tables=SETUP.format(code=0))
    seed = tmp_path / "seed"
    seed.write_text("one")
    first, again = (DescribedSystem(path, "processes").cache for _ in "12")
    seed.write_text("two")
    other = DescribedSystem(path, "processes").cache
    assert first == again != other
    assert [(f / "made").read_text() for f in (first, other)] == ["made\n"] * 2
    assert [(f / "copy").read_text() for f in (first, other)] == ["one", "two"]


def test_a_set_up_that_fails_is_reported_with_its_last_words_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = write(tmp_path, tables=SETUP.format(code=3))
    with pytest.raises(KitCannotRun, match=r"setup\.inputs"):
        _ = DescribedSystem(path, "processes").cache
    (tmp_path / "seed").write_text("one")
    for _ in "12":
        with pytest.raises(KitCannotRun, match=r"setup\.command ended with 3"):
            _ = DescribedSystem(path, "processes").cache


def test_a_program_that_is_missing_is_reported_with_how_to_get_it(tmp_path: Path) -> None:
    path = write(tmp_path, tables='[setup]\nprograms = { no-such-program = "make one" }')
    assert cause(path) == "no-such-program is not on the PATH; make one"


# ------------------------------------------------------------------ readiness
SERVE = "import http.server as h; print('up', flush=True); h.HTTPServer(('127.0.0.1', {port}), h.SimpleHTTPRequestHandler).serve_forever()"  # noqa: E501 - a program in a line


def test_a_node_is_evident_by_what_this_start_of_it_has_shown(tmp_path: Path) -> None:
    from runall_harness.scenario.nodes import Evidence

    with closing(ProcessesRig("ready", records=tmp_path)) as rig:
        site = rig.site("c")
        port = site.place("n").port
        command = (sys.executable, "-c", SERVE.format(port=port))
        spec = NodeSpec(name="n", role="worker", command=command, ready=Readiness(log="^up$"))
        served = NodeSpec(
            name="n", role="worker", command=command, ready=Readiness(http="/", holds="Directory")
        )
        other = NodeSpec(
            name="n",
            role="worker",
            command=command,
            ready=Readiness(http="/", holds="Nothing like it"),
        )
        evidence = Evidence(site)
        evidence.starts(spec)
        assert not evidence.shows(spec)
        assert not evidence.shows(served)
        site.start(spec)
        assert site.wait(lambda: evidence.shows(spec), 20.0)
        assert site.wait(lambda: evidence.shows(served), 20.0)
        assert not evidence.shows(other)
        proof: Proof = site.kill("n")
        assert proof.proven
        evidence.starts(spec)
        assert not evidence.shows(spec), "what an earlier start printed proves nothing"


def test_a_node_that_never_shows_it_ends_the_case_as_an_error(tmp_path: Path) -> None:
    never = {"[roles.worker]": '[roles.worker]\nready = { log = "never said" }'}
    path = write(tmp_path, **never, **{"start = 30.0": "start = 1.0"})
    done = conform(
        "--rig", "processes", "--system", str(path), "--scenario", ONE, out=tmp_path / "o"
    )
    assert done.code == 3
    assert "worker-1 did not come up" in done.report["cases"][0]["message"]


def test_with_a_probe_a_job_has_run_on_every_node_before_the_case_begins(tmp_path: Path) -> None:
    path = write(tmp_path, top="probe = true")
    done = conform(
        "--rig", "processes", "--system", str(path), "--scenario", ONE, out=tmp_path / "o"
    )
    (case,) = done.report["cases"]
    assert case["verdict"] == "pass"
    before = [
        e["node"]
        for e in case["executions"]
        if e["ended_at"] and e["ended_at"] < case["faults"][0]["at"]
    ]
    assert sorted(before) == ["primary", "worker-1"]


# ------------------------------------------------------------------ what is shipped
@pytest.mark.parametrize("name", sorted(shipped()))
def test_every_shipped_system_is_right_with_each_of_its_policies(name: str) -> None:
    done = runall(None, "system", "check", str(file_of(name)), cwd=Path.cwd())
    assert (done.returncode, done.stderr) == (0, "")
    assert read_description(shipped()[name]).name == name
