"""The id of a case, and that of its repeats."""


def base_id(case: str) -> str:
    """The id of a case without the number of its repeat."""
    return case.partition("#")[0]
