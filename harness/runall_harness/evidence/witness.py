"""The witness: what really ran, as the jobs themselves told it.

A scheduler's own history is a claim. The truth is a folder into which every job of a case writes
for itself (`witness.sh`) that it started, that it lives, and how it ended. This module is the
reader's side of that folder. It knows no scheduler and no rig: a rig shares the folder with its
nodes and says which node died and when, for the dead say no goodbye.

The folder::

    witness.sh                  the job
    values/<execution>/<NAME>   one file per recorded variable, verbatim
    beats/<execution>           one byte more about every tenth of a second
    events/<execution>.<what>   empty; started, then completed, failed or terminated
    release/<tag>               made by the harness: jobs of that tag end

    clock                       touched to ask what time it is

All times are the modification times of these files: one kernel's clock, whatever clock the job
had. The kernel stamps files by its tick, so that this clock lags `time.time()` by up to ten
milliseconds: long enough to put a start before the death that it followed. Whoever compares
with the times of a witness takes them from `Witness.now`. Only `events` is watched, for a beat
changes nothing that is worth waking up for.
"""

import re
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from watchfiles._rust_notify import RustNotify

from .facts import Execution

SCRIPT = Path(__file__).with_name("witness.sh")
FOLDERS = ("values", "beats", "events", "release")
ENDS = ("completed", "failed", "terminated")
# What the scheduler says about a job, in contrast to the parameters, which are the user's.
CLAIM = "JOB_"
OWN = frozenset({"PID", "RUNALL_NODE"})

# The longest tick of a kernel that stamps files, with something to spare; seconds.
TICK = 0.02

_PLAIN = re.compile(r"[A-Za-z0-9._-]+")
_STEP_MS = 1
_POLL_MS = 50


class StartFacts(NamedTuple):
    """What never changes about an execution: when it started, and what it was given."""

    started_at: float
    values: dict[str, str]


class NodeDeath(NamedTuple):
    """A node died at a time; `seen` are the executions that had told something by then."""

    node: str
    at: float
    seen: frozenset[str]

    def ended(self, name: str, story: StartFacts) -> bool:
        """Whether it ended an execution of its node.

        A node may be back and run a job in the same tick. A file that shows late, as through
        some bind mounts, is of an earlier one.
        """
        return story.started_at <= self.at - (0 if name in self.seen else TICK)


class Witness:
    """One folder of one case, as the harness sees it.

    `polling` is for file systems that carry no events, such as a bind mount of Docker Desktop.
    """

    def __init__(self, folder: Path, *, polling: bool = False) -> None:
        self.folder = folder
        self._polling = polling
        self._stories: dict[str, StartFacts] = {}
        self._deaths: list[NodeDeath] = []
        self._killed: dict[str, float] = {}
        self._ended: dict[str, Execution] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._watcher: threading.Thread | None = None
        self._make_folder()

    def _make_folder(self) -> None:
        """Jobs may run as any user of any container, so all may write here."""
        for name in FOLDERS:
            path = self.folder / name
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o777)
        script = self.folder / SCRIPT.name
        shutil.copyfile(SCRIPT, script)
        script.chmod(0o755)
        self.folder.chmod(0o755)

    def now(self) -> float:
        """The time, in seconds since 1970, on the clock that stamps the jobs' files."""
        clock = self.folder / "clock"
        try:
            clock.touch()
            return clock.stat().st_mtime
        except FileNotFoundError:
            # The case is over and its folder removed; nothing is left to compare with.
            return time.time()

    def watch(self, notify: Callable[[], None]) -> None:
        """Call `notify`, from a thread of its own, whenever a job started or ended."""
        events = str(self.folder / "events")
        # Made here and not in the thread: what happens after `watch` returned is seen for sure.
        source = RustNotify([events], False, self._polling, _POLL_MS, False, False)
        self._watcher = threading.Thread(
            target=self._report, args=(source, notify), name="witness", daemon=True
        )
        self._watcher.start()

    def _report(self, source: RustNotify, notify: Callable[[], None]) -> None:
        while not self._closing.is_set():
            changes = source.watch(_STEP_MS, _STEP_MS, 0, self._closing)
            if not isinstance(changes, str):
                notify()
        source.close()

    def executions(self) -> list[Execution]:
        """All executions so far, oldest first."""
        with self._lock:
            told = self._told()
            found = [self._execution(name, told[name]) for name in told if "started" in told[name]]
        return sorted(found, key=lambda execution: (execution.started_at, execution.id))

    def _told(self) -> dict[str, set[str]]:
        """Which events each execution wrote."""
        told: dict[str, set[str]] = {}
        for path in (self.folder / "events").iterdir():
            name, _, what = path.name.rpartition(".")
            told.setdefault(name, set()).add(what)
        return told

    def _execution(self, name: str, told: set[str]) -> Execution:
        if name not in self._ended:
            execution = self._read(name, told)
            if execution.how not in ENDS:
                return execution
            self._ended[name] = execution
        return self._ended[name]

    def _read(self, name: str, told: set[str]) -> Execution:
        story = self._story(name)
        beat_at = _modified(self.folder / "beats" / name) or story.started_at
        how, ended_at = self._end(name, told, story)
        return Execution(
            id=name,
            tag=story.values.get("TAG", ""),
            node=story.values.get("RUNALL_NODE", ""),
            job=story.values.get("JOB_ID", ""),
            now=story.values.get("JOB_NOW", ""),
            params=_params(story.values),
            claims=_claims(story.values),
            started_at=story.started_at,
            beat_at=max(beat_at, story.started_at, (ended_at or 0.0) if how in ENDS else 0.0),
            ended_at=ended_at,
            how=how,
        )

    def _story(self, name: str) -> StartFacts:
        if name not in self._stories:
            started_at = (self.folder / "events" / f"{name}.started").stat().st_mtime
            values = {
                # Bytes that are no text are shown as escapes: they must not get lost unnoticed.
                path.name: path.read_bytes().decode("utf-8", "backslashreplace")
                for path in (self.folder / "values" / name).iterdir()
            }
            self._stories[name] = StartFacts(started_at, values)
        return self._stories[name]

    def _end(self, name: str, told: set[str], story: StartFacts) -> tuple[str, float | None]:
        """How and when it ended. What a job said itself is believed before what a rig saw."""
        for how in ENDS:
            if how in told:
                return how, _modified(self.folder / "events" / f"{name}.{how}")
        node = story.values.get("RUNALL_NODE", "")
        deaths = [d.at for d in self._deaths if d.node == node and d.ended(name, story)]
        deaths += [self._killed[name]] if name in self._killed else []
        return ("killed", min(deaths)) if deaths else ("running", None)

    def pid(self, execution: str) -> int:
        """The process id of an execution, as its own node counts them."""
        with self._lock:
            return int(self._story(execution).values["PID"])

    def release(self, tag: str) -> None:
        """Let all present and future jobs of that tag end, within about a tenth of a second.

        Raises `ValueError` for a tag that is more than letters, digits, dots, dashes and
        underscores: it has to be the name of a file.
        """
        if not _PLAIN.fullmatch(tag) or tag in {".", ".."}:
            raise ValueError(f"the tag {tag!r} is no plain word; use letters, digits and dashes")
        (self.folder / "release" / tag).touch()

    def node_died(self, node: str, at: float) -> None:
        """A rig saw a whole node die: what ran there and never said goodbye is `killed`.

        `at` is a time of `Witness.now`, taken when nothing of the node ran any more.
        """
        with self._lock:
            self._deaths.append(NodeDeath(node, at, frozenset(self._told())))

    def execution_died(self, execution: str, at: float) -> None:
        """A rig saw one job's process gone; `killed`, unless the job itself says otherwise."""
        with self._lock:
            self._killed.setdefault(execution, at)

    def close(self) -> None:
        """Stop watching. The folder stays, for whoever wants to look. Safe to call twice."""
        self._closing.set()
        if self._watcher is not None and self._watcher is not threading.current_thread():
            self._watcher.join()


def _params(values: dict[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in values.items()
        if name not in OWN and not name.startswith(CLAIM)
    }


def _claims(values: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if name.startswith(CLAIM)}


def _modified(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return None
