"""The site: the promise, its cases, what was seen and the guides, as pages that open from disk.

`build` makes it. Its sources are the Markdown of the checkout, which stays readable as it is, and
pages that are made from what the kit knows: clauses, cases, kept reports, mutants, commands.
"""
