"""The help of the daemons teaches, and wrong options are refused in words."""

import pytest
from click.testing import CliRunner
from runall_reference.brain.settings import Settings
from runall_reference.daemon.commands import PRIMARY_TIMES, TIMES, daemons


@pytest.mark.parametrize("role", ["primary", "worker"])
def test_help_names_every_duration_with_its_default(role: str):
    words = " ".join(CliRunner().invoke(daemons, [role, "--help"]).output.split())
    for name in TIMES | (PRIMARY_TIMES if role == "primary" else {}):
        assert f"--{name.replace('_', '-')} SECONDS" in words
        assert f"[default: {getattr(Settings(), name)}" in words


def test_help_shows_a_session_that_can_be_copied():
    lines = CliRunner().invoke(daemons, ["primary", "--help"]).output.splitlines()
    assert any(line.endswith("--primary 127.0.0.1:7070 \\") for line in lines)
    assert any(line.strip() == 'curl -H "$KEY" 127.0.0.1:7070/v1/jobs' for line in lines)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["worker", "--name", "w", "--data", "d", "--primary", "nowhere"], "is not HOST:PORT"),
        (["worker", "--name", "w", "--data", "d", "--primary", "::1:70"], "brackets"),
        (["worker", "--name", "w*", "--data", "d", "--primary", "h:1"], "use letters"),
        (["primary", "--name", "p", "--data", "d", "--heartbeat", "0"], "not in the range x>0"),
        (["primary", "--name", "p", "--data", "d", "--fence", "120"], "shorten the fence"),
    ],
)
def test_a_wrong_option_is_refused_with_the_reason(arguments: list[str], words: str):
    result = CliRunner().invoke(daemons, arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())
