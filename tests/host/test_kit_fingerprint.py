"""Two copies of the kit differ in fingerprint where they could give different results."""

import hashlib
import shutil
from pathlib import Path

import pytest
from runall_harness.host.kit_fingerprint import (
    PACKAGES,
    folder_of,
    modules,
    named_content,
    this_kit,
)


def digest(folder: Path) -> str:
    return hashlib.sha256(b"".join(named_content(folder, modules(folder)))).hexdigest()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the harness, as an installer would make it."""
    ignored = shutil.ignore_patterns("__pycache__")
    return shutil.copytree(folder_of("runall_harness"), tmp_path / "installed", ignore=ignored)


def test_a_wheel_that_has_the_features_inside_is_the_same_kit(copy: Path) -> None:
    (copy / "features").mkdir()
    (copy / "features" / "test_features.py").write_text("# shipped\n")
    (copy / "__pycache__").mkdir()
    (copy / "__pycache__" / "sources.cpython-311.pyc").write_bytes(b"compiled")
    assert digest(copy) == digest(folder_of("runall_harness"))


def test_a_changed_a_renamed_and_a_new_module_make_another_kit(copy: Path) -> None:
    seen = {digest(copy)}
    with (copy / "verdicts.py").open("a") as module:
        module.write("# changed\n")
    seen.add(digest(copy))
    (copy / "verdicts.py").rename(copy / "sentences.py")
    seen.add(digest(copy))
    (copy / "more.py").write_text("")
    seen.add(digest(copy))
    assert len(seen) == 4


def test_the_kit_says_which_it_is() -> None:
    words = this_kit()
    assert ", sources " in words
    assert ", Python 3." in words
    assert set(PACKAGES) == {"runall_reference", "runall_harness"}
    assert all(list(modules(folder_of(package))) for package in PACKAGES)
