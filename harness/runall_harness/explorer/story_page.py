"""Tells what the explorer found as a page: each story with its sentences and its time line."""

from collections.abc import Sequence

from runall_harness.contract.words import say
from runall_harness.evidence.history import Meta
from runall_harness.reports.page import Entry, Page, entry_of
from runall_harness.reports.page.model import StepView
from runall_harness.reports.page.render import tested
from runall_harness.reports.timeline.words import seconds

from .story import Story


def page_of_stories(
    stories: Sequence[Story], verdict: str, replays: Sequence[str], notes: Sequence[str] = ()
) -> Page:
    """The page of these stories; `replays` are the commands that play each again."""
    pairs = enumerate(zip(stories, replays, strict=True), start=1)
    meta = next((line for story in stories for line in story.lines if isinstance(line, Meta)), None)
    return Page(
        title=say("What the explorer found" if stories else "The explorer found no story"),
        verdict=verdict,
        tested=tested(meta),
        notes=notes,
        entries=[entry(number, story, replay) for number, (story, replay) in pairs],
        entry_word=("story", "stories"),
    )


def entry(number: int, story: Story, replay: str) -> Entry:
    names = dict.fromkeys(broken.clause for broken in story.broken)
    sentences = [
        StepView(keyword=seconds(one.at), text=one.text, state="ok") for one in story.sentences()
    ]
    return entry_of(
        story.lines,
        story.broken,
        id=f"story-{number}",
        title=say("{} in {}", ", ".join(names), story.script.outline.name),
        verdict="violation",
        group=story.script.outline.name,
        clauses=list(names),
        steps=sentences,
        again=replay,
    )
