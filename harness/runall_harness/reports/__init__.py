"""Output for people: progress, summary, comparison, and the generated pages."""
