"""Why a daemon can't run, and its exit codes."""

DONE = 0
CANNOT_RUN = 3
LEASE_LOST = 4
INTERNAL_ERROR = 70


class DaemonCannotRun(Exception):
    """The daemon can't start or go on; it has a cause, and the operator's next step."""

    def __init__(self, cause: str, hint: str) -> None:
        super().__init__(f"{cause}\n  next step: {hint}")
        self.cause, self.hint = cause, hint


class ApiError(Exception):
    """A request that is not carried out. `code` is for programs, message and hint for people."""

    def __init__(self, status: int, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.hint = status, code, message, hint
