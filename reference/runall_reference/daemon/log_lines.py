"""What a step did, in plain words for the daemon's log: one line for each thing that matters."""

from collections.abc import Iterator

from runall_reference.brain.record_set import Change, Put
from runall_reference.brain.records import Entry, Finished, Job, Lease, Run


def log_lines(change: Change) -> Iterator[str]:
    """The lines that tell a change. Records that only keep count are passed over."""
    for one in change:
        if isinstance(one, Put) and (line := tell(one.record)):
            yield line


def tell(record: object) -> str:
    """One record's line, or an empty one."""
    match record:
        case Lease(renewals=0, holder=holder) if holder:
            return f"{holder} is primary, epoch {record.epoch}"
        case Job():
            return tell_job(record)
        case Finished():
            return tell_end(record)
        case Entry():
            return tell_entry(record)
        case Run(how=how) if how:
            return f"job {record.key} ended here with status {record.code} ({how})"
        case Run(stop=stop) if stop:
            return f"job {record.key} has to stop: {stop}"
        case Run():
            return f"job {record.key} starts here"
        case _:
            return ""


def tell_job(job: Job) -> str:
    """A live job's state."""
    where = f" on {job.node}" if job.node else ""
    return f"job {job.id} of {job.event} is {job.state}{where} (attempt {job.attempt}, {job.cause})"


def tell_end(done: Finished) -> str:
    """A finished job's end."""
    job = done.job
    code = "" if job.code is None else f" with status {job.code}"
    late = "" if done.late_code is None else f"; a late result says {done.late_code}"
    return f"job {job.id} of {job.event} {job.state}{code}. {job.description}{late}".rstrip(" .")


def tell_entry(entry: Entry) -> str:
    """A line of the operator's ledger."""
    detail = f", {entry.detail}" if entry.detail else ""
    return f"job {entry.job}: {entry.what}: {entry.decision}{detail} ({entry.clause})"
