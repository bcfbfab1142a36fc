"""Builds the site with Sphinx: stages its sources, and takes no warning for an answer."""

import logging
import shutil
import tempfile
from io import StringIO
from pathlib import Path

import click

from runall_harness.contract.errors import KitCannotRun

from .languages import is_in_catalogs, speaking
from .settings import LOCALES, SiteOptions, settings
from .staging import stage

# Sphinx keeps these beside the pages, for its next build; nobody reads them.
LEFT_OVER = (".buildinfo", "objects.inv")
MISSING = "runall docs needs Sphinx, which is not installed"


def build(folder: Path, site: SiteOptions, commands: click.Group) -> int:
    """Write the site into that folder, and return how many pages it has.

    `commands` are the commands that its pages describe. Raises `KitCannotRun` with every link,
    clause, case and page that leads nowhere.
    """
    with speaking(site.language), tempfile.TemporaryDirectory(prefix="runall-docs-") as work:
        source = Path(work, "source")
        stage(source, site, commands)
        pages = run_sphinx(source, Path(work), folder, site)
    for name in LEFT_OVER:
        (folder / name).unlink(missing_ok=True)
    for path in folder.rglob("*.pot"):
        if not is_in_catalogs(path.relative_to(folder).with_suffix("").as_posix()):
            path.unlink()
    return pages


def run_sphinx(source: Path, work: Path, folder: Path, site: SiteOptions) -> int:
    try:
        from sphinx.application import Sphinx
        from sphinx.util.docutils import docutils_namespace, patch_docutils
    except ImportError as error:
        raise KitCannotRun(MISSING, "pip install 'runall-kit[docs]'") from error
    warnings, locales = StringIO(), work / "locales"
    if LOCALES.is_dir():
        shutil.copytree(LOCALES, locales)
    # Each language is a site of its own, which must not find what the one before has registered.
    with patch_docutils(), docutils_namespace():
        app = Sphinx(
            srcdir=source,
            confdir=None,
            outdir=folder,
            doctreedir=work / "doctrees",
            buildername="gettext" if site.catalogs else "html",
            confoverrides=settings(site, locales),
            status=None,
            warning=warnings,
            freshenv=True,
        )
        logging.disable(logging.DEBUG)  # what cuts Chinese into words tells of each of its steps
        app.build(force_all=True)
        logging.disable(logging.NOTSET)
    if faults := warnings.getvalue().strip():
        raise KitCannotRun(f"the site has faults:\n{faults}", "correct the pages that are named")
    return len(app.env.found_docs)
