"""Steps about orders that can't be carried out: what is refused changes nothing."""

from collections.abc import Callable
from typing import Any

import msgspec
from pytest_bdd import parsers, then, when

from runall_harness.contract.verdicts import Violation
from runall_harness.evidence.views import Rejected

from ..expectations import Scenario, require
from ..setting import EVENT

NOBODY, OTHER, NEXT, UNKNOWN = "nobody", "another", "next", "j0"
CHANGED = "changed by an order that was refused"
KIB = 1024
# What no process can be given, in the words of the steps.
VALUES: dict[str, dict[str, Any]] = {
    "a value of 128 KiB": {"long": "x" * 128 * KIB},
    "a value with a NUL": {"odd": "x\0y"},
    "values of 4 MiB": {f"p{number:02}": "x" * 64 * KIB for number in range(64)},
    "a script that can't be started": {"script": "#!/nowhere/at/all\n"},
}


class Given(msgspec.Struct):
    """What the last order came to: the words of a refusal, or the job of a run."""

    refused: str = ""
    job: str = ""


def edit(scenario: Scenario, event: str = EVENT, **fields: Any) -> None:
    fields = {"params": {"note": CHANGED}, **fields}
    scenario.calls.call("update_event", event=event, fields=fields)


def make(scenario: Scenario, event: str = OTHER, **fields: Any) -> None:
    params = {"tag": event, "note": CHANGED, **fields.pop("params", {})}
    scenario.calls.create(event, "worker-*", params=params, **fields)


def run(scenario: Scenario, event: str = EVENT, **params: Any) -> str:
    return scenario.calls.run(event, {"tag": OTHER, "hold": "0", **params})


ORDERS: dict[str, Callable[[Scenario], Any]] = {
    "makes another event under its id": lambda s: make(s, EVENT),
    "makes an event in a time zone that there is not": lambda s: make(s, timezone="No/Where"),
    "edits it to have a limit below zero": lambda s: edit(s, max_children=-1),
    "edits it to have another id": lambda s: edit(s, id=OTHER),
    "edits an event that there is not": lambda s: edit(s, NOBODY),
    "deletes an event that there is not": lambda s: s.calls.call("delete_event", event=NOBODY),
    "runs an event that there is not": lambda s: run(s, NOBODY),
    "asks for the end of a job that there is not": lambda s: s.calls.call("abort", job=UNKNOWN),
    "asks for the end of the job that has ended": lambda s: s.calls.call("abort", job=s.work.root),
}
WITH: dict[str, Callable[[Scenario, dict[str, Any]], Any]] = {
    "runs it": lambda s, values: run(s, **values),
    "makes an event": lambda s, values: make(s, params=values),
    "edits it": lambda s, values: edit(s, params={"note": CHANGED, **values}),
}


def given(scenario: Scenario, order: Callable[[Scenario], Any]) -> Given:
    """Give an order that may be refused."""
    try:
        job = order(scenario)
    except Rejected as refusal:
        return Given(refused=refusal.args[0] if f"{refusal}".strip(": ") else "")
    return Given(job=job or "")


@when(parsers.re(f"a user (?P<order>{'|'.join(ORDERS)})"), target_fixture="answer")
def give_order(scenario: Scenario, order: str) -> Given:
    return given(scenario, ORDERS[order])


@when(
    parsers.re(f"a user (?P<order>{'|'.join(WITH)}) with (?P<values>{'|'.join(VALUES)})"),
    target_fixture="answer",
)
def give_order_with_values(scenario: Scenario, order: str, values: str) -> Given:
    return given(scenario, lambda s: WITH[order](s, VALUES[values]))


@then("that is refused with a reason")
def require_refusal(scenario: Scenario, answer: Given) -> None:
    clause = scenario.clause("RA-8.6", "RA-8.7")
    require(answer.refused, clause, "a refusal, and its reason", "it was answered as if done")


@then("the job goes on, and its event is as it was")
def require_no_change(scenario: Scenario) -> None:
    """Require that the event still runs, with its own values, and that nothing else does."""
    clause = scenario.clause("RA-8.6", "RA-8.7")
    scenario.require_undisturbed(scenario.work, 1, clause)
    run_next(scenario, clause)
    note = scenario.cluster.tagged(NEXT)[-1].params.get("NOTE")
    require(note != CHANGED, clause, "the values of its event", "those of the refused order")
    others = [run.job for run in scenario.cluster.tagged(OTHER)]
    require(not others, clause, "nothing else has run", f"{others}")


def run_next(scenario: Scenario, clause: str) -> None:
    try:
        scenario.calls.run(EVENT, {"tag": NEXT, "hold": "0"})
    except Rejected as refusal:
        raise Violation(clause, "the next run is accepted", f"{refusal}") from None
    ended, prompt = scenario.cluster.ended, scenario.timings.prompt
    scenario.require_in_time(clause, "the next run ends well", lambda: ended(NEXT), prompt)


# ------------------------------------------------------------------ what was accepted
@when(
    parsers.re(f"a user asks for a run of it with (?P<values>{'|'.join(VALUES)})"),
    target_fixture="answer",
)
def ask_for_run(scenario: Scenario, values: str) -> Given:
    scenario.create_planned(EVENT, "manual", {"hold": "0"})
    return given(scenario, lambda s: run(s, **VALUES[values]))


@then("that is refused, or comes to an end that is shown")
def require_end_or_refusal(scenario: Scenario, answer: Given) -> None:
    if answer.refused:
        return

    def over() -> bool:
        view = scenario.calls.job(answer.job)
        return view is not None and view.final

    prompt, expected = scenario.timings.prompt, f"{answer.job} comes to an end"
    scenario.require_in_time("RA-12.4", expected, over, prompt)


@then("the next run of it ends well")
def require_next_run(scenario: Scenario) -> None:
    run_next(scenario, "RA-12.4")
