"""What a node itself must show before the system is asked whether that node takes work.

A daemon that listens may not be ready, and a line in its log may stem from an earlier start. So
only what was shown since this start counts. This evidence adds to the adapter's answer and never
replaces it.
"""

import re

from runall_harness.rigs.base import NodeSpec, Readiness, Site

ANSWER_WITHIN = 1.0  # seconds for one answer; the node is asked repeatedly


class Evidence:
    """What the nodes of one site have shown since each was started last."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.earlier: dict[str, int] = {}

    def starts(self, spec: NodeSpec) -> None:
        """Note that a node is about to start: its earlier output proves nothing from now on."""
        if spec.ready and spec.ready.log:
            self.earlier[spec.name] = len(self.site.logs(spec.name))

    def shows(self, spec: NodeSpec) -> bool:
        """Whether the node shows what its description asks for; yes where that is nothing."""
        ready = spec.ready
        if ready is None:
            return True
        if ready.log:
            printed = self.site.logs(spec.name)[self.earlier.get(spec.name, 0) :]
            return any(re.search(ready.log, line) for line in printed.splitlines())
        return answers(self.site.url(spec.name), ready)


def answers(url: str, ready: Readiness) -> bool:
    """Whether a node serves the path that it must, without an error and with the right text."""
    import httpx

    try:
        answer = httpx.get(f"{url}{ready.http}", timeout=ANSWER_WITHIN, trust_env=False)
    except httpx.HTTPError:
        return False
    return answer.is_success and ready.holds in answer.text
