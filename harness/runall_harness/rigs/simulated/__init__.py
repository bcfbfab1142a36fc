"""A world in virtual time: nodes with disks, links, processes, and everything that can go wrong.

The brains in it are the reference's own, unchanged. The world is single-threaded and
deterministic: the same orders give the same story, to the last event.
"""
