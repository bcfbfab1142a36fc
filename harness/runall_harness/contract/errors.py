"""The error of the kit itself, which every room may raise: exit code 3."""


class KitCannotRun(Exception):
    """The kit itself cannot go on: exit code 3. A cause, and the next step for the reader."""

    def __init__(self, cause: str, hint: str) -> None:
        super().__init__(f"{cause}; next step: {hint}")
        self.cause, self.hint = cause, hint

    def __reduce__(self) -> tuple[type["KitCannotRun"], tuple[str, str]]:
        """How it is pickled, between the processes of a pool: by its two parts."""
        return type(self), (self.cause, self.hint)
