"""Who searches the seeds of a campaign: what the campaign asks of them, and hears from them."""

from typing import Protocol

import msgspec

from .work import Reported


class Lost(msgspec.Struct, frozen=True, kw_only=True):
    """A seed whose process died before it was done; `why` is in words."""

    seed: int
    why: str


Heard = Reported | Lost


class Searchers(Protocol):
    """Processes that search seeds, here or on other machines."""

    def room(self) -> int:
        """How many more seeds can be begun now; the rest would only wait."""
        ...

    def begin(self, seed: int) -> None:
        """Have a seed searched."""
        ...

    def heard(self, patience: float) -> list[Heard]:
        """What became of seeds since the last call; waits up to so many seconds for the first.

        Raises:
            KitCannotRun: nothing can be heard any more.
        """
        ...

    def close(self) -> None:
        """Give up what is under way, and leave no process and no task behind."""
        ...
