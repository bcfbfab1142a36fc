"""The status page for people. Nothing here is imported before somebody asks for the page."""
