"""A cluster in virtual time: nodes with disks, links and processes, and their faults.

The brains in it are the reference's own, unchanged. The world is single-threaded and
deterministic: the same orders give the same events, to the last one.
"""
