"""A campaign: many seeds, on all cores or many machines, and none is lost or counted twice.

A seed gives the same result wherever it is searched and however often. Everything follows from
that: results are stored by seed, and storing one twice changes nothing; a seed that was lost with
its process is searched again; a campaign that was stopped goes on when the same command is given
once more.

`budget` says for how long, `store` keeps what was found, `work` is what one process does, `local`
and `cluster` are where such processes are, `course` is the campaign itself, `totals` what it comes
to, and `shown` how people watch it.
"""
