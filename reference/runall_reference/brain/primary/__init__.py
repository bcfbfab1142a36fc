"""The primary's brain: input in; one atomic change of records, then actions, out.

Each rule has a module of its own, with one small class that is given what it needs. From the
lowest up: `state`: what all share, and the ledger; `lease`: who leads; `placement`: where and
whether a job may start; `stopping`: time limits and aborts; `policy`: what follows an interruption;
`finalization`: the end of an attempt; `reachability`: what a worker's silence means;
`inventories`: what its reports mean; `waiting`: what starts later; `slots`: the schedule;
`orders`: what users ask for.
"""

from .lease import Standby
from .primary import Primary

__all__ = ["Primary", "Standby"]
