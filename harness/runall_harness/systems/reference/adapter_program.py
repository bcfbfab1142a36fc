"""The reference scheduler behind the adapter protocol, by its HTTP API.

It shows that the protocol covers everything that the kit's own client does: the same cases get
the same verdicts through it. It is run by

    python -m runall_harness.systems.reference.adapter_program

with these variables in its environment:

    RUNALL_URLS   the primaries' addresses, separated by spaces (http://127.0.0.1:7070)
    RUNALL_TOKEN  the token of their API
    RUNALL_CAPABILITIES   what to declare, separated by spaces; without it, all that it keeps
"""

import os
import sys
from collections.abc import Mapping

from runall_harness.adapter import Adapter, JobView, Rejected

from .http_client import HttpClient
from .views import CAPABILITIES, job_of, reference_version


class ReferenceAdapter(HttpClient, Adapter):
    """An adapter whose verbs are those of the kit's own client of the reference."""

    name, version = "reference", reference_version()

    def __init__(self, env: Mapping[str, str]) -> None:
        Adapter.__init__(self)
        declared = env.get("RUNALL_CAPABILITIES")
        self.capabilities = CAPABILITIES if declared is None else frozenset(declared.split())
        super().__init__(self.changed, env["RUNALL_URLS"].split(), env["RUNALL_TOKEN"])

    def ready(self) -> list[str]:
        return sorted(self.online())

    def job(self, job: str) -> JobView | None:
        try:
            return job_of(self.call("GET", f"/v1/jobs/{job}"))
        except Rejected as refusal:
            if refusal.code != "unknown-job":
                raise
            return None


def main() -> None:
    if missing := [name for name in ("RUNALL_URLS", "RUNALL_TOKEN") if not os.environ.get(name)]:
        sys.exit(f"set {' and '.join(missing)}: see {__spec__.name if __spec__ else __name__}")
    ReferenceAdapter(os.environ).serve()


if __name__ == "__main__":
    main()
