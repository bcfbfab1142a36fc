"""The error of the kit itself, which every room may raise: exit code 3."""


class KitCannotRun(Exception):
    """The kit itself cannot go on: exit code 3. It has a cause and a next step."""

    def __init__(self, cause: str, hint: str) -> None:
        super().__init__(f"{cause}; next step: {hint}")
        self.cause, self.hint = cause, hint

    def __reduce__(self) -> tuple[type["KitCannotRun"], tuple[str, str]]:
        """Pickle the error by its cause and its hint, to send it between processes."""
        return type(self), (self.cause, self.hint)
