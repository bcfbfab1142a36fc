"""A PostgreSQL server of one case alone, as a node of the site: it can be killed, and come back.

On processes its programs are those of this machine; in containers it has an image of its own. None
is installed or pulled. The server refuses to run as root, so root starts it as the user that
Debian's packages bring, and lets that user pass the folders above its data.
"""

import os
import secrets
import shutil
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import msgspec

from runall_harness.rigs.base import STORE, NodeSpec, Place, Readiness

USER, OWNER = "runall", "postgres"
# Of all servers of this process: they are copies of one cluster.
PASSWORD = secrets.token_hex(16)
# An image with the server, for containers.
IMAGE_OPTION, DEFAULT_IMAGE = "RUNALL_POSTGRES_IMAGE", "postgres:17-bookworm"
DEBIAN = Path("/usr/lib/postgresql")
AS_OWNER = (
    f"setpriv --reuid {OWNER} --regid {OWNER} --clear-groups"
    " --inh-caps +dac_override --ambient-caps +dac_override"
)
# A cluster is made once where cases have a folder in common, and copied: that is ten times as fast.
SCRIPT = f"""
set -eu
model=$1 data=$2 port=$3 listen=$4
# A container has the programs where its Debian puts them; a process was given their folder.
command -v initdb >/dev/null || PATH=$(echo {DEBIAN}/*/bin):$PATH
run=
if [ "$(id -u)" = 0 ]; then
    run="{AS_OWNER}"
elif ! id -un >/dev/null 2>&1; then
    # A container runs as the user of the harness, for whom an image has no name; initdb wants one.
    printf '{USER}:x:%s:%s::/:/bin/sh\\n' "$(id -u)" "$(id -g)" >"$data.passwd"
    : >"$data.group"
    export NSS_WRAPPER_PASSWD="$data.passwd" NSS_WRAPPER_GROUP="$data.group"
    export LD_PRELOAD=libnss_wrapper.so
fi
if [ ! -d "$model" ]; then
    mkdir "$model.new"
    [ -z "$run" ] || chown {OWNER} "$model.new"
    printf '%s\\n' "$PGPASSWORD" | $run initdb --pgdata "$model.new" --username {USER} \\
        --pwfile /dev/stdin --auth scram-sha-256 --encoding UTF8 --locale C --no-sync \\
        --wal-segsize 1 --no-instructions >/dev/null
    echo 'host all all all scram-sha-256' >>"$model.new/pg_hba.conf"
    mv "$model.new" "$model"
fi
[ -d "$data" ] || cp -a "$model" "$data"
# No death of processes needs fsync, and a start after a kill would sync a thousand files.
exec $run postgres -D "$data" -p "$port" -c listen_addresses="$listen" -c fsync=off \\
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


def postgres_process(place: Place, model: Path, bin_folder: Path) -> NodeSpec:
    """How the server is run here; `model` is the cluster of which its own is a copy."""
    server = postgres_node(place, model, "127.0.0.1")
    path = {"PATH": f"{bin_folder}:{os.defpath}"}
    return msgspec.structs.replace(server, env={**server.env, **path})


def postgres_container(place: Place, image: str) -> NodeSpec:
    """How the server is run in a container, which shares no folder with other cases."""
    server = postgres_node(place, Path(place.data) / "model", "*")
    return msgspec.structs.replace(server, image=image)


def postgres_node(place: Place, model: Path, listen: str) -> NodeSpec:
    words = (str(model), f"{place.data}/cluster", str(place.port), listen)
    return NodeSpec(
        name=STORE,
        role=STORE,
        command=("/bin/sh", "-c", SCRIPT, "postgres", *words),
        serves=True,
        env={"PGPASSWORD": PASSWORD},
        # A fast shutdown: it does not wait for those who are connected.
        stop_signal="SIGINT",
        ready=Readiness(log="database system is ready to accept connections"),
    )


def url(host: str, port: int) -> str:
    return f"postgresql://{USER}@{host}:{port}/postgres"
