"""What the site is built with: the settings of Sphinx, MyST and the theme, in one place."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from runall_harness.contract.places import CHECKOUT
from runall_harness.contract.translation import ENGLISH

HERE = Path(__file__).parent
# The page of a report draws time lines too, by the same files.
REPORT_PAGE = HERE.parent / "reports" / "page"
DRAWING = ("timeline.js", "timeline.css", "vendored/d3.min.js", "vendored/d3.LICENSE")
LOCALES = CHECKOUT / "docs" / "locales"
EXTENSIONS = ("myst_parser", f"{__package__}.extension")


@dataclass(frozen=True)
class SiteOptions:
    """What is asked for. `language` is one of the kit's.

    `other` leads from the top of this site to that in the other language; empty where there is
    none. `repository` is the address of the checkout's tree for links to files that are no page;
    without it these files are copied beside the pages. With `catalogs` the sentences to translate
    are written instead of pages.
    """

    language: str = ENGLISH
    other: str = ""
    repository: str = ""
    catalogs: bool = False


def settings(site: SiteOptions, locales: Path) -> dict[str, Any]:
    """The settings; `locales` is the folder of the catalogs, into which Sphinx writes too."""
    return {
        "project": "Run All kit",
        "copyright": "Run All kit contributors",
        "release": version("runall-kit"),
        "extensions": list(EXTENSIONS),
        "language": site.language.replace("-", "_"),
        "locale_dirs": [str(locales)],
        "runall_other": site.other,
        "gettext_compact": False,
        "gettext_uuid": False,
        "gettext_location": False,
        "nitpicky": True,
        "source_suffix": {".md": "markdown"},
        **markdown(),
        **pages(),
    }


def markdown() -> dict[str, Any]:
    return {
        "myst_enable_extensions": ["colon_fence", "deflist", "attrs_block"],
        "myst_heading_anchors": 5,
        "myst_fence_as_directive": ["mermaid", "time-line"],
        "pygments_style": "a11y-high-contrast-light",
        "highlight_language": "none",
    }


def pages() -> dict[str, Any]:
    return {
        "html_theme": "furo",
        "html_title": "Run All kit",
        "html_static_path": [
            *(str(HERE / folder) for folder in ("theme", "vendored")),
            *(str(REPORT_PAGE / file) for file in DRAWING),
        ],
        "html_css_files": ["site.css"],
        "html_js_files": [("scrollable.js", {"defer": "defer"})],
        "html_copy_source": False,
        "html_show_sourcelink": False,
        "html_show_sphinx": False,
        "html_show_copyright": False,
        "html_use_index": False,
        "html_last_updated_fmt": None,
        "html_permalinks_icon": "#",
        # A summary is fetched, and pages that are opened from disk can fetch nothing.
        "html_show_search_summary": False,
        "html_theme_options": {"top_of_page_buttons": []},
    }
