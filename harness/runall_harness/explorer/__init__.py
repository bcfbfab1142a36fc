"""The explorer: it searches for stories in which the promise is broken, in virtual time.

A *world* is small and bounded: some nodes, an event, one job, and a failure that it is named after.
A *play* is one world on its way, act by act, with its history. A *move* is one thing that is done
to a play: the *nemesis* breaks nodes and messages, and users give orders. A *story* is a world with
its moves, and with what the checks say of the history: the explorer shrinks it, prints it, and
saves it for `runall replay`.

`search` makes every move at every point of a world, and `signature` says when two plays have become
the same, so that one of them is enough. `random_search` draws longer stories from seeds.
"""
