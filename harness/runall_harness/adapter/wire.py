"""The kit's end of the connection: the process of an adapter, asked one question at a time.

An adapter that dies, hangs, writes something that is no answer, or answers a question that was not
asked is broken: its process is ended, and nothing more is asked. The case is then an error, and
says nothing about the scheduler.
"""

import os
import queue
import select
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NoReturn

import msgspec

from runall_harness.contract.errors import KitCannotRun

from .protocol import PROTOCOL, VALUES, Answer, AnyMessage, Changed, Describe, Done, Question

# The first answer includes the start of the program: an interpreter or a virtual machine.
FIRST_LIMIT, LIMIT = 30.0, 10.0
LEAVE = 5.0
LONGEST_LINE = 64 * 1024 * 1024
TAIL, QUOTED = 5, 120
END = b""


class AdapterBroke(KitCannotRun):
    """The adapter broke the protocol. `how` is dies, hangs, nonsense, out-of-turn or lingers."""

    def __init__(self, how: str, cause: str, hint: str) -> None:
        super().__init__(cause, hint)
        self.how = how


class AdapterProcess:
    """An adapter that runs. `env` is added to the environment; `limit` is seconds an answer.

    `notify` is called, in a thread of its own, when the adapter says that something changed.
    Raises `KitCannotRun` when it can't be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        cwd: Path | None,
        notify: Callable[[], None],
        limit: float | None = None,
    ) -> None:
        self.command, self.notify = tuple(command), notify
        self.first_limit, self.limit = limit or FIRST_LIMIT, limit or LIMIT
        self.process = launch(self.command, {**os.environ, **env}, cwd)
        stdin, stdout, stderr = self.process.stdin, self.process.stdout, self.process.stderr
        assert stdin
        assert stdout
        assert stderr
        self.stdin = stdin
        os.set_blocking(stdin.fileno(), False)
        self.lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.words: deque[str] = deque(maxlen=TAIL)
        self.broken: AdapterBroke | None = None
        self.closed = self.ended = False
        self.number = 0
        self.asking = threading.Lock()
        self.threads = [
            threading.Thread(target=self.read, args=(stdout,), daemon=True),
            threading.Thread(target=self.keep_last_words, args=(stderr,), daemon=True),
        ]
        for thread in self.threads:
            thread.start()

    def read(self, stream: IO[bytes]) -> None:
        """Queue the lines of its standard output; an empty line marks the end."""
        with stream:
            while line := stream.readline(LONGEST_LINE):
                if self.is_notice(line):
                    self.notify()
                else:
                    self.lines.put(line)
        self.lines.put(END)

    def is_notice(self, line: bytes) -> bool:
        """Whether that line is only a notice of a change."""
        with suppress(msgspec.MsgspecError, UnicodeDecodeError):
            return isinstance(msgspec.json.decode(line, type=AnyMessage), Changed)
        return False

    def keep_last_words(self, stream: IO[bytes]) -> None:
        """Keep the last lines of its standard error, to be shown with an error."""
        with stream:
            for line in stream:
                self.words.append(line.decode("utf-8", "backslashreplace").rstrip())

    def ask(self, kind: type[Question], **args: Any) -> Answer:
        """The answer to one question, with a value of the verb's type.

        Raises `AdapterBroke`; from then on, that error for every question.
        """
        with self.asking:
            if self.broken is not None:
                raise self.broken
            self.number += 1
            question = kind(id=self.number, **args)
            verb = question.verb()
            if not self.lines.empty():
                self.read_unasked(verb)
            self.write(question)
            return self.typed(kind, self.read_answer(verb))

    def write(self, question: Question) -> None:
        """Write a question as fast as the adapter reads it; stop if it reads none for `limit` s."""
        pipe, left = self.stdin.fileno(), msgspec.json.encode(question) + b"\n"
        with suppress(BrokenPipeError):
            while left and select.select([], [pipe], [], self.limit)[1]:
                left = left[os.write(pipe, left) :]

    def read_unasked(self, verb: str) -> NoReturn:
        """Raise `AdapterBroke` for a line that was written before a question."""
        line = self.lines.get()
        if line == END:
            self.died(verb)
        self.fail(
            "out-of-turn",
            f"wrote a line before it was asked: {quoted(line)}",
            "write one answer to each question, and text for people to standard error",
        )

    def read_answer(self, verb: str) -> Answer:
        """The answer to the last question. Raises `AdapterBroke` if none comes in time."""
        within = self.first_limit if self.number == 1 else self.limit
        try:
            line = self.lines.get(timeout=within)
        except queue.Empty:
            self.fail(
                "hangs",
                f"did not answer {verb} within {within:g} s",
                "give every call to the scheduler a time limit; when it passes, answer "
                '"maybe" (or "refused" where nothing can have happened)',
            )
        if line == END:
            self.died(verb)
        try:
            message = msgspec.json.decode(line, type=AnyMessage)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            self.fail(
                "nonsense",
                f"answered {verb} with an invalid line ({error}): {quoted(line)}",
                "write JSON lines of the schema that `runall adapter "
                "schema` prints; write text for people to standard error",
            )
        assert not isinstance(message, Changed), "the reader keeps these apart"
        if message.id != self.number:
            self.fail(
                "out-of-turn",
                f"answered question {message.id} when {verb} was asked as {self.number}",
                "answer questions in their order, with their own id",
            )
        return message

    def typed(self, kind: type[Question], answer: Answer) -> Answer:
        """The answer with its value as the verb's type. Raises `AdapterBroke` for another type."""
        if not isinstance(answer, Done):
            return answer
        try:
            value = msgspec.convert(answer.value, VALUES.get(kind, None))
        except msgspec.ValidationError as error:
            self.fail(
                "nonsense",
                f"answered {kind.verb()} with a wrong value: {error}",
                f"see values.{kind.verb()} in `runall adapter schema`",
            )
        if kind is Describe and value.protocol != PROTOCOL:
            self.fail(
                "nonsense",
                f"speaks {value.protocol}",
                f"this kit speaks {PROTOCOL}: take a kit and an adapter of one protocol",
            )
        return msgspec.structs.replace(answer, value=value)

    def died(self, verb: str) -> NoReturn:
        """Raise `AdapterBroke` because its output ended before it answered."""
        try:
            code = self.process.wait(LEAVE)
        except subprocess.TimeoutExpired:
            how = "it closed its output"
        else:
            how = f"exit status {code}" if code >= 0 else f"ended by {signal.Signals(-code).name}"
        self.fail(
            "dies",
            f"ended ({how}) instead of answering {verb}",
            "an adapter lives until its input ends; see its last words, and try the command "
            "by hand",
        )

    def fail(self, how: str, cause: str, hint: str) -> NoReturn:
        """End the process, and raise `AdapterBroke`: no more questions can be asked."""
        self.end()
        # The underlines in a Python trace say nothing.
        words = "; ".join(word.strip() for word in self.words if word.strip(" ^~"))
        said = f" (last words: {words})" if words else ""
        shown = " ".join(self.command)[:QUOTED]
        self.broken = AdapterBroke(how, f"the adapter {shown} {cause}{said}", hint)
        raise self.broken from None

    def close(self) -> bool:
        """Close its input, and return whether it then ended by itself. Safe to call twice."""
        if self.closed:
            return True
        self.closed = True
        with suppress(BrokenPipeError):
            self.stdin.close()
        try:
            self.process.wait(LEAVE)
            return True
        except subprocess.TimeoutExpired:
            return False
        finally:
            self.end()

    def end(self) -> None:
        """Kill the adapter and its process group at once. Safe to call twice."""
        if self.ended:
            return  # its process id may belong to another process by now
        self.closed = self.ended = True
        # The group may have outlived it, and keeps its id as long as any process is in it.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        with suppress(BrokenPipeError):
            self.stdin.close()
        for thread in self.threads:
            thread.join(LEAVE)


def launch(
    command: Sequence[str], env: Mapping[str, str], cwd: Path | None
) -> subprocess.Popen[bytes]:
    """Start an adapter in a session of its own. Raises `KitCannotRun`."""
    if not command:
        raise KitCannotRun("no command for the adapter is given", "name a program")
    try:
        return subprocess.Popen(
            command,
            env=env,
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            bufsize=0,
        )
    except OSError as error:
        raise KitCannotRun(
            f"the adapter {' '.join(command)[:QUOTED]} cannot be started: {error}",
            f"see whether {command[0]!r} is installed and can be executed",
        ) from error


def quoted(line: bytes) -> str:
    """The beginning of a line, with escapes for what cannot be printed."""
    text = line.decode("utf-8", "backslashreplace").rstrip("\n")
    return repr(text[:QUOTED])
