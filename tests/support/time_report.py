"""Shows where the time of a run went: the seconds of each folder of tests.

pytest's option `--durations` names the slowest tests. With it, this sums up all of them.
"""

from collections import Counter, defaultdict

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
    seconds: defaultdict[str, float] = defaultdict(float)
    tests: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[folder_of(report.nodeid)] += report.duration
                tests[folder_of(report.nodeid)] += report.when == "call"
    terminalreporter.section("seconds of each folder, all processes together")
    for folder, took in sorted(seconds.items(), key=lambda item: -item[1]):
        terminalreporter.write_line(f"{took:8.1f}  {folder} ({tests[folder]} tests)")
