"""What the tests of campaigns share: a plan that costs little, and what it comes to."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
from runall_harness.explorer.campaign.budget import read_budget
from runall_harness.explorer.campaign.course import Course
from runall_harness.explorer.campaign.local import LocalSearchers
from runall_harness.explorer.campaign.searchers import Searchers
from runall_harness.explorer.campaign.store import FILE, Store
from runall_harness.explorer.campaign.totals import Totals
from runall_harness.explorer.campaign.work import Reported, search_here
from runall_harness.explorer.seeds import SeedPlan
from runall_harness.host.kit_fingerprint import this_kit

PLAN = SeedPlan(worlds=("back/manual",), stories=1, most_moves=2)
KIT = this_kit()


def text(plan: SeedPlan = PLAN) -> str:
    """A plan as those who search are given it."""
    return msgspec.json.encode(plan).decode()


def alone(seed: int, plan: SeedPlan = PLAN) -> Reported:
    """What a seed comes to in this process."""
    return msgspec.json.decode(search_here(seed, text(plan), KIT), type=Reported)


def rows(folder: Path) -> dict[int, str]:
    """What a campaign has stored, by seed. Fails if a seed is there twice."""
    with closing(sqlite3.connect(folder / FILE)) as base:
        stored = base.execute("SELECT seed, result FROM seeds ORDER BY seed").fetchall()
    assert len(dict(stored)) == len(stored)
    return dict(stored)


def makers(folder: Path) -> list[int]:
    """The processes that made what is stored, those of the first seeds first."""
    with closing(sqlite3.connect(folder / FILE)) as base:
        names = base.execute("SELECT made_by FROM seeds ORDER BY seed").fetchall()
    return [int(name.rpartition(":")[2]) for (name,) in names]


def campaign(
    folder: Path,
    budget: str,
    searchers: Callable[[], Searchers] = lambda: LocalSearchers(text(), KIT, 2),
    watch: Callable[[Totals], None] = lambda _: None,
) -> Course:
    """A run of the campaign in that folder, to the end of its budget."""
    with closing(Store(folder, PLAN, KIT)) as store:
        course = Course(store, read_budget(budget), 1, watch)
        if course.is_wanting():
            course.run(searchers())
        return course
