"""`runall docs`: the specification, the cases, what was seen and the guides, as a site."""

from pathlib import Path

import click

from .options import FOLDER

EPILOG = """\b
Examples:
  runall docs site                    then open site/index.html, or site/zh-CN/index.html
  runall docs site --language zh-CN   in Chinese alone
  runall docs catalogs --catalogs     the sentences to translate, for sphinx-intl

\b
Exit codes: 0 written, 3 a link, a clause, a case or a page leads nowhere, or the kit could not
run, 64 wrong usage. It needs a checkout, and: pip install 'runall-kit[docs]'
"""


@click.command(epilog=EPILOG, short_help="Write all pages as a site that opens from disk.")
@click.argument("folder", type=FOLDER, metavar="DIR")
@click.option(
    "--language",
    type=click.Choice(["en", "zh-CN"]),
    help="The pages of that language alone. By default DIR has the English ones and DIR/zh-CN the "
    "Chinese ones, and each page leads to the other.",
)
@click.option(
    "--repository",
    default="",
    metavar="URL",
    help="Where the files of the checkout can be browsed: https://HOST/OWNER/NAME/blob/main. "
    "Links to files that are no page lead there; without it such files are copied into DIR.",
)
@click.option(
    "--catalogs", is_flag=True, help="Write the sentences to translate (*.pot) instead of pages."
)
def docs(folder: Path, language: str | None, repository: str, catalogs: bool) -> None:
    """Write the site: the promise, its cases, what was seen, and the guides.

    It is made anew from the checkout: the pages of docs/, the specification, the features, the kept
    reports, the mutants and the commands. DIR opens from disk and can be moved.
    """
    from runall_harness.site.build import build
    from runall_harness.site.languages import CHINESE
    from runall_harness.site.settings import SiteOptions

    from . import runall

    if language or catalogs:
        alone = SiteOptions(language=language or "en", repository=repository, catalogs=catalogs)
        wanted = {folder: alone}
    else:
        english = SiteOptions(other=f"{CHINESE}/", repository=repository)
        chinese = SiteOptions(language=CHINESE, other="../", repository=repository)
        wanted = {folder: english, folder / CHINESE: chinese}
    for place, site in wanted.items():
        pages = build(place, site, runall)
        click.echo(f"{place / 'index.html'}: {pages} pages", err=True)
