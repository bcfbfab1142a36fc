"""The explorer: it searches for stories in which the promise is broken, in virtual time.

A *play* is one bounded world on its way, act by act, with its history. A *story* is a world with
its moves, and with what the checks say of the history. docs/explorer.md explains worlds and moves.
`search` makes every move at every point of a world, and `signature` says when two plays have become
the same, so that one of them is enough. `random_search` draws longer stories from seeds.
"""
