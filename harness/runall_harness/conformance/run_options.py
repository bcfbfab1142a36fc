"""The options of a run, each declared once, as a field of `RunOptions`.

From its declaration are made: the option of `runall conform`, the one of plain pytest, the word in
the command line of pytest, and the word in the command that runs a failed case again.

The pytest plugin needs this module in every test run of its environment, so it loads nothing else.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from runall_harness.systems.base import System


class RunOption(NamedTuple):
    """How one option is written on a command line.

    `many` can be given more than once. `variable` is the environment's, which gives a default.
    `shown` is its value in a command that everybody may read; None keeps it out of that command.
    """

    name: str
    default: Any
    metavar: str
    help: str
    kind: type = str
    choices: tuple[str, ...] = ()
    many: bool = False
    variable: str = ""
    shown: Callable[[Any], str] | None = str

    def usual(self) -> Any:
        return (self.variable and os.environ.get(self.variable)) or self.default

    def values(self, value: Any) -> list[Any]:
        """The words that give this value on a command line; none for the usual value."""
        if value == self.usual() or value is None:
            return []
        return list(value) if self.many else [value]


def option(*words: Any, **more: Any) -> Any:
    declared = RunOption(*words, **more)
    return field(default=declared.default, metadata={"option": declared})


def without_password(url: str) -> str:
    """A server's URL without its password, for output that anybody may read."""
    from runall_harness.systems.postgres_schemas import read_server

    return url and read_server(url).shown


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What a user asked for, beside the choice of cases."""

    rig: str = option(
        "rig",
        "auto",
        "RIG",
        "Where the servers live: auto takes docker where an engine answers, else processes, and "
        "says why.",
        choices=("auto", "simulated", "processes", "docker"),
        shown=None,
    )
    system: str = option(
        "system",
        "reference",
        "SYSTEM",
        "The scheduler under test: reference, one that is shipped (runall system list), the path "
        "of a TOML file (runall system new), or module:Class.",
    )
    known_failures: Path | None = option(  # noqa: RUF009 - it makes a field
        "known-failures",
        None,
        "FILE",
        "TOML whose table [known_failures] declares what fails, each with a reason. By default "
        "that of the system's own file. One that passes fails the run.",
        Path,
    )
    policy: str = option(
        "policy",
        "",
        "NAME",
        "How it recovers, where it has several ways. The reference has three releases of "
        "history: cronicle-0.9.49, cronicle-0.9.50, cronicle-0.9.52; a file names its own.",
    )
    options: Sequence[str] = option(
        "set",
        (),
        "NAME=VALUE",
        "An option of the system's file; can be given more than once.",
        many=True,
    )
    image: str | None = option(
        "image",
        None,
        "IMAGE",
        "What the docker rig runs the nodes in: an image that has the scheduler.",
    )
    base_image: str | None = option(
        "base-image",
        None,
        "IMAGE",
        "What the docker rig builds its image on.",
        variable="RUNALL_BASE_IMAGE",
    )
    store_url: str | None = option(
        "store-url",
        None,
        "URL",
        "A PostgreSQL server (postgresql://USER:PASSWORD@HOST:PORT/DATABASE): primaries that "
        "share a store share it there, in a schema for each case, and not in a file. ci/postgres "
        "starts one. Virtual time needs none.",
        variable="RUNALL_STORE_URL",
        shown=without_password,
    )
    repeat: int = option(
        "repeat", 1, "N", "Run each case N times; one whose verdicts differ is named.", int
    )
    out: Path | None = option(  # noqa: RUF009 - it makes a field
        "out",
        None,
        "DIR",
        "Save the report here, as a page (index.html), for programs and for build servers, with "
        "the histories and node logs of all cases. Without it, those of failures go to "
        "runall-out/.",
        Path,
        shown=None,
    )

    def find(self, rig: str) -> "System":
        """The system under test, for one cluster on a rig of that name. Raises `KitCannotRun`."""
        from runall_harness.systems import find, read_options

        return find(
            self.system,
            rig,
            policy=self.policy,
            store=self.store_url,
            image=self.image or "",
            options=read_options(self.options),
        )

    def pytest_words(self) -> list[str]:
        return [
            f"--runall-{option.name}={each}"
            for field_name, option in OPTIONS.items()
            for each in option.values(getattr(self, field_name))
        ]

    def shown_words(self) -> Iterator[str]:
        """These options in a command for people, but for where the run takes place and is kept."""
        for field_name, option in OPTIONS.items():
            if option.shown:
                for each in option.values(getattr(self, field_name)):
                    yield from (f"--{option.name}", option.shown(each))


# by the name of the field
OPTIONS: dict[str, RunOption] = {each.name: each.metadata["option"] for each in fields(RunOptions)}
