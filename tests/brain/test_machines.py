"""A machine makes the transitions of its table and no others, by the facts that it is given."""

import pytest
from runall_reference.brain.machines import ACTIVE, FINAL, JOB, LIVE, Life, Rule, Token
from transitions import MachineError

CONDITIONS = ("aborted", "overdue", "reached", "good")


def a_door() -> Life:
    """A machine of its own, made inside a test."""
    rules = (
        Rule("open", ("closed", "ajar"), "ajar", given=("overdue",)),
        Rule("open", "closed", "open"),
        Rule("shut", ("open", "ajar"), "closed", given=("good", "reached")),
    )
    return Life("door", (state for state in ("closed", "ajar", "open")), "closed", iter(rules))


def test_the_first_row_whose_conditions_hold_is_taken() -> None:
    door = a_door()
    assert door.fire("closed", "open") == "open"
    assert door.fire("closed", "open", "overdue") == "ajar"
    assert door.fire("ajar", "open", "overdue") == "ajar"


def test_every_condition_of_a_row_must_hold() -> None:
    door = a_door()
    assert door.fire("open", "shut", "reached", "good") == "closed"
    for facts in ((), ("reached",), ("good",)):
        with pytest.raises(MachineError):
            door.fire("open", "shut", *facts)


def test_an_error_names_the_missing_row_by_machine_trigger_state_and_facts() -> None:
    with pytest.raises(MachineError) as error:
        a_door().fire("ajar", "open", "good")
    assert error.value.value == "door: no row for 'open' in 'ajar' given ('good',)"


def test_a_machine_has_the_triggers_of_its_table_and_no_shortcut_to_a_state() -> None:
    door = a_door()
    assert set(door.machine.events) == {"open", "shut"}
    assert (door.name, door.initial, door.machine.initial) == ("door", "closed", "closed")
    assert door.states == tuple(door.machine.states) == ("closed", "ajar", "open")
    assert [(rule.trigger, source, rule.dest) for rule, source in door.rows()] == [
        ("open", "closed", "ajar"),
        ("open", "ajar", "ajar"),
        ("open", "closed", "open"),
        ("shut", "open", "closed"),
        ("shut", "ajar", "closed"),
    ]
    assert door.machine.models == []


def test_a_transition_is_worked_out_once() -> None:
    door = a_door()
    for _ in range(3):
        door.fire("closed", "open")
    assert door.fire.cache_info().misses == 1


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_is_the_fact_of_its_name(condition: str) -> None:
    others = frozenset(CONDITIONS) - {condition}
    assert getattr(Token("open", frozenset({condition})), condition)()
    assert not getattr(Token("open", others), condition)()


def test_a_job_that_is_over_stays_as_it_is() -> None:
    assert set(LIVE) | set(FINAL) == set(JOB.states)
    for state in FINAL:
        for trigger in JOB.machine.events:
            with pytest.raises(MachineError):
                JOB.fire(state, trigger, *CONDITIONS)


@pytest.mark.parametrize("state", ACTIVE)
def test_what_was_placed_cannot_be_cancelled_only_stopped(state: str) -> None:
    assert JOB.fire(state, "stop") == "stopping"
    with pytest.raises(MachineError):
        JOB.fire(state, "cancel")
