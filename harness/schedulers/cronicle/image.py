"""What an image of Cronicle says of itself: its release, and what its settings make of time.

It gets the image's conf/config.json and package.json, and the settings that are laid over them; it
prints what README.md derives. A settings file that Cronicle could not read either is shown as such.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any, cast

# What Cronicle looks at once a minute: jobs in limbo, counted from the start of the primary, and
# then the schedule.
MONITOR = TICK = 60
# From the start of a process until it serves, and from a backup's decision until it leads; it gives
# each server that ranks above it 5 s to answer.
BOOT = 10
# What Cronicle takes where a setting is left out of its configuration.
STOCK = {"dead_job_timeout": 120, "master_ping_timeout": 60, "child_kill_timeout": 10}


def main() -> None:
    """Print the version and the timings."""
    question = json.load(sys.stdin)
    texts, options = question["files"], question["options"]
    release = parsed("package.json", texts["package"])
    if release.get("name") != "Cronicle":
        sys.exit(f"what lies in /opt/cronicle is {release.get('name')!r}, and not Cronicle")
    config = parsed("conf/config.json", texts["config"])
    over = parsed("the option settings", options["settings"])
    shown = {"version": release["version"], "timings": timings(STOCK | config | over)}
    json.dump(shown, sys.stdout)


def parsed(name: str, text: str) -> dict[str, Any]:
    """A text that holds an object. Ends the program with the reason if it does not."""
    try:
        value: object = json.loads(text)
    except ValueError as error:
        sys.exit(f"{name} is no JSON: {error}")
    if not isinstance(value, dict):
        sys.exit(f"{name} holds no object")
    return cast(dict[str, Any], value)


def timings(config: Mapping[str, Any]) -> dict[str, float]:
    """How long it may take to act on a failure, in seconds, by these settings."""
    remote = config["dead_job_timeout"] + MONITOR + TICK
    local = config["master_ping_timeout"] + BOOT + TICK
    return {
        "dead_job_timeout": max(remote, local),
        "forgives": config["dead_job_timeout"],
        "takeover": config["master_ping_timeout"] + BOOT,
        "grace": config["child_kill_timeout"],
        "stop": config["child_kill_timeout"] + BOOT,
    }


if __name__ == "__main__":
    main()
