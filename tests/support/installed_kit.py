"""The kit as its users have it: from a wheel, in an environment where the checkout is not found."""

import subprocess
import sys
import sysconfig
from pathlib import Path

from support.places import ROOT


def install_wheel(folder: Path) -> Path:
    """Build the wheel and install it into a new environment; its Python.

    What the kit depends on is taken from this environment, so that nothing is downloaded twice:
    ci/wheel-check does without that.
    """
    carry_out(sys.executable, "-m", "build", "--wheel", "--outdir", str(folder / "dist"), str(ROOT))
    (wheel,) = (folder / "dist").glob("*.whl")
    carry_out(sys.executable, "-m", "venv", "--without-pip", str(folder / "venv"))
    python = folder / "venv" / "bin" / "python"
    alone = ("--no-deps", "--quiet", "--disable-pip-version-check")
    carry_out(sys.executable, "-m", "pip", "--python", str(python), "install", *alone, str(wheel))
    # The path files of a folder that is named in such a file are not read: so what is installed
    # here is found, and this checkout, which one of those names, is not.
    libraries = next((folder / "venv" / "lib").glob("python*/site-packages"))
    (libraries / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n", "utf-8")
    return python


def carry_out(*command: str) -> None:
    """Run a command that has to go well."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
