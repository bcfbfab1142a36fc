"""A conformance run: from what a user asked for to a verdict for every case, and a report."""
