"""Time lines on a page: what a run that was made for it has shown, and how to repeat it."""

from pathlib import Path

import msgspec
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from runall_harness.contract.verdicts import Verdict
from runall_harness.evidence.history import Step
from runall_harness.reports.case_progress import MARKS

from .objects import CASE, CLAUSE, fixed, xref
from .played import Played, Wanted, read_command
from .words import word

FILE = "played.json"


class Shown(msgspec.Struct, kw_only=True):
    """What a page says of a run."""

    case: str
    verdict: Verdict
    steps: list[str]
    clause: str = ""
    expected: str = ""
    seen: str = ""


def shown(played: Played) -> Shown:
    """What a page says of this run."""
    report, broken = played.result.report, played.result.violation
    steps = [line.text for line in played.lines if isinstance(line, Step)]
    told = Shown(case=report.id, verdict=report.verdict, steps=steps)
    if broken:
        told.clause, told.expected, told.seen = broken.clause, broken.expected, broken.seen
    return told


def write_played(folder: Path, runs: dict[Wanted, Played]) -> None:
    """Put what the pages ask for where the directive finds it."""
    texts = {key(wanted): shown(played) for wanted, played in runs.items()}
    (folder / FILE).write_bytes(msgspec.json.encode(texts))


def key(wanted: Wanted) -> str:
    return " ".join(wanted)


class TimeLineDirective(SphinxDirective):
    """The run that a fence named time-line asks for."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        command = "\n".join(self.content)
        runs = msgspec.json.decode(Path(self.env.srcdir, FILE).read_bytes(), type=dict[str, Shown])
        told = runs[key(read_command(command))]
        block = nodes.container(classes=["run", str(told.verdict)])
        block += nodes.literal_block(command, command, language="text")
        block += self.steps(told)
        block += self.verdict(told)
        return [block]

    def word(self, text: str, **values: object) -> str:
        return word(text, self.config.language, **values)

    def steps(self, told: Shown) -> nodes.Element:
        listed = nodes.enumerated_list(enumtype="arabic", prefix="", suffix=".")
        for step in told.steps:
            listed += nodes.list_item("", fixed(nodes.Text(step)))
        return listed

    def verdict(self, told: Shown) -> nodes.Element:
        """The verdict of the case; of a failure also its clause, what was expected and seen."""
        mark = nodes.inline("", MARKS[told.verdict][0], classes=["mark"])
        case = xref(CASE, told.case, self.env.docname)
        line = fixed(mark, nodes.Text(f" {self.word(str(told.verdict))}: "), case)
        parts = [line]
        if told.clause:
            parts.append(fixed(xref(CLAUSE, told.clause, self.env.docname)))
            for name, text in (("expected", told.expected), ("seen", told.seen)):
                parts.append(fixed(nodes.strong("", self.word(name)), nodes.Text(f": {text}")))
        return nodes.container("", *parts, classes=["run-verdict"])
