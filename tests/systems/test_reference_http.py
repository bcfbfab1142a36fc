"""The harness's client of the reference separates what did not happen from what may have."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from runall_harness.evidence.views import Rejected, Unreachable
from runall_harness.systems.reference.http_client import HttpClient
from support.real_daemons import TOKEN, RealDaemons


def test_an_order_whose_outcome_the_primary_does_not_know_is_no_refusal(tmp_path: Path) -> None:
    daemons = RealDaemons(tmp_path)
    try:
        primary, api = daemons.primary()
        client = HttpClient(lambda: None, [str(api.http.base_url).rstrip("/")], TOKEN)
        other = sqlite3.connect(tmp_path / "p" / "primary.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unreachable, match="outcome-unknown"):
            client.create_event({"id": "during"})
        primary.says("the state is read from the store again")
        other.execute("ROLLBACK")
        other.close()
        primary.says("is primary, epoch 2")
        with pytest.raises(Rejected, match="unknown-event"):
            client.delete_event("during")
        client.close()
    finally:
        daemons.close()


def test_a_primary_that_reads_its_store_again_leaves_the_answer_to_another_one(
    tmp_path: Path,
) -> None:
    with (
        closing(RealDaemons(tmp_path / "one")) as one,
        closing(RealDaemons(tmp_path / "two")) as two,
    ):
        primary, api = one.primary()
        _, other = two.primary()
        urls = [str(each.http.base_url).rstrip("/") for each in (api, other)]
        both, alone = (HttpClient(lambda: None, each, TOKEN) for each in (urls, urls[:1]))
        locked = sqlite3.connect(tmp_path / "one" / "p" / "primary.db", isolation_level=None)
        locked.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unreachable, match="outcome-unknown"):
            alone.create_event({"id": "during"})
        primary.says("the state is read from the store again")
        with pytest.raises(Rejected, match="recovering"):
            alone.views("events")
        assert both.views("events") == []
        both.create_event({"id": "elsewhere"})
        assert [view["id"] for view in both.views("events")] == ["elsewhere"]
        locked.close()
        both.close()
        alone.close()


def test_a_backup_that_answers_is_not_taken_for_the_server_that_leads(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'shared.db'}"
    with closing(RealDaemons(tmp_path)) as daemons:
        primary, first = daemons.primary("first", store=store)
        primary.says("is primary, epoch 1")
        backup, second = daemons.primary("second", store=store)
        backup.says("this server is a backup")
        urls = [str(each.http.base_url).rstrip("/") for each in (second, first)]
        with closing(HttpClient(lambda: None, urls, TOKEN)) as both:
            assert both.leader() == "first"
        with (
            closing(HttpClient(lambda: None, urls[:1], TOKEN)) as alone,
            pytest.raises(Unreachable, match="does not lead"),
        ):
            alone.leader()
