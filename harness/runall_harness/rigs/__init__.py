"""Where nodes live and how they are hurt: simulated, processes, docker."""
