"""Runs shell scripts in a container, to inject faults into a part of its processes.

From outside, an engine can freeze, signal and end a container as a whole, and its first process. A
narrower fault has to distinguish the processes inside the container. This works with every engine,
and on machines whose kernel the containers don't share.
"""

from pathlib import Path
from typing import Any, NamedTuple

from .engine import asking

SUPERVISOR_FOLDER = "/runall/supervisor"
SUPERVISOR = Path(__file__).with_name("supervisor.sh").read_text("utf-8")
SCOPED_FAULTS = Path(__file__).with_name("scoped_faults.sh").read_text("utf-8")
PROVEN = "proven: "
# Exit status 0 while that process exists and is no zombie; needs nothing but a shell.
PROCESS_EXISTS = """
while read -r key value rest; do
    case "$key$value" in State:Z|State:X) exit 1 ;; esac
done 2>/dev/null <"/proc/$1/status" || exit 1
"""
# Makes the daemon's process id $1: of the children of init, that with the lowest id.
DAEMON_FIRST = r"""
first=
for entry in /proc/[0-9]*; do
    read -r line 2>/dev/null <"$entry/stat" || continue
    case ${line##*) } in ?\ 1\ *) ;; *) continue ;; esac
    pid=${entry#/proc/}
    [ "$pid" -lt "${first:-$((pid + 1))}" ] && first=$pid
done
set -- "$first"
"""


class ScriptResult(NamedTuple):
    """Whether a script proved that its fault took effect, and what it printed."""

    proven: bool
    text: str


class ContainerShell:
    """A shell in a container. `name` is the container's name in error messages."""

    def __init__(self, api: Any, container: str, name: str) -> None:
        self._api, self._container, self._name = api, container, name

    def lacks(self, pid: int) -> bool:
        """Whether no process has that id in the container, or only a zombie has it."""
        execution, _ = self._run(PROCESS_EXISTS, pid)
        with asking(f"see what became of a command in {self._name}"):
            return self._api.exec_inspect(execution)["ExitCode"] == 1

    def beside_daemon(self, script: str) -> str:
        """What a script prints; $1 is the first process that the container's init started."""
        return self._run(DAEMON_FIRST + script)[1]

    def inject(self, fault: str, *arguments: str | int) -> ScriptResult:
        """Inject a fault that scoped_faults.sh describes; its proof is what the script prints."""
        # The exit status is lost if the container ends.
        _, text = self._run(SCOPED_FAULTS, fault, *arguments)
        return ScriptResult(text.startswith(PROVEN), text.removeprefix(PROVEN))

    def _run(self, script: str, *arguments: str | int) -> tuple[str, str]:
        """Run a shell script there; the engine's id of that execution, and what it printed."""
        command = ["sh", "-c", script, "sh", *map(str, arguments)]
        with asking(f"run a command in {self._name}"):
            execution = self._api.exec_create(self._container, command)["Id"]
            printed: bytes = self._api.exec_start(execution)
        return execution, printed.decode("utf-8", "replace").strip()
