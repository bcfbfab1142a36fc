"""What the process of a job can be given: a law of the operating system, not of this scheduler."""

from .records import Event

# Bytes. Linux gives a process no string of 128 KiB or more, the mark of its end included. All of
# them together have to leave room for the variables that a worker adds.
LONGEST, TOGETHER = 131_071, 1_000_000


def impossible(event: Event, source: str) -> str:
    """Why no process can be given the values of a run (RA-8.6); empty if one can.

    Only plain values become variables, NAME=value; a script is a file.
    """
    together, values = 0, {**event.params, "source": source}
    for name, value in values.items():
        if isinstance(value, str | int | float) and name != "script":
            # A name that begins with a digit gets a letter more.
            size = len(f"{name}={value}".encode("utf-8", "surrogatepass")) + name[:1].isdigit()
            if size > LONGEST:
                return f"{name}: {size} bytes as NAME=value, and a process is given {LONGEST}"
            if "\0" in f"{name}{value}":
                return f"{name}: a NUL, which ends every string that a process is given"
            together += size
    more = f"{together} bytes, and a process is given {TOGETHER} at most"
    return f"params: {more}" if together > TOGETHER else ""
