"""What people read of an exploration at its end: each story, the figures, and the conclusion."""

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from runall_harness.contract.verdicts import BrokenClause

from .campaign_report import CampaignReport, summary
from .report import ExploreReport, Figures, SentenceReport, StoryReport
from .sentences import Sentence
from .story import Story
from .story_chart import StoryChart


def print_report(console: Console, report: ExploreReport, stories: list[Story]) -> None:
    print_stories(console, report.violations, stories)
    if report.figures:
        console.print(exercised_table(report.exercised))
    for line in (*map(figures, report.figures), *conclusion(report)):
        say(console, line)


def print_campaign(console: Console, report: CampaignReport, stories: list[Story]) -> None:
    print_stories(console, report.violations, stories)
    for line in summary(report):
        say(console, line)


def print_stories(console: Console, reports: list[StoryReport], stories: list[Story]) -> None:
    for number, (story, report) in enumerate(zip(stories, reports, strict=True), 1):
        console.print(Text(f"\nstory {number} of {len(stories)}", "bold"))
        print_story(console, story)
        say(console, f"  history: {report.file}\n  again:   {report.replay}")


def print_story(console: Console, story: Story) -> None:
    sentences = story.sentences()
    print_sentences(console, sentences)
    console.print()
    for row in StoryChart(story, sentences, console).rows():
        console.print(row, soft_wrap=True)
    print_broken(console, story.broken)


def print_sentences(console: Console, sentences: Iterable[Sentence | SentenceReport]) -> None:
    for number, sentence in enumerate(sentences, 1):
        style = "bold" if getattr(sentence, "move", False) else ""
        words = f"{number:3}. {sentence.at:6.1f} s  {sentence.text}"
        console.print(words, style=style, markup=False, highlight=False, soft_wrap=True)


def print_broken(console: Console, clauses: Iterable[BrokenClause[int]]) -> None:
    for broken in clauses:
        text = f"\n  broken    {broken.clause} {broken.text}"
        console.print(Text(text, "bold red"), soft_wrap=True)
        lines = ", ".join(map(str, broken.lines))
        say(console, f"  expected  {broken.expected}\n  seen      {broken.seen}")
        say(console, f"  proof     lines {lines} of the history, by the check {broken.check}")


def exercised_table(exercised: dict[str, int]) -> Table:
    table = Table.grid(padding=(0, 2))
    rows = [(Text(name), Text(f"{count:,}", "dim")) for name, count in sorted(exercised.items())]
    third = -(-len(rows) // 3)
    for at in range(third):
        table.add_row(*(cell for row in rows[at::third] for cell in row))
    return table


def figures(each: Figures) -> str:
    how = "merged" if each.merging else "unmerged"
    same = f", {each.merged:,} of them the same as others" if each.merging else ""
    states = f"{each.states:,} {'distinct states' if each.merging else 'points'}"
    return (
        f"{how}: {each.worlds} worlds, {each.schedules:,} schedules{same}; {states}, "
        f"{each.acts:,} acts, in {each.seconds:.1f} s\n"
        f"{' ' * len(how)}  {each.schedules_per_second:,.0f} schedules and "
        f"{each.states_per_second:,.0f} states a second on one core"
    )


def conclusion(report: ExploreReport) -> Iterator[str]:
    if report.idle:
        yield f"never had anything to judge: {', '.join(report.idle)}"
    if report.agree is not None:
        same = "the same clauses" if report.agree else "DIFFERENT clauses: a bug of the kit"
        yield f"merged and unmerged found {same}"
    found = len(report.violations)
    yield {
        "clean": "no story breaks a clause",
        "violation": f"{found} stor{'y' if found == 1 else 'ies'} that break{'s' * (found == 1)} "
        "the promise",
        "inconclusive": "this proves nothing",
    }[report.verdict]


def say(console: Console, text: str) -> None:
    """Print words as they are, without rich's markup."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)
