"""A crew: several processes that share the cases of one run, so that waiting overlaps with work.

Most of a case is waiting for a timeout of the scheduler under test. The `lead`, in the process of
the user's command, deals the cases, one at a time, to its `hand`s; each is a pytest of its own
over the same feature folder, with a rig of its own. `messages` is all that passes between them.
"""
