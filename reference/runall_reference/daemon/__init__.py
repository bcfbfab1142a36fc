"""The thin shells around the brains: clocks, sockets, files and processes live here only."""
