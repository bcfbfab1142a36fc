"""The promise as code: pure state machines without clock, socket, file, thread or randomness.

A brain gets an input and a time, and answers with a `Step`: one atomic change of records, then
messages to send and processes to start or stop. The daemons and the simulator run these brains
unchanged. Every rule names its clause of SPEC.md where it decides.
"""
