"""Where nodes live and how faults are injected: simulated, processes, docker."""
