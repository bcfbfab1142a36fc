"""What follows when an interrupted job is finalized: the one seam in recovery.

`reference` is the default and keeps every clause. The others are three releases of history,
kept so that anybody can watch them fail and pass.
"""

from .cronicle import Cronicle0949, Cronicle0950, Cronicle0952
from .reference import Policy

POLICIES: dict[str, type[Policy]] = {
    policy.name: policy for policy in (Policy, Cronicle0949, Cronicle0950, Cronicle0952)
}

__all__ = ["POLICIES", "Policy"]
