"""The example of docs/history.md, as lines: a job whose server is killed and comes back."""

import re

from runall_harness.contract.places import page
from runall_harness.evidence.history import AnyLine, read

BLOCK = re.compile(r"```json\n(.*?)```", re.DOTALL)


def example(month_of_the_rerun: str = "May") -> list[AnyLine]:
    """Its lines; a rerun that was given another month is not faithful."""
    found = BLOCK.search(page("history.md").read_text("utf-8"))
    assert found
    raws = found[1].splitlines()
    rerun = [n for n, raw in enumerate(raws) if '"w1-7"' in raw]
    for number in rerun:
        raws[number] = raws[number].replace('"May"', f'"{month_of_the_rerun}"')
    return list(read(raw.encode() for raw in raws))
