"""What somebody begins with who describes a scheduler: files with comments, to be changed.

The long one is the reference's own file, which runs as it is and has every key. Who comes with a
scheduler would have to change nearly all of it, and needs a program for its API too: the short ones
hold what cannot be done without, and say what belongs there.
"""

import json
from pathlib import Path

from .description_file import example

FILES = Path(__file__).parent / "files"


def scaffold(name: str, *, adapter: bool) -> dict[str, str]:
    """The files for a system of that name, each with its text."""
    word = json.dumps(name, ensure_ascii=False)  # a name may hold quotes, in TOML and in Python
    if not adapter:
        return {f"{name}.toml": example().replace('name = "reference"', f"name = {word}")}
    files = {f"{name}.toml": "new.toml", f"{name}_adapter.py": "new_adapter.py"}
    texts = {file: (FILES / source).read_text("utf-8") for file, source in files.items()}
    inside = word[1:-1]
    return {file: text.replace("NAME", inside) for file, text in texts.items()}
