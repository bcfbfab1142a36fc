"""How much a campaign may search: for so long, or so many seeds."""

import re

import msgspec

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
SEEDS = re.compile(r"(\d+)[- ]?seeds?")
PART = r"(\d+(?:\.\d+)?)([smhd])"
DURATION = re.compile(f"(?:{PART})+")
GRAMMAR = "a duration such as 90s, 10m, 1h30m or 2d, or a number of seeds such as 500-seeds"


class NoBudget(ValueError):
    """A text is no budget; the message says why, and shows one."""


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """For how many `seconds` seeds are begun, or how many `seeds` are searched; one is None."""

    seconds: float | None = None
    seeds: int | None = None

    def __str__(self) -> str:
        return f"{self.seeds} seeds" if self.seeds is not None else f"{self.seconds:g} s"


def read_budget(text: str) -> Budget:
    """The budget that a person means. Raises `NoBudget`."""
    text = text.strip().lower()
    if seeds := SEEDS.fullmatch(text):
        budget = Budget(seeds=int(seeds[1]))
    elif DURATION.fullmatch(text):
        parts = re.findall(PART, text)
        budget = Budget(seconds=sum(float(number) * UNITS[unit] for number, unit in parts))
    elif text.isdecimal():
        raise NoBudget(f"{text} of what? {text}m is in minutes, {text}-seeds is a number of seeds.")
    else:
        raise NoBudget(f"{text!r} is no budget: give {GRAMMAR}.")
    if not (budget.seconds or budget.seeds):
        raise NoBudget(f"{text!r} is nothing at all, and a search of nothing proves nothing.")
    return budget
