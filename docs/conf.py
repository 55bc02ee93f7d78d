"""Builds the documentation site: ``make docs``. Why it is Sphinx: decisions/0011-documentation-site.md."""

import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import SphinxError

from upcracknet import __version__
from upcracknet.cli.main import app as command_line

project = "upcracknet"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = "upcracknet"
html_show_copyright = False
html_show_sphinx = False

myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
add_module_names = False
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

OUTSIDE = re.compile(r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=\"(?:https?:)?//([^/\"]+)")
COMMANDS = "<!-- the commands' own help is put here -->"


def insert_commands(app: Sphinx, page: str, source: list[str]) -> None:
    """Put each command's own help, as Markdown, into the page that asks for it."""
    if COMMANDS in source[0]:
        names = [name for name in command_line if not name.startswith("-")]
        helps = [
            command_line[name].generate_docs(heading_level=2, usage_name=f"upcracknet {name}")
            for name in names
        ]
        source[0] = source[0].replace(COMMANDS, "\n\n".join(helps))


def require_offline(app: Sphinx, error: Exception | None) -> None:
    """Fail when a page would fetch anything from another host while someone reads it."""
    for page in () if error else sorted(Path(app.outdir).rglob("*.html")):
        for host in OUTSIDE.findall(page.read_text(encoding="utf-8")):
            raise SphinxError(f"{page}: loads something from {host}; pages must work offline")


def setup(app: Sphinx) -> None:
    """Connect the steps above."""
    app.connect("source-read", insert_commands)
    app.connect("build-finished", require_offline)
