"""What a scheduler is to the harness: its nodes, its timings, and a client for its API."""
