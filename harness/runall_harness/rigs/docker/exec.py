"""What is done inside a container: by a shell there, for who is outside sees one container only.

From outside an engine can freeze, signal and end a container as a whole, and its first process.
Narrower than that, the processes have to be told apart where they live. So that works with each
engine, and on machines whose kernel the containers don't share.
"""

from collections.abc import Sequence
from pathlib import Path
from signal import Signals
from typing import Any, NamedTuple

from .engine import asking

KEEP = "/runall/keep"
KEEPER = Path(__file__).with_name("keeper.sh").read_text("utf-8")
SCOPES = Path(__file__).with_name("scopes.sh").read_text("utf-8")
PROVEN = "proven: "
# Exit status 0 while that process exists and is no zombie; needs nothing but a shell.
LIVES = """
while read -r key value rest; do
    case "$key$value" in State:Z|State:X) exit 1 ;; esac
done 2>/dev/null <"/proc/$1/status" || exit 1
"""


class Told(NamedTuple):
    """What a shell in the container found: whether it was done, and what it printed."""

    done: bool
    words: str


class Inside:
    """A container, entered by a shell. `name` is for people."""

    def __init__(self, api: Any, container: str, name: str) -> None:
        self._api, self._container, self._name = api, container, name

    def lacks(self, pid: int) -> bool:
        """Whether there is no process of that id, or only what is left of a dead one."""
        made, _ = self._run(LIVES, pid)
        with asking(f"see what became of a command in {self._name}"):
            return self._api.exec_inspect(made)["ExitCode"] == 1

    def kill_daemon(self) -> Told:
        """SIGKILL the daemon's main process alone, and see its keeper learn of it."""
        return self._scope("daemon", KEEP)

    def kill_jobs(self, pids: Sequence[int]) -> Told:
        """SIGKILL processes, with all that belongs to them, while everything stands still."""
        return self._scope("jobs", *pids)

    def signal_all(self, which: Signals) -> Told:
        """Give a signal to every process at one instant."""
        return self._scope("group", KEEP, which.name.removeprefix("SIG"), which.value)

    def begin_again(self) -> Told:
        """Let the keeper start the daemon that was killed."""
        return self._scope("again", KEEP)

    def _scope(self, verb: str, *arguments: str | int) -> Told:
        """What a script says, not how it ends: it may end with a container that it has stopped."""
        _, words = self._run(SCOPES, verb, *arguments)
        return Told(words.startswith(PROVEN), words.removeprefix(PROVEN))

    def _run(self, script: str, *arguments: str | int) -> tuple[str, str]:
        """Run a shell script there: the engine's name for that, and what it printed."""
        command = ["sh", "-c", script, "sh", *map(str, arguments)]
        with asking(f"run a command in {self._name}"):
            made = self._api.exec_create(self._container, command)["Id"]
            printed: bytes = self._api.exec_start(made)
        return made, printed.decode("utf-8", "replace").strip()
