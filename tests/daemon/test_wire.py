"""Two releases on one link: what each can read of the other, and how they refuse each other.

formats/wire-1.jsonl is what the daemons of the last release put on their links, in a cluster with
jobs by hand and by the clock, an abort, a failure, two kills and a clean stop.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from runall_harness.rigs.other_releases import RELEASES, LastJob, with_more
from runall_reference.brain.messages import (
    Ack,
    Beat,
    Refuse,
    Start,
    decode_beat,
    decode_order,
    encode,
)
from runall_reference.brain.records import Job
from runall_reference.daemon.wire import (
    FORMAT_1_JOB,
    LONGEST_REASON,
    SPOKEN,
    UNNAMED,
    Formats,
    NoCommonFormat,
    agreed,
    encoded,
    named,
    short,
)

LAST = [
    json.loads(line)
    for line in (Path(__file__).parent / "formats" / "wire-1.jsonl").read_bytes().splitlines()
]
JOB = Job(
    id="j1", event="e", root="j1", attempt=1, cause="manual", now=1.5, params={"a": [1, None]}
)
START = Start(epoch=1, boot="b", sent=2.0, job=JOB)
REFUSAL = Refuse(epoch=1, why="another has the name")


def decoder(message: dict[str, Any]) -> Callable[[bytes], Any]:
    return decode_beat if message["type"] == "beat" else decode_order


# ------------------------------------------------------------------ what the last release says
def test_every_message_of_the_last_release_is_read_and_nothing_of_it_is_lost():
    assert {message["type"] for message in LAST} == {"beat", "ack", "start", "stop"}
    for message in LAST:
        read = json.loads(encode(decoder(message)(json.dumps(message).encode())))
        kept = {name: read[name] for name in message}
        if "job" in message and message["type"] == "start":
            kept["job"] = {name: read["job"][name] for name in message["job"]}
        assert kept == message


def test_format_1_has_the_fields_of_a_job_that_the_last_release_sent():
    sent = [list(message["job"]) for message in LAST if message["type"] == "start"]
    assert all(fields == FORMAT_1_JOB.split() for fields in sent)
    assert list(LastJob.__struct_fields__) == FORMAT_1_JOB.split()


# ------------------------------------------------------------------ what it can read of ours
def test_the_last_release_reads_the_orders_that_it_is_sent_whatever_a_job_has_by_now():
    full = replace(JOB, orphaned=True, slot=7, code=1, lost_at=3.0)
    for job in (JOB, full):
        said = encoded(replace(START, job=job), UNNAMED.newest)
        assert said is not None
        order = RELEASES["last"].decode_order(said)
        assert isinstance(order, Start)
        assert order.job == replace(job, orphaned=False)


def test_the_last_release_would_not_read_what_this_one_is_sent():
    said = encoded(START, SPOKEN.newest)
    with pytest.raises(msgspec.ValidationError, match="unknown field `orphaned`"):
        RELEASES["last"].decode_order(said or b"")


def test_a_message_that_an_old_format_lacks_is_not_sent_in_it():
    assert encoded(REFUSAL, UNNAMED.newest) is None
    assert encoded(REFUSAL, SPOKEN.newest) is not None
    assert encoded(Ack(epoch=1, sent=2.0), UNNAMED.newest) is not None


# ------------------------------------------------------------------ what a later release says
@pytest.mark.parametrize("message", LAST, ids=lambda message: message["type"])
def test_fields_that_are_not_known_are_passed_over(message: dict[str, Any]):
    plain, more = json.dumps(message).encode(), json.dumps(with_more(message)).encode()
    assert plain != more
    assert decoder(message)(more) == decoder(message)(plain)


def test_a_field_of_todays_messages_may_be_missing_if_it_came_after_the_last_release():
    beat = next(message for message in LAST if message["type"] == "beat")
    assert "home" not in beat
    assert decode_beat(json.dumps(beat).encode()).home == Beat(node="", boot="", sent=0.0).home


# ------------------------------------------------------------------ which format a link carries
@pytest.mark.parametrize(
    ("worker", "primary", "format"),
    [
        (Formats(1, 2), Formats(1, 2), 2),
        (Formats(1, 1), Formats(1, 2), 1),
        (Formats(2, 3), Formats(1, 2), 2),
        (Formats(1, 2), Formats(2, 9), 2),
        (Formats(1, 9), Formats(3, 4), 4),
    ],
)
def test_two_ends_take_the_newest_format_that_both_speak(
    worker: Formats, primary: Formats, format: int
):
    assert agreed(worker, primary) == format
    assert agreed(primary, worker) == format


@pytest.mark.parametrize(
    ("worker", "primary", "older"),
    [(Formats(3, 4), Formats(1, 2), "primary"), (Formats(1, 1), Formats(2, 2), "worker")],
)
def test_two_ends_without_a_common_format_say_which_of_them_is_the_older(
    worker: Formats, primary: Formats, older: str
):
    with pytest.raises(NoCommonFormat) as caught:
        agreed(worker, primary)
    words = f"the worker speaks {worker}, the primary {primary}; upgrade the {older}"
    assert str(caught.value) == f"no wire format in common: {words}"


def test_an_end_that_names_no_format_is_of_the_last_release():
    assert named(None) == UNNAMED
    assert named(SPOKEN.header()) == SPOKEN
    assert named("3-4; of a later kind") == Formats(3, 4)


@pytest.mark.parametrize("header", ["", "two", "-1", "1", "1-"])
def test_formats_that_can_not_be_read_are_refused(header: str):
    with pytest.raises(NoCommonFormat, match="can't be read; upgrade this end"):
        named(header)


def test_a_reason_fits_into_the_close_of_a_link():
    assert short("plain") == "plain"
    assert len(short("é" * LONGEST_REASON).encode()) <= LONGEST_REASON
