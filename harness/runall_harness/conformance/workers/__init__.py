"""Several processes that share the cases of one run, so that waiting overlaps with work.

Most of a case is waiting for a timeout of the scheduler under test. The `dispatcher`, in the
process of the user's command, hands out the cases one at a time; each `worker` is a pytest of its
own over the same feature folder, with a rig of its own.
"""
