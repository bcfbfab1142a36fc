"""Where the tests find the project's own files."""

from pathlib import Path

SUPPORT = Path(__file__).resolve().parent
ROOT = SUPPORT.parent.parent
DOCS = ROOT / "docs"
FEATURES = ROOT / "features"
