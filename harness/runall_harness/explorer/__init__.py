"""The explorer: it tries what nobody thought of, in virtual time, and tells it as a story.

A *play* is one bounded world on its way: nodes, jobs, a base fault, and the history so far. A
*move* is one thing that the nemesis or a user does to it. `search` carries out every move at every
point of every play, and every two of them; `signature` says when two plays have become the same,
so that only one of them is played to its end.
"""
