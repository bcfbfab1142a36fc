"""What must be seen of a node itself before anybody is asked whether it takes work.

A daemon that listens may not be ready, and one that says so in its log may have said it at an
earlier start. So only what this start has shown counts; and it is evidence beside the adapter's
word, never in its place.
"""

import re

from runall_harness.rigs.base import NodeSpec, Readiness, Site

PATIENCE = 1.0  # seconds for one answer; it is asked again


class Evidence:
    """What the nodes of one site have shown since each was started last."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.earlier: dict[str, int] = {}

    def starts(self, spec: NodeSpec) -> None:
        """It is about to be started: what it printed so far proves nothing any more."""
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
    """Whether a node serves that path, without an error and with that text."""
    import httpx

    try:
        answer = httpx.get(f"{url}{ready.http}", timeout=PATIENCE, trust_env=False)
    except httpx.HTTPError:
        return False
    return answer.is_success and ready.holds in answer.text
