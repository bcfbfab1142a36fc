"""Checks an adapter from end to end."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from runall_harness.adapter.wire import AdapterBroke

from ..adapter_client import AdapterClient
from .probes import PROBES, description, readiness
from .report import AdapterReport, Rule
from .session import AdapterCheck


def check_adapter(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    witness: Path | None = None,
    patience: float = 20.0,
    minute: float = 60.0,
    limit: float | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> AdapterReport:
    """Check the adapter that the command starts, against a scheduler that runs.

    `witness` is a folder that the scheduler's jobs can write to; without one, a new folder of
    this machine. `patience`, `minute` and `limit` are seconds: how long evidence may take, how
    long a minute of the schedule is, how long one answer may take.

    Raises:
        KitCannotRun: the adapter can't be started, or no node takes work.
    """
    with tempfile.TemporaryDirectory(prefix="runall-adapter-") as own, ExitStack() as stack:
        Path(own).chmod(0o755)  # jobs may run as any user
        client = AdapterClient(command, env, limit=limit)
        stack.callback(client.wire.end)
        check = AdapterCheck(client, witness or Path(own) / "witness", patience, minute)
        stack.callback(check.witness.close)
        run_probes(check, say)
    return check.report(command)


def run_probes(check: AdapterCheck, say: Callable[[str], None]) -> None:
    """Run the probes. An adapter that breaks down ends the check, and is reported."""
    try:
        say("description")
        check.attempt(description, (Rule.DESCRIBES,))
        readiness(check)
        try:
            for probe, rules in PROBES:
                say(probe.__name__)
                check.attempt(probe, rules)
        except BaseException:
            # An error such as an interrupt is raised; an adapter that broke because of it is not
            # reported.
            with suppress(AdapterBroke):
                check.clean_up()
            raise
        check.clean_up()
        check.hold(Rule.SPEAKS, True, "")
        say("leaving")
        check.hold(
            Rule.LEAVES, check.client.wire.close(), "it runs on although its input has ended"
        )
    except AdapterBroke as broken:
        check.hold(Rule.SPEAKS, False, f"{broken.cause}; {broken.hint}")
