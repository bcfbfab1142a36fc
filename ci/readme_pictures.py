"""The pictures of README.md: a terminal and a time line, both made from a run of the demo's case.

The run is one in virtual time, so that it is the same on every machine. The time line is drawn by
the script of the pages, in a browser; the terminal is what the demo prints, recorded by rich.
"""

import io
import json
import shutil
import sys
import tempfile
from html import escape
from pathlib import Path
from typing import Any

from msgspec.json import encode
from msgspec.structs import replace
from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.text import Text
from runall_harness.cli.demo import CASE
from runall_harness.conformance.pytest_run import carry_out
from runall_harness.conformance.run import Order
from runall_harness.contract.cases import load_cases, select
from runall_harness.reports.live_story import LiveStory
from runall_harness.site.played import Wanted, play
from runall_harness.site.settings import REPORT_PAGE
from runall_harness.site.time_line import shown

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
TERMINAL, TIME_LINE = "terminal.svg", "time-line.svg"
BROWSER = "chromium-headless-shell"
COMMAND = "runall demo --rig simulated"
TOLD = (
    "A terminal shows a job that is run by hand, its server that is killed, and the job that is "
    "run again on another server, with the clause at each turn."
)
COLUMNS, WIDTH = 92, 860
# The format of rich itself links fonts of a site; these are the reader's own.
FORMAT = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{width}} {{height}}" role="img">
<title>{told}</title>
<style>
.{{unique_id}}-matrix {{{{
  font: {{char_height}}px/{{line_height}}px ui-monospace, Menlo, Consolas, monospace;
}}}}
.{{unique_id}}-title {{{{ font: bold 18px system-ui, sans-serif; }}}}
{{styles}}
</style>
<defs>
<clipPath id="{{unique_id}}-clip-terminal">
<rect x="0" y="0" width="{{terminal_width}}" height="{{terminal_height}}" />
</clipPath>
{{lines}}
</defs>
{{chrome}}
<g transform="translate({{terminal_x}}, {{terminal_y}})"
clip-path="url(#{{unique_id}}-clip-terminal)">
{{backgrounds}}
<g class="{{unique_id}}-matrix">
{{matrix}}
</g>
</g>
</svg>
"""
# Its own ground, because nobody knows on which it will stand; the style stands in the picture.
DRAW = """([model, style]) => {
  const place = document.getElementById("place");
  drawTimeline(place, model);
  const picture = place.querySelector("svg");
  const make = (name) => picture.insertBefore(
    document.createElementNS("http://www.w3.org/2000/svg", name), picture.firstChild);
  const [, , width, height] = picture.getAttribute("viewBox").split(" ").map(Number);
  picture.setAttribute("viewBox", `-16 -12 ${width + 32} ${height + 24}`);
  for (const gone of ["height", "aria-label"]) picture.removeAttribute(gone);
  const ground = {x: -16, y: -12, width: width + 32, height: height + 24, style: "fill: var(--bg)"};
  const rect = make("rect");
  for (const [name, value] of Object.entries(ground)) rect.setAttribute(name, value);
  make("style").textContent = style;
  make("title").textContent = model.sentence;
  return new XMLSerializer().serializeToString(picture);
}"""


class Recorded(Console):
    """A console that keeps what it prints, and wraps long lines as a terminal of its width does."""

    def __init__(self) -> None:
        super().__init__(file=io.StringIO(), record=True, width=COLUMNS, highlight=False)

    def print(self, *objects: Any, soft_wrap: bool | None = None, **how: Any) -> None:
        """Print without `soft_wrap`, which leaves lines to a terminal; here is none."""
        del soft_wrap
        super().print(*objects, **how)


def terminal() -> str:
    """The demo, as a terminal shows it, up to its verdict."""
    console = Recorded()
    console.print(Text.assemble(("$ ", "dim"), COMMAND))
    with tempfile.TemporaryDirectory(prefix="runall-pictures-") as folder:
        story = LiveStory(console)
        carry_out(Order(cases=cases(), rig="simulated", out=Path(folder)), story)
    assert story.result is not None, "the case of the demo has run"
    # Where its evidence lies differs from run to run.
    report = replace(story.result.report, history="")
    story.result = replace(story.result, report=report)
    story.conclude()
    told = FORMAT.format(told=escape(TOLD))
    return console.export_svg(title=COMMAND, code_format=told, unique_id="demo")


def cases() -> list[Any]:
    return select(load_cases(), CASE)[:1]


def time_line(browser: Any) -> str:
    """The time line of the same case."""
    with tempfile.TemporaryDirectory(prefix="runall-pictures-") as folder:
        wanted = Wanted("", CASE)
        model = shown(play([wanted], Path(folder))[wanted]).timeline
    page = browser.new_page()
    page.set_content(f'<div id="place" style="width: {WIDTH}px"></div>')
    for script in ("vendored/d3.min.js", "timeline.js"):
        page.add_script_tag(content=(REPORT_PAGE / script).read_text("utf-8"))
    style = (REPORT_PAGE / "timeline.css").read_text("utf-8")
    drawn: str = page.evaluate(DRAW, [json.loads(encode(model)), style])
    page.close()
    return drawn + "\n"


def main(folder: Path = PICTURES) -> None:
    """Write both into that folder."""
    program = shutil.which(BROWSER)
    if program is None:
        sys.exit(f"ci/pictures: {BROWSER} is not installed; install it by the package manager")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        drawn = {TERMINAL: terminal(), TIME_LINE: time_line(browser)}
        browser.close()
    folder.mkdir(exist_ok=True)
    for name, text in drawn.items():
        (folder / name).write_text(text, "utf-8")
        print(f"{folder / name}: {len(text)} characters")  # noqa: T201 - it is a command


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
