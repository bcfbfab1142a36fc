"""The format of a history: what the kit writes is what its schema and its page describe."""

import json
from collections import Counter
from pathlib import Path
from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator
from runall_harness.checks import CHECKS, examine
from runall_harness.evidence.history import AnyLine, BadHistory, Owed, load, schema
from support.places import DOCS

PAGE = DOCS / "history.md"


@pytest.fixture(scope="module")
def validator() -> Any:
    """What holds a line against the published schema."""
    Draft202012Validator.check_schema(schema())
    return Draft202012Validator(schema())


def kinds(lines: list[dict[str, Any]]) -> set[str]:
    """The kinds of lines among these."""
    return {line["kind"] for line in lines}


def every_kind() -> set[str]:
    """The kinds of lines that the schema knows."""
    return set(schema()["discriminator"]["mapping"])


def test_every_history_that_the_kit_writes_is_valid(validator: Any, histories: list[Path]) -> None:
    written: set[str] = set()
    for path in histories:
        lines = [json.loads(raw) for raw in path.read_bytes().splitlines()]
        # One of each shape is enough: what differs between them is only how often they come.
        shapes = {json.dumps(shape(line)): line for line in lines}
        for line in shapes.values():
            validator.validate(line)
        written |= kinds(lines)
    # Only the explorer writes how a history came about, and the reference forgets no job so soon.
    assert written == every_kind() - {"story", "gone"}


def shape(value: Any, key: str = "") -> Any:
    """The form of a value without its contents."""
    if isinstance(value, dict):
        mapping = cast(dict[str, Any], value)
        return {name: shape(one, name) for name, one in mapping.items()}
    if isinstance(value, list):
        return [shape(one) for one in cast(list[Any], value)[:1]]
    return value if key in ("kind", "how", "outcome", "what") else type(value).__name__


def test_the_schema_refuses_what_the_reader_refuses(validator: Any, tmp_path: Path) -> None:
    for wrong in (
        {"kind": "rumour", "at": 1},
        {"kind": "start", "at": "noon", "node": "w1"},
        {"kind": "start", "at": 1},
        {"kind": "start", "at": 1, "node": "w1", "color": "red"},
        {"kind": "meta", "at": 1, "system": "s", "schema": "runall-history/9"},
        {"kind": "answer", "at": 1, "number": 1, "outcome": "perhaps"},
    ):
        assert not validator.is_valid(wrong), wrong
        path = tmp_path / "history.jsonl"
        path.write_text('{"kind":"meta","at":0,"system":"s"}\n' + json.dumps(wrong) + "\n")
        with pytest.raises(BadHistory, match=r"history\.jsonl, line 2: "):
            load(path)


def test_a_history_that_is_saved_is_read_as_it_was(histories: list[Path], tmp_path: Path) -> None:
    from runall_harness.evidence.history import History

    lines: list[AnyLine] = load(histories[0])
    history = History()
    history.lines = lines
    history.save(tmp_path / "again.jsonl")
    assert load(tmp_path / "again.jsonl") == lines


# What no case brings about: each is shown by a written history, and looked for by the explorer.
RARE = {
    "living-go-on": "a job that is taken for lost while it lives",
    "limit-is-no-interruption": "a time limit that passes while no server fails",
    "takeovers-go-on": "slots that are owed over a takeover, with a time by which",
    "retries-come": "a retry that nothing at all keeps from starting",
    "limbo-counts": "a start while another job of the event is in limbo",
}


def test_every_check_is_exercised_by_some_case(simulated: list[list[AnyLine]]) -> None:
    exercised: Counter[str] = Counter()
    for lines in simulated:
        exercised.update(examine(lines).exercised)
    assert {check.name for check in CHECKS if not exercised[check.name]} <= RARE.keys()


def test_a_case_that_waits_for_a_rerun_says_until_when_it_is_owed(
    simulated: list[list[AnyLine]],
) -> None:
    owed = [
        line
        for lines in simulated
        for line in lines
        if isinstance(line, Owed) and line.what == "rerun"
    ]
    assert len(owed) > 50
    clauses = {"RA-1.1", "RA-1.2", "RA-9.9", "RA-13.1", "RA-13.2"}
    assert all(line.until > line.at and line.clause in clauses for line in owed)
