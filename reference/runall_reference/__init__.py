"""The reference scheduler: a pure brain that keeps the promise, and thin shells that run it."""
