"""The processes around the brains: only they use clocks, sockets, files and child processes."""
