"""Shows where the time of a run went: the seconds of each folder of tests.

pytest's own `--durations` names the slowest tests; this adds up the rest. Shown when that is asked.
"""

from collections import Counter

import pytest

from support.places import ROOT


def folder_of(nodeid: str) -> str:
    """The folder of a test: tests/brain, or features."""
    parts = nodeid.partition("::")[0].split("/")
    return "/".join(parts[:2]) if parts[0] == ROOT.joinpath("tests").name else parts[0]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line a folder, the longest first: seconds, and how many tests."""
    if not terminalreporter.config.getoption("durations"):
        return
    seconds: Counter[str] = Counter()
    tests: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[folder_of(report.nodeid)] += report.duration
                tests[folder_of(report.nodeid)] += report.when == "call"
    terminalreporter.section("seconds of each folder, all processes together")
    for folder, took in seconds.most_common():
        terminalreporter.write_line(f"{took:8.1f}  {folder} ({tests[folder]} tests)")
