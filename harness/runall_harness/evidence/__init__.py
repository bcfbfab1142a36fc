"""What happened: the facts of a case, what the API showed, the history and the witness.

Everything a verdict rests on is a record of this room. Nothing here judges.
"""
