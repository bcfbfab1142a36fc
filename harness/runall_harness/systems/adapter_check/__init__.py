"""Checks an adapter itself, against a scheduler that runs without faults.

A wrong adapter makes the verdict on its scheduler worthless, in either direction. So before any
server is killed, each verb is tried, and its answer is compared with the witness: with what the
jobs that really ran have written.
"""
