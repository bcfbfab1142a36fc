"""The error of the kit itself, which every room may raise: exit code 3."""


class KitCannotRun(Exception):
    """The kit itself cannot go on: exit code 3. It has a cause and a next step."""

    def __init__(self, cause: str, hint: str) -> None:
        super().__init__(cause, hint)  # by which it is pickled
        self.cause, self.hint = cause, hint

    def __str__(self) -> str:
        return f"{self.cause}; next step: {self.hint}"
