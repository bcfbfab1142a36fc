"""A PostgreSQL server of one case alone, as a node of the site: it can be killed, and come back.

Processes only: it takes the server's programs from this machine, and installs none. The server
refuses to run as root, so root starts it as the user that Debian's packages bring, and lets that
user pass the folders above its data.
"""

import os
import secrets
import shutil
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from runall_harness.rigs.base import STORE, NodeSpec, Readiness

USER, OWNER = "runall", "postgres"
# Of all servers of this process: they are copies of one cluster.
PASSWORD = secrets.token_hex(16)
DEBIAN = Path("/usr/lib/postgresql")
AS_OWNER = (
    f"setpriv --reuid {OWNER} --regid {OWNER} --clear-groups"
    " --inh-caps +dac_override --ambient-caps +dac_override"
)
# A cluster is made once, and copied for each case: that is ten times as fast.
SCRIPT = f"""
set -eu
model=$1 data=$2 port=$3
run=
if [ "$(id -u)" = 0 ]; then
    run="{AS_OWNER}"
fi
if [ ! -d "$model" ]; then
    mkdir "$model.new"
    [ -z "$run" ] || chown {OWNER} "$model.new"
    printf '%s\\n' "$PGPASSWORD" | $run initdb --pgdata "$model.new" --username {USER} \\
        --pwfile /dev/stdin --auth scram-sha-256 --encoding UTF8 --locale C --no-sync \\
        --wal-segsize 1 --no-instructions >/dev/null
    mv "$model.new" "$model"
fi
[ -d "$data" ] || cp -a "$model" "$data"
# No death of processes needs fsync, and a start after a kill would sync a thousand files.
exec $run postgres -D "$data" -p "$port" -c listen_addresses=127.0.0.1 -c fsync=off \\
    -c unix_socket_directories=
"""


@cache
def programs() -> Path | None:
    """The folder of the server's programs; None where they, or what runs them, are missing."""
    found = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    on_path = shutil.which("initdb")
    initdb = found[-1] if found else Path(on_path) if on_path else None
    able = find_spec("psycopg") and (os.geteuid() or shutil.which("setpriv"))
    return initdb.parent if initdb and able else None


def postgres_node(data: Path, port: int, model: Path, bin_folder: Path) -> NodeSpec:
    """How the server is run; `model` is the cluster of which its own is a copy."""
    words = ("/bin/sh", "-c", SCRIPT, "postgres", str(model), str(data / "cluster"), str(port))
    return NodeSpec(
        name=STORE,
        role=STORE,
        command=words,
        serves=True,
        env={"PGPASSWORD": PASSWORD, "PATH": f"{bin_folder}:{os.defpath}"},
        # A fast shutdown: it does not wait for those who are connected.
        stop_signal="SIGINT",
        ready=Readiness(log="database system is ready to accept connections"),
    )


def url(host: str, port: int) -> str:
    return f"postgresql://{USER}@{host}:{port}/postgres"
