"""The witness: what really ran, as the jobs themselves reported it.

A scheduler's own history is a claim. The truth is a folder into which every job of a case writes
(`witness.sh`) that it started, that it lives, and how it ended. This module reads that folder. It
knows no scheduler and no rig: a rig shares the folder with its nodes and reports which node died
and when, because a dead job cannot.

The folder::

    witness.sh                  the job
    values/<execution>/<NAME>   one file per recorded variable, verbatim
    beats/<execution>           one byte more about every tenth of a second
    events/<execution>.<what>   empty; started, then completed, failed or terminated
    release/<tag>               made by the harness: jobs of that tag end

    clock                       touched to ask what time it is

All times are the modification times of these files: one kernel's clock, whatever clock the job
had. The kernel stamps files by its tick, so this clock lags `time.time()` by up to ten
milliseconds: long enough to put a start before the death that it followed. A time to be compared
with those of the witness comes from `Witness.now`. Only `events` is watched, because a beat needs
no reaction.
"""

import hmac
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from watchfiles._rust_notify import RustNotify

from .facts import Execution

SCRIPT = Path(__file__).with_name("witness.sh")
FOLDERS = ("values", "beats", "events", "release")
ENDS = ("completed", "failed", "terminated")
# The variables that come from the scheduler begin with this; the others are the user's parameters.
CLAIM = "JOB_"
# The parameter of a job that starts another process.
FAMILY = "FAMILY"
OWN = frozenset({"PID", "RUNALL_NODE", "BEAT", "WORD"})
# Seconds between two beats of a job that is not told otherwise.
BEAT = 0.1

# The longest tick of a kernel that stamps files, with something to spare; seconds.
TICK = 0.02

_PLAIN = re.compile(r"[A-Za-z0-9._-]+")
_STEP_MS = 1
_POLL_MS = 50


class StartFacts(NamedTuple):
    """The start of an execution in seconds, and the variables that it was given."""

    started_at: float
    values: dict[str, str]


class NodeDeath(NamedTuple):
    """A node died at that time (seconds), when the executions in `seen` had written something."""

    node: str
    at: float
    seen: frozenset[str]

    def ended(self, name: str, start: StartFacts) -> bool:
        """Whether this death ended an execution of the node.

        A node may be back and run a job in the same tick. A file that appears late, as through
        some bind mounts, belongs to an earlier tick.
        """
        return start.started_at <= self.at - (0 if name in self.seen else TICK)


class Witness:
    """The folder of one case, as the harness reads it.

    `polling` is for file systems that carry no events, such as a bind mount of Docker Desktop.
    """

    def __init__(self, folder: Path, *, polling: bool = False) -> None:
        self.folder = folder
        self._polling = polling
        self._starts: dict[str, StartFacts] = {}
        self._deaths: list[NodeDeath] = []
        self._killed: dict[str, float] = {}
        self._ended: dict[str, Execution] = {}
        self._secret, self._words = secrets.token_bytes(16), dict[str, str]()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._watcher: threading.Thread | None = None
        self._make_folder()

    def _make_folder(self) -> None:
        """Make the folder writable for all, as jobs may run as any user of any container."""
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
            # The case is over and its folder is removed: nothing is left to compare with.
            return time.time()

    def watch(self, notify: Callable[[], None]) -> None:
        """Call `notify`, from a thread of its own, whenever a job started or ended."""
        events = str(self.folder / "events")
        # Created here, not in the thread, so that nothing after the return of `watch` is missed.
        source = RustNotify([events], False, self._polling, _POLL_MS, False, False)
        self._watcher = threading.Thread(
            target=self._report, args=(source, notify), name="witness", daemon=True
        )
        self._watcher.start()

    def _report(self, source: RustNotify, notify: Callable[[], None]) -> None:
        while not self._closed.is_set():
            changes = source.watch(_STEP_MS, _STEP_MS, 0, self._closed)
            if not isinstance(changes, str):
                notify()
        source.close()

    def executions(self) -> list[Execution]:
        """All executions so far, oldest first."""
        with self._lock:
            events = self._events().items()
            found = [self._execution(name, own) for name, own in events if "started" in own]
        return sorted(found, key=lambda execution: (execution.started_at, execution.id))

    def _events(self) -> dict[str, set[str]]:
        events: dict[str, set[str]] = {}
        for path in (self.folder / "events").iterdir():
            name, _, what = path.name.rpartition(".")
            events.setdefault(name, set()).add(what)
        return events

    def _execution(self, name: str, events: set[str]) -> Execution:
        if name in self._ended:
            return self._ended[name]
        execution = self._read(name, events)
        # A process that the job had started may outlive it, and is seen by later signs of life.
        if execution.how in ENDS and FAMILY not in execution.params:
            self._ended[name] = execution
        return execution

    def _read(self, name: str, events: set[str]) -> Execution:
        start = self._start(name)
        beat_at = _modified(self.folder / "beats" / name) or start.started_at
        how, ended_at = self._end(name, events, start)
        return Execution(
            id=name,
            tag=start.values.get("TAG", ""),
            node=start.values.get("RUNALL_NODE", ""),
            job=start.values.get("JOB_ID", ""),
            now=start.values.get("JOB_NOW", ""),
            params={
                name: value
                for name, value in start.values.items()
                if name not in OWN and not name.startswith(CLAIM)
            },
            claims={n: value for n, value in start.values.items() if n.startswith(CLAIM)},
            started_at=start.started_at,
            beat_at=max(beat_at, start.started_at, (ended_at or 0.0) if how in ENDS else 0.0),
            ended_at=ended_at,
            how=how,
        )

    def _start(self, name: str) -> StartFacts:
        if name not in self._starts:
            started_at = (self.folder / "events" / f"{name}.started").stat().st_mtime
            values = {
                # Bytes that are not valid UTF-8 become escapes, so that no difference is lost.
                path.name: path.read_bytes().decode("utf-8", "backslashreplace")
                for path in (self.folder / "values" / name).iterdir()
            }
            self._starts[name] = StartFacts(started_at, values)
        return self._starts[name]

    def _end(self, name: str, events: set[str], start: StartFacts) -> tuple[str, float | None]:
        """How and when it ended. The report of the job itself comes before what a rig saw."""
        for how in ENDS:
            if how in events:
                return how, _modified(self.folder / "events" / f"{name}.{how}")
        node = start.values.get("RUNALL_NODE", "")
        deaths = [d.at for d in self._deaths if d.node == node and d.ended(name, start)]
        deaths += [self._killed[name]] if name in self._killed else []
        return ("killed", min(deaths)) if deaths else ("running", None)

    def pid(self, execution: str) -> int:
        """The process id of an execution on its own node."""
        with self._lock:
            return int(self._start(execution).values["PID"])

    def beat(self, execution: str) -> float:
        """The seconds between two beats of an execution."""
        with self._lock:
            return float(self._start(execution).values.get("BEAT") or BEAT)

    def word(self, event: str) -> str:
        """What a job of that event has to show, so that its reports count as those of a job."""
        word = hmac.new(self._secret, event.encode(), "sha256").hexdigest()[:16]
        return self._words.setdefault(event, word)

    def strangers(self) -> list[str]:
        """The executions that don't show the word of their event: the harness's job is not in them.

        Where the scheduler does not name the event as the harness does, any word that was given
        counts.
        """
        with self._lock:
            names = [name for name, own in self._events().items() if "started" in own]
            return [name for name in names if not self._shows_word(self._start(name).values)]

    def _shows_word(self, values: Mapping[str, str]) -> bool:
        own = self._words.get(values.get("JOB_EVENT", ""))
        return values.get("WORD", "") in ([own] if own else self._words.values())

    def release(self, tag: str) -> None:
        """Let all present and future jobs of that tag end, within about a tenth of a second.

        Raises `ValueError` for a tag that is more than letters, digits, dots, dashes and
        underscores: it has to be the name of a file.
        """
        if not _PLAIN.fullmatch(tag) or tag in {".", ".."}:
            raise ValueError(f"the tag {tag!r} is no plain word; use letters, digits and dashes")
        (self.folder / "release" / tag).touch()

    def node_died(self, node: str, at: float) -> None:
        """Note that a rig saw a node die: what ran there without reporting its end is `killed`.

        `at` is a time of `Witness.now`, taken when nothing of the node ran any more.
        """
        with self._lock:
            self._deaths.append(NodeDeath(node, at, frozenset(self._events())))

    def execution_died(self, execution: str, at: float) -> None:
        """Note that a rig saw a job's process gone: it is `killed`, unless it reported its end."""
        with self._lock:
            self._killed.setdefault(execution, at)

    def close(self) -> None:
        """Stop watching. The folder stays. Safe to call twice."""
        self._closed.set()
        if self._watcher is not None and self._watcher is not threading.current_thread():
            self._watcher.join()


def _modified(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return None
