"""Time lines on a page: what a run that was made for it has shown, and how to repeat it."""

from pathlib import Path
from typing import Any

import msgspec
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from runall_harness.checks import examine
from runall_harness.contract.verdicts import Verdict
from runall_harness.contract.words import say
from runall_harness.reports.case_progress import MARKS
from runall_harness.reports.page.render import script_words
from runall_harness.reports.timeline import HistoryTimeline, Measured, accused, timeline_of

from .objects import CASE, CLAUSE, fixed, xref
from .played import Played, Wanted, read_command

FILE = "played.json"
SCRIPTS = ("d3.min.js", "timeline.js", "time-lines.js")
STYLE = "timeline.css"


class ToldRun(msgspec.Struct, kw_only=True):
    """What a page says of a run."""

    case: str
    verdict: Verdict
    timeline: HistoryTimeline
    clause: str = ""
    expected: str = ""
    seen: str = ""


def shown(played: Played) -> ToldRun:
    """What a page says of this run."""
    report, broken = played.result.report, played.result.violation
    guilty = accused(played.lines, examine(played.lines).violations)
    measured = Measured(recovery_s=report.recovery_s, deadline_s=report.deadline_s)
    timeline = timeline_of(played.lines, guilty, measured)
    told = ToldRun(case=report.id, verdict=report.verdict, timeline=timeline)
    if broken:
        told.clause, told.expected, told.seen = broken.clause, broken.expected, broken.seen
    return told


def write_played(folder: Path, runs: dict[Wanted, Played]) -> None:
    """Put what the pages ask for where the directive finds it."""
    texts = {key(wanted): shown(played) for wanted, played in runs.items()}
    (folder / FILE).write_bytes(msgspec.json.encode(texts))


def key(wanted: Wanted) -> str:
    return " ".join(wanted)


class Picture(nodes.General, nodes.Element):
    """What is to be drawn of a run, as JSON."""


class TimeLineDirective(SphinxDirective):
    """The run that a fence named time-line asks for."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        command = "\n".join(self.content)
        runs = msgspec.json.decode(
            Path(self.env.srcdir, FILE).read_bytes(), type=dict[str, ToldRun]
        )
        told = runs[key(read_command(command))]
        block = nodes.container(classes=["run", str(told.verdict)])
        block += nodes.literal_block(command, command, language="text")
        block += Picture("", model=msgspec.json.encode(told.timeline).decode())
        block += fixed(nodes.Text(told.timeline.sentence), classes=["told"])
        block += self.steps(told)
        block += self.verdict(told)
        return [block]

    def steps(self, told: ToldRun) -> nodes.Element:
        listed = nodes.enumerated_list(enumtype="arabic", prefix="", suffix=".")
        for step in told.timeline.steps:
            listed += nodes.list_item("", fixed(nodes.Text(step.text)))
        return listed

    def verdict(self, told: ToldRun) -> nodes.Element:
        """The verdict of the case; of a failure also its clause, what was expected and seen."""
        mark = nodes.inline("", MARKS[told.verdict][0], classes=["mark"])
        case = xref(CASE, told.case, self.env.docname)
        line = fixed(mark, nodes.Text(f" {say(told.verdict)}: "), case)
        parts = [line]
        if told.clause:
            parts.append(fixed(xref(CLAUSE, told.clause, self.env.docname)))
            for name, text in (("expected", told.expected), ("seen", told.seen)):
                parts.append(fixed(nodes.strong("", say(name)), nodes.Text(f": {text}")))
        return nodes.container("", *parts, classes=["run-verdict"])


def visit_picture(writer: Any, node: Picture) -> None:
    model = node["model"].replace("<", "\\u003c")
    writer.body.append(
        f'<div class="tl"></div><script type="application/json" class="tl-model">{model}</script>'
    )
    raise nodes.SkipNode


def add_scripts(
    app: Any, pagename: str, templatename: str, context: Any, doctree: nodes.document | None
) -> None:
    """Put the scripts and the style on a page that has a time line."""
    del pagename, templatename
    if doctree is not None and any(doctree.findall(Picture)):
        context["body"] = f"{context['body']}{script_words()}"
        app.add_css_file(STYLE)
        for script in SCRIPTS:
            app.add_js_file(script, loading_method="defer")
