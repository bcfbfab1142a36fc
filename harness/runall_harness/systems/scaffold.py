"""Writes the first files of a description: with comments, to be changed by their author.

The long file is the reference's own, which runs as it is and has every key. The author of another
scheduler would have to change nearly all of it, and needs a program for its API too. So the short
files hold only what is required, and say what belongs there.
"""

import json
from pathlib import Path

from .description_file import example

FILES = Path(__file__).parent / "files"


def scaffold(name: str, *, adapter: bool) -> dict[str, str]:
    """The files for a system of that name, with their texts; short ones with an adapter program."""
    word = json.dumps(name, ensure_ascii=False)  # a name may hold quotes, in TOML and in Python
    if not adapter:
        return {f"{name}.toml": example().replace('name = "reference"', f"name = {word}")}
    files = {f"{name}.toml": "new.toml", f"{name}_adapter.py": "new_adapter.py"}
    texts = {file: (FILES / source).read_text("utf-8") for file, source in files.items()}
    return {file: text.replace("NAME", word[1:-1]) for file, text in texts.items()}
