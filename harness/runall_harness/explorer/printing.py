"""How people see an exploration: while it goes on, at its end, and each story that was found."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .exploration import Explored, Key, Running
from .gauge import Log
from .report import BrokenClause, ExploreReport, Figures, StoryReport, ToldSentence, report_broken
from .sentences import Sentence
from .story import Story
from .story_chart import picture

if TYPE_CHECKING:
    from .replay import ReplayReport


class Watch:
    """Called whenever there may be news: says what is found broken, and how far it is."""

    def __init__(self, gauge: Log, worlds: int) -> None:
        self.gauge, self.worlds = gauge, worlds
        self.known: set[Key] = set()

    def __call__(self, explored: Explored, running: Running) -> None:
        """So much is explored, and this is heard of the searches that go on."""
        for key in sorted(running.broken.keys() - self.known):
            self.gauge.say(f"{running.broken[key]} breaks {key[1]} ({key[0]})")
        self.known |= running.broken.keys()
        self.gauge.show(len(explored.worlds), self.words(explored, running))

    def words(self, explored: Explored, running: Running) -> str:
        """How many worlds and schedules there were."""
        schedules = explored.tally.schedules + running.schedules.total()
        pace = schedules / explored.seconds if explored.seconds else 0.0
        worlds = f"{len(explored.worlds)} of {self.worlds} worlds"
        return f"{worlds}, {schedules:,} schedules, {pace:,.0f} a second"


# ------------------------------------------------------------------ at the end
def print_report(console: Console, report: ExploreReport, stories: list[Story]) -> None:
    """The stories, how often each check judged, the figures, and the last word."""
    print_stories(console, report.violations, stories)
    if report.figures:
        console.print(exercised_table(report.exercised))
    for each in report.figures:
        say(console, figures(each))
    for line in last_words(report):
        say(console, line)


def print_stories(console: Console, told: list[StoryReport], stories: list[Story]) -> None:
    """Each story, the file that keeps it, and the command that tells it again."""
    for number, (story, each) in enumerate(zip(stories, told, strict=True), 1):
        console.print(Text(f"\nstory {number} of {len(stories)}", "bold"))
        print_story(console, story)
        say(console, f"  history: {each.file}\n  again:   {each.replay}")


def print_story(console: Console, story: Story) -> None:
    """The numbered sentences, the picture, and what is broken in its own words."""
    told = story.sentences()
    print_sentences(console, told)
    console.print()
    for row in picture(story, told, console):
        console.print(row, soft_wrap=True)
    print_broken(console, map(report_broken, story.broken))


def print_sentences(console: Console, told: Iterable[Sentence | ToldSentence]) -> None:
    """Numbered, each with its second; what somebody did to the system stands out."""
    for number, sentence in enumerate(told, 1):
        style = "bold" if getattr(sentence, "move", False) else ""
        words = f"{number:3}. {sentence.at:6.1f} s  {sentence.text}"
        console.print(words, style=style, markup=False, highlight=False, soft_wrap=True)


def print_broken(console: Console, clauses: Iterable[BrokenClause]) -> None:
    """Each broken clause in its own words, what was owed and seen, and the proof."""
    for broken in clauses:
        text = f"\n  broken    {broken.clause} {broken.text}"
        console.print(Text(text, "bold red"), soft_wrap=True)
        lines = ", ".join(map(str, broken.lines))
        say(console, f"  expected  {broken.expected}\n  seen      {broken.seen}")
        say(console, f"  proof     lines {lines} of the history, by the check {broken.check}")


def print_replay(console: Console, report: "ReplayReport", story: Story | None) -> None:
    """The story, how it went on real nodes if it was told there, and what came of it."""
    if story is not None:
        print_story(console, story)
    if story is not None and report.rig != "simulated":
        say(console, f"\nOn real nodes, on the {report.rig} rig:")
        print_sentences(console, report.sentences)
        print_broken(console, report.now)
    for note in report.notes:
        say(console, f"  note      {note}")
    if report.history:
        say(console, f"  history   {report.history}")
    if report.identical is False:
        say(
            console,
            "  note      its history is not the one in the file: the kit has changed, or "
            "another bug is planted",
        )
    say(console, f"\n{report.words}")


def exercised_table(exercised: dict[str, int]) -> Table:
    """How often each check had something to judge, in columns."""
    table = Table.grid(padding=(0, 2))
    rows = [(name, f"{count:,}") for name, count in sorted(exercised.items())]
    third = -(-len(rows) // 3)
    for at in range(third):
        cells = [cell for row in rows[at::third] for cell in row]
        table.add_row(
            *(Text(cell, "dim" if number % 2 else "") for number, cell in enumerate(cells))
        )
    return table


def figures(each: Figures) -> str:
    """How much was explored, and how fast."""
    how = "merged" if each.merging else "unmerged"
    ended = f", {each.merged:,} of them the same as others" if each.merging else ""
    states = f"{each.states:,} {'distinct states' if each.merging else 'points'}"
    return (
        f"{how}: {each.worlds} worlds, {each.schedules:,} schedules{ended}; {states}, "
        f"{each.acts:,} acts, in {each.seconds:.1f} s\n"
        f"{' ' * len(how)}  {each.schedules_per_second:,.0f} schedules and "
        f"{each.states_per_second:,.0f} states a second on one core"
    )


def last_words(report: ExploreReport) -> Iterator[str]:
    """What it comes to."""
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
    """Words that are for reading, not for rich."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)
