"""Measures which case, exploration or foreign test suite kills which mutant, and how soon."""
