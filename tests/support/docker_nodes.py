"""A small daemon in a container, for the tests of the docker rig."""

import socket
from typing import cast

from runall_harness.rigs.base import NodeSpec
from runall_harness.rigs.docker import DockerRig
from runall_harness.rigs.docker.site import DockerSite

SOON = 20.0


# A daemon: counts its starts in its data folder, runs jobs, and answers "echo" with what it hears.
DAEMON = """
import os, socket, subprocess, threading
with open("/runall/data/starts", "a") as file: file.write("x")
starts = open("/runall/data/starts").read()
here = os.environ["HOST"], int(os.environ["PORT"])
def job():
    subprocess.run(["sh", os.environ["RUNALL_WITNESS"] + "/witness.sh"], start_new_session=True,
                   env={**os.environ, "TAG": "job"})
def serve(peer):
    peer.sendall(f"{starts} {here[0]}\\n".encode())
    while data := peer.recv(100): peer.sendall(data)
server = socket.create_server(here)
print("started", starts, flush=True)
if "JOB" in os.environ: threading.Thread(target=job).start()
while True: threading.Thread(target=serve, args=(server.accept()[0],)).start()
"""


def open_site(rig: DockerRig, *, cuttable: bool = False) -> DockerSite:
    return cast(DockerSite, rig.site("a case", cuttable=cuttable))


def daemon(site: DockerSite, name: str, **env: str) -> NodeSpec:
    place = site.place(name)
    env = {"HOST": place.host, "PORT": str(place.port), **env}
    command = ("python3", "-u", "-c", DAEMON)
    return NodeSpec(name=name, role="worker", command=command, env=env, serves=True)


def greeting(site: DockerSite, node: str) -> str | None:
    """What the daemon says to a new caller: its starts and its address."""
    host, port = site.url(node).removeprefix("http://").split(":")
    try:
        with socket.create_connection((host, int(port)), timeout=1) as link:
            return link.makefile().readline().strip() or None
    except OSError:
        return None


def greeted(site: DockerSite, node: str) -> str:
    found = site.wait(lambda: greeting(site, node), SOON)
    assert found is not None, site.logs(node)
    return found
