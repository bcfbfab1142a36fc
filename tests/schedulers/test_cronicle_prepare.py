"""A container of Cronicle is made ready for a test by whoever runs it, root or not."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from runall_harness.systems.lookup import shipped
from support.machine import give_up

PROGRAM = shipped()["cronicle"].parent / "prepare.js"
NOBODY = 65534
SETUP: dict[str, Any] = {
    "storage": [
        ["listPush", "global/server_groups", {}],
        ["listCreate", "global/server_groups", {"master": 1}],
    ]
}
# It does what the real one does as far as the program can see: it reads conf/ from its own place.
STORAGE = """
const fs = require('fs');
process.chdir(require('path').dirname(__dirname));
fs.copyFileSync('conf/setup.json', 'data/stored.json');
"""


@pytest.fixture
def image() -> Iterator[Path]:
    """What an image holds, in a folder that every user may enter."""
    if shutil.which("node") is None:
        give_up("there is no node: apt-get install nodejs")
    with tempfile.TemporaryDirectory(prefix="runall-test-") as made:
        root = Path(made) / "cronicle"
        for name in ("bin", "conf", "lib", "data", "logs", "htdocs"):
            (root / name).mkdir(parents=True)
        (root / "conf/config.json").write_text(json.dumps({"own": 1, "secret_key": "of the image"}))
        (root / "conf/setup.json").write_text(json.dumps(SETUP))
        (root / "bin/storage-cli.js").write_text(STORAGE)
        (root / "lib/main.js").write_text("")
        shutil.copy(PROGRAM, made)
        (Path(made) / "tmp").mkdir()
        for shared in (root / "data", root / "logs", Path(made) / "tmp"):
            shared.chmod(0o777)
        Path(made).chmod(0o755)
        yield root


def prepared(image: Path, **who: Any) -> tuple[Path, list[str]]:
    """The folder in which the daemon is to run, and the words for its command."""
    env = {
        "PATH": os.environ["PATH"],
        "TMPDIR": str(image.parent / "tmp"),
        "RUNALL_NODE": "primary",
        "RUNALL_CRONICLE": str(image),
        "RUNALL_MAY_LEAD": "primary",
        "RUNALL_API_KEY": "key",
        "RUNALL_SETTINGS": '{"dead_job_timeout": 30}',
        "RUNALL_SECRET": "s",
        "RUNALL_PORT": "20001",
    }
    command = [shutil.which("node") or "node", str(image.parent / PROGRAM.name)]
    done = subprocess.run(
        command, env=env, cwd="/", capture_output=True, text=True, check=False, **who
    )
    assert done.returncode == 0, done.stderr
    folder, *words = done.stdout.split()
    return Path(folder), words


def configured(folder: Path) -> dict[str, Any]:
    """The settings that a daemon in that folder reads."""
    settings: dict[str, Any] = json.loads((folder / "conf/config.json").read_text())
    return settings


WANTED = {"own": 1, "dead_job_timeout": 30, "secret_key": "s", "WebServer": {"http_port": 20001}}


def test_whoever_may_change_the_image_s_folder_runs_in_it(image: Path) -> None:
    folder, words = prepared(image)
    assert (folder, words) == (image, ["--master", "1"])
    assert configured(image) == WANTED


def test_whoever_may_not_runs_a_copy_and_the_image_s_folder_stays_as_it_is(image: Path) -> None:
    for read_only in (image / "conf", image / "conf/config.json", image / "conf/setup.json"):
        read_only.chmod(0o555)
    root = os.geteuid() == 0
    who: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if root else {}
    for _ in range(2):  # and once more, as after a kill
        folder, words = prepared(image, **who)
        assert (folder, words) == (image.parent / "tmp/runall-cronicle", ["--master", "1"])
        assert configured(folder) == WANTED
        assert not (folder / "lib").is_symlink()
        assert (folder / "data").resolve() == image / "data"
    assert configured(image)["secret_key"] == "of the image"
    stored = json.loads((image / "data/stored.json").read_text())["storage"]
    keys = [
        rest[0] for verb, name, *rest in stored if (verb, name) == ("listPush", "global/api_keys")
    ]
    assert [key["key"] for key in keys] == ["key"], "set up once"
