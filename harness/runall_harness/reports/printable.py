"""Text from outside, as files of reports may hold it.

XML has no place for most control characters, and Markdown gives a meaning to many of the others. A
scheduler under test decides what its messages hold, so nothing may rely on its good manners.
"""

import re

# What XML 1.0 forbids, and half a surrogate pair, which no encoding can write.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$-])")


def printable(text: str) -> str:
    """The text with the sign for a character that can't be shown in each such place."""
    return FORBIDDEN.sub("\ufffd", text)


def in_markdown(text: str) -> str:
    """The text on one line, to be read as it is."""
    return SPECIAL.sub(r"\\\1", printable(" ".join(text.split())))


def in_code(text: str) -> str:
    """The text on one line as code in Markdown: in more backticks than it has in a row."""
    line = printable(" ".join(text.split()))
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{space}{line}{space}{fence}"
