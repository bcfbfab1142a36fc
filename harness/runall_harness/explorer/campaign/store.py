"""What a campaign has found so far, on disk: one row for each seed, and what it is a campaign of.

A result is written in one transaction, so it is there or it is not. Writing it again changes
nothing, for a seed always has the same result; if it has not, the kit itself is broken, since
nothing that it found could be told again, and that is said at once.
"""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from runall_harness.contract.errors import KitCannotRun

from ..seeds import SeedPlan, SeedResult
from .work import Reported

FILE = "campaign.sqlite3"
SCHEMA = """
CREATE TABLE IF NOT EXISTS campaign (
    one INTEGER PRIMARY KEY CHECK (one = 1), plan TEXT NOT NULL, kit TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS seeds (
    seed INTEGER PRIMARY KEY, result TEXT NOT NULL, digest TEXT NOT NULL, made_by TEXT NOT NULL,
    seconds REAL NOT NULL
) STRICT;
"""


class OtherCampaign(KitCannotRun):
    """The folder holds a campaign with another plan, or of another kit."""


class Unrepeatable(KitCannotRun):
    """One seed has two results: the kit's own fault, and never the scheduler's."""


class Store:
    """The results of one campaign, in a folder."""

    def __init__(self, folder: Path, plan: SeedPlan, kit: str) -> None:
        """Open the campaign in that folder, or begin one.

        Raises:
            OtherCampaign: there is another one; what differs is named.
            KitCannotRun: the folder or the file can't be used.
        """
        self.folder, self.file = folder, folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.base = sqlite3.connect(self.file, isolation_level=None, timeout=60)
            self.base.executescript(f"PRAGMA journal_mode = WAL; {SCHEMA}")
            self.settle(msgspec.json.encode(plan).decode(), kit)
        except (OSError, sqlite3.Error) as error:
            raise KitCannotRun(
                f"the campaign in {folder} can't be opened: {error}",
                "name another folder with --campaign",
            ) from error

    def settle(self, plan: str, kit: str) -> None:
        """Write down what this is a campaign of, or see that it is the same one."""
        self.base.execute("INSERT OR IGNORE INTO campaign VALUES (1, ?, ?)", (plan, kit))
        ((old_plan, old_kit),) = self.base.execute("SELECT plan, kit FROM campaign")
        differing = list(differences(old_plan, plan))
        differing += [f"kit: {old_kit} there, {kit} here"] if old_kit != kit else []
        if differing:
            self.base.close()
            raise OtherCampaign(
                f"{self.folder} holds another campaign: {'; '.join(differing)}",
                "go on with what it began with, or name another folder with --campaign",
            )

    def seeds(self) -> set[int]:
        """The seeds that are done."""
        return {seed for (seed,) in self.base.execute("SELECT seed FROM seeds")}

    def results(self) -> Iterator[SeedResult]:
        """All results, by seed. Raises `KitCannotRun` for one that is not as it was written."""
        rows = self.base.execute("SELECT seed, result, digest FROM seeds ORDER BY seed")
        with closing(rows):
            for seed, text, digest in rows:
                if digest_of(seed, text) != digest:
                    raise self.tampered(seed)
                yield msgspec.json.decode(text, type=SeedResult)

    def tampered(self, seed: int) -> KitCannotRun:
        """The error for a result that somebody, or a broken disk, has changed."""
        return KitCannotRun(
            f"the stored result of seed {seed} in {self.file} is not what was written",
            "begin again in another folder: what is stored here can't be trusted",
        )

    def put(self, told: Iterable[Reported]) -> list[SeedResult]:
        """Store results, all or none; those that are new.

        Raises:
            Unrepeatable: a seed has another result already.
        """
        new: list[SeedResult] = []
        self.base.execute("BEGIN IMMEDIATE")
        try:
            new += [msgspec.json.decode(t.result, type=SeedResult) for t in told if self.insert(t)]
        finally:  # what came before an error, or Ctrl-C, is whole
            self.base.execute("COMMIT")
        return new

    def insert(self, told: Reported) -> bool:
        """Store a result; whether it is new."""
        row = (told.seed, told.result, digest_of(told.seed, told.result), told.by, told.seconds)
        try:
            self.base.execute("INSERT INTO seeds VALUES (?, ?, ?, ?, ?)", row)
        except sqlite3.IntegrityError:
            self.compare(told)
            return False
        return True

    def compare(self, told: Reported) -> None:
        """Hold a result to what is stored of its seed."""
        query = "SELECT result, made_by FROM seeds WHERE seed = ?"
        ((result, by),) = self.base.execute(query, (told.seed,))
        if differing := list(differences(result, told.result)):
            raise Unrepeatable(
                f"seed {told.seed} has two results, of {by} there and of {told.by} here: "
                + "; ".join(differing),
                "this is a fault of the kit, not of the scheduler: report the seed and the plan",
            )

    def close(self) -> None:
        """Close the file."""
        self.base.close()


def digest_of(seed: int, result: str) -> str:
    """What tells whether a row is as it was written."""
    return hashlib.sha256(f"{seed} {result}".encode()).hexdigest()


def differences(there: str, here: str) -> Iterator[str]:
    """The fields in which two JSON objects differ, in words."""
    old, new = (msgspec.json.decode(text, type=dict[str, Any]) for text in (there, here))
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield f"{name}: {shown(old.get(name))} there, {shown(new.get(name))} here"


def shown(value: Any) -> str:
    """A value, short enough for a line."""
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 80 else f"{text[:77]}..."
