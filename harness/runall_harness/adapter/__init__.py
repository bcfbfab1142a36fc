"""For authors of adapters in Python: subclass `Adapter`, write the verbs, call `serve()`.

docs/adapters.md explains what each verb means, and how to do the same in any other language.
"""

from runall_harness.evidence.views import EventView, JobView, LedgerView, Rejected, Unreachable

from .program import Adapter
from .protocol import PROTOCOL, Description

__all__ = [
    "PROTOCOL",
    "Adapter",
    "Description",
    "EventView",
    "JobView",
    "LedgerView",
    "Rejected",
    "Unreachable",
]
