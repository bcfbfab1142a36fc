"""The page of a report: one file that loads nothing from outside, and reads without JavaScript.

`case_page` writes the page of one history, `render` that of anything which is told as a `Page`.
"""

from .entries import entry_of
from .model import Entry, Finding, Page
from .render import case_page, render

__all__ = ["Entry", "Finding", "Page", "case_page", "entry_of", "render"]
