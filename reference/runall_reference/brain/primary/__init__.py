"""The primary's brain: input in; one atomic change of records, then actions, out.

Each rule has an address: one small class a module, which is given what it needs. From the ground
up: `state` is shared by all; `ledger`; `lease`: who leads; `placement`: where and whether a job
may start; `stopping`: time limits and aborts; `policies`: what follows an interruption;
`finalization`: the end of an attempt; `inventories`: what a worker reports; `reachability`: what
its silence means; `waiting`: what starts later; `slots`: the schedule; `orders`: what users ask.
"""

from .lease import Standby
from .primary import Primary

__all__ = ["Primary", "Standby"]
