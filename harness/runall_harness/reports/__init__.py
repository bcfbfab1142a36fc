"""What people read: progress, summary, comparison, and the generated pages."""
