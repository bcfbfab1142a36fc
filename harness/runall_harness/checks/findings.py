"""What the checks found in a history: what is broken, by which lines, and how much was judged."""

from typing import Literal

import msgspec

Verdict = Literal["pass", "fail", "inconclusive", "unsupported"]


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """A clause that the history proves to be broken.

    `lines` are the numbers, from 1, of all lines that together are the proof.
    """

    check: str
    clause: str
    expected: str
    seen: str
    lines: tuple[int, ...]


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """All that the checks say of one history.

    `exercised` counts, by the name of the check, what it had to judge. `verdicts` are by clause:
    pass, fail, inconclusive (there was nothing to judge) or unsupported (not declared).
    """

    violations: tuple[Broken, ...]
    exercised: dict[str, int]
    verdicts: dict[str, Verdict]
