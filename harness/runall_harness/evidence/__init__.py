"""What happened: the facts of a case, what the API showed, the history and the witness.

Every verdict rests on these records alone. Nothing in this package judges.
"""
