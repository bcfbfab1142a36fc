"""What is promised: the clauses, the cases that show them, verdicts, errors and schemas.

This is the ground floor. It imports no other room of the harness.
"""
