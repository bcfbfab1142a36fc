"""Tests an adapter itself, against a scheduler that runs and that nobody hurts.

An adapter that lies makes the verdict on its scheduler worthless, in either direction. So before
servers are killed, each verb is tried in peace, and what it says is held against the witness:
against what jobs that really ran have told of themselves.
"""
