"""Which case, exploration or foreign suite kills which mutant, and how soon."""
