"""What a search has found broken: for each check and clause, the story with the fewest moves."""

import msgspec

from runall_harness.mutants import with_bug

from .search import Found
from .shrink import shrink
from .story import Script, Story, play_script

# A check, and the clause that it found broken.
Key = tuple[str, str]


class Violations(msgspec.Struct):
    """The stories that break something, by what they break."""

    found: dict[Key, Found] = {}

    def note(self, found: Found) -> list[Key]:
        """Keep a story for what it breaks with the fewest moves; what was not known as broken."""
        new = [key for key in keys(found) if key not in self.found]
        for key in keys(found):
            self.offer(key, found)
        return new

    def merge(self, other: "Violations") -> None:
        for key, found in other.found.items():
            self.offer(key, found)

    def offer(self, key: Key, found: Found) -> None:
        """Keep a story for that key, unless a smaller one is known."""
        self.found[key] = min(self.found.get(key, found), found, key=size)

    def stories(self, mutant: str) -> list[Story]:
        """The shortest story of each violation; one that breaks several clauses is there once."""
        stories: list[Story] = []
        covered: set[Key] = set()
        for key in sorted(self.found, key=lambda key: size(self.found[key])):
            if key not in covered:
                story = shortest(self.found[key], key, mutant)
                covered |= {(each.check, each.clause) for each in story.broken}
                if all(story.script != other.script for other in stories):
                    stories.append(story)
        return stories


def keys(found: Found) -> list[Key]:
    return [(each.check, each.clause) for each in found.broken]


def size(found: Found) -> tuple[int, int, str]:
    """The key by which the smaller of two stories is kept, whichever comes first."""
    return len(found.moves), found.seed, found.outline.name


def shortest(found: Found, key: Key, mutant: str) -> Story:
    """The shortest story that breaks that clause, played to its end. Takes some seconds."""
    with with_bug(mutant):
        short = shrink(found, key)
    return play_script(Script(outline=short.outline, moves=short.moves, mutant=mutant))
