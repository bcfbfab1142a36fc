"""What a step wrote, in plain words for the daemon's log: one line for each record that matters."""

import logging

from runall_reference.brain.record_set import Change, Put
from runall_reference.brain.records import Entry, Finished, Job, Lease, Run

log = logging.getLogger("runall")


def log_change(change: Change) -> None:
    """Log each record that was written, but for those that only keep count."""
    for write in change:
        if isinstance(write, Put) and (line := line_of(write.record)):
            log.info("%s", line)


def line_of(record: object) -> str:
    """The line for one record; empty if it does not matter to an operator."""
    match record:
        case Lease(renewals=0, holder=holder) if holder:
            return f"{holder} is primary, epoch {record.epoch}"
        case Job():
            where = f" on {record.node}" if record.node else ""
            how = f"(attempt {record.attempt}, {record.cause})"
            return f"job {record.id} of {record.event} is {record.state}{where} {how}"
        case Finished(job=job):
            code = "" if job.code is None else f" with status {job.code}"
            late = "" if record.late_code is None else f"; a late result says {record.late_code}"
            line = f"job {job.id} of {job.event} {job.state}{code}. {job.description}{late}"
            return line.rstrip(" .")
        case Entry():
            detail = f", {record.detail}" if record.detail else ""
            decision = f"{record.what}: {record.decision}{detail}"
            return f"job {record.job}: {decision} ({record.clause})"
        case Run(how=how) if how:
            return f"job {record.key} ended here with status {record.code} ({how})"
        case Run(stop=stop) if stop:
            return f"job {record.key} has to stop: {stop}"
        case Run():
            return f"job {record.key} starts here"
        case _:
            return ""
