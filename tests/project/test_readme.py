"""The verdicts that README.md shows are those that the cases end with now, in both languages."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.guide_player import alike
from support.places import DOCS, ROOT

CASE = "1_worker_lost/another-worker-of-the-group-takes-over/manual"
CONFORM = [sys.executable, "-m", "runall_harness.cli", "conform", "--rig", "simulated"]
PAGES = {"en": ROOT / "README.md", "zh-CN": DOCS / "zh-CN" / "README.md"}
# How many cases there are, and how long the recovery took, differ from run to run.
VARIES = re.compile(r"\[\d+/\d+\]")


def shown(page: Path, mark: str) -> str:
    """The block of a page that begins with the mark of a verdict."""
    [block] = re.findall(rf"^    {mark} .*(?:\n    .*)*", page.read_text("utf-8"), re.MULTILINE)
    return block


@pytest.mark.parametrize("language", PAGES)
@pytest.mark.parametrize(("policy", "mark"), [("reference", "✓"), ("cronicle-0.9.49", "✗")])
def test_a_verdict_of_the_readme_is_that_of_a_run(
    policy: str, mark: str, language: str, tmp_path: Path
) -> None:
    asked = ["--policy", policy, "--scenario", CASE, "--language", language]
    done = subprocess.run(
        [*CONFORM, *asked, "--out", str(tmp_path)], capture_output=True, text=True, check=False
    )
    told, said = (VARIES.sub("", text) for text in (shown(PAGES[language], mark), done.stdout))
    assert alike(f"...{told}...", said), done.stdout
