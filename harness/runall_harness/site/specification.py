"""SPEC.md as a page of the site: each list item that is a clause becomes an object."""

import re

CLAUSE = re.compile(r"- \*\*(RA-\d+\.\d+)\*\* \([^)]*\) ")
HIDE_CONTENTS = "---\nhide-toc: true\n---\n"


def specification(text: str) -> str:
    """The page with a directive for each clause: its sentence is one line, for translators too."""
    lines, parts = [*text.splitlines(), ""], list[str]()
    number = 0
    while number < len(lines):
        if found := CLAUSE.match(lines[number]):
            end = next(n for n in range(number + 1, len(lines)) if not lines[n].startswith("  "))
            first = lines[number][found.end() :]
            parts.append(block(found[1], [first, *(line[2:] for line in lines[number + 1 : end])]))
            number = end
        else:
            parts.append(lines[number])
            number += 1
    return HIDE_CONTENTS + "\n".join(parts)


def block(name: str, lines: list[str]) -> str:
    """The directive of a clause."""
    sentence = [line.strip() for line in lines if not line.startswith(">")]
    reason = [line for line in lines if line.startswith(">")]
    parts = [
        f":::{{runall:clause}} {name}",
        " ".join(sentence),
        *(["\n".join(reason)] if reason else []),
    ]
    return "\n\n".join(parts) + "\n:::\n"
