"""The report as one page that loads nothing: texts, pictures, styles and scripts are all in it."""

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape

from upcracknet.errors import ConfigurationError
from upcracknet.report.document import (
    Block,
    Bullets,
    Cards,
    Document,
    Legend,
    Map,
    Pairs,
    Plot,
    Table,
    Text,
)
from upcracknet.report.figures import svg

PAGE_ROWS = 200
"""Rows of a table that are shown at a time."""


@dataclass(frozen=True)
class BaseMap:
    """Map tiles below the survey, which a browser fetches from a server while it shows the page.

    Attributes:
        url: of a tile, with {z}, {x} and {y}; {s} may stand for a server's letter.
        credit: whom the map is of; its owner asks for that in most cases.

    Raises:
        ConfigurationError: the address is none of tiles.
    """

    url: str
    credit: str = ""

    def __post_init__(self) -> None:
        address = urlsplit(self.url)
        places = all(place in self.url for place in ("{z}", "{x}", "{y}"))
        if (
            address.scheme not in ("http", "https")
            or not re.fullmatch(r"[\w.{}:-]+", address.netloc)
            or not places
        ):
            raise ConfigurationError(
                f"--base-map {self.url}: no address of map tiles; expected one such as "
                "https://tile.example.org/{z}/{x}/{y}.png"
            )

    @property
    def origin(self) -> str:
        """The servers that tiles may come from, as a page's security policy names them."""
        address = urlsplit(self.url)
        return f"{address.scheme}://{address.netloc.replace('{s}', '*')}"


def page(report: Document, base_map: BaseMap | None = None) -> str:
    """Write the page.

    Its security policy lets nothing be loaded but what is in it, and tiles of the base map where one is
    given. It runs the scripts that are in it and no other, whatever stands in the names of photos.

    Args:
        report: what to write.
        base_map: map tiles below the survey; without them the page asks no server for anything.
    """
    blocks = [block for chapter in report.chapters for block in chapter.blocks]
    maps = [block for block in blocks if isinstance(block, Map)]
    scripts, styles = [_file("templates", "report.js")], [_file("templates", "report.css")]
    if maps:
        scripts, styles = [_leaflet("leaflet.js"), *scripts], [_leaflet("leaflet.css"), *styles]
    environment = Environment(loader=PackageLoader("upcracknet.report"), autoescape=True, trim_blocks=True,
                              lstrip_blocks=True)  # fmt: skip
    environment.filters |= {"code": _code, "base64": _base64, "svg": lambda figure: Markup(svg(figure))}
    tests: dict[str, Any] = {name: partial(_is_a, kind) for name, kind in _BLOCKS.items()}
    environment.tests.update(tests)
    return environment.get_template("report.html.jinja").render(
        report=report,
        scripts=[Markup(script) for script in scripts],
        style=Markup("".join(styles)),
        policy=_policy(scripts, base_map),
        data=_data(report, blocks, base_map),
        page_rows=PAGE_ROWS,
    )


_BLOCKS: dict[str, type[object]] = {
    "text": Text,
    "bullets": Bullets,
    "pairs": Pairs,
    "table": Table,
    "plot": Plot,
    "map": Map,
    "cards": Cards,
    "legend": Legend,
}
"""What the template calls the kinds of blocks."""


def _is_a(kind: type[object], block: object) -> bool:
    return isinstance(block, kind)


_WORDS = "table.find", "table.before", "table.after", "table.rows"
"""Texts that the page's script writes."""


def _data(report: Document, blocks: list[Block], base_map: BaseMap | None) -> dict[str, Any]:
    """What the page's script draws: the rows of long tables, and the map."""
    tables = [block for block in blocks if isinstance(block, Table) and len(block.rows) > PAGE_ROWS]
    maps = [block for block in blocks if isinstance(block, Map)]
    return {
        "tables": {table.name: table.rows for table in tables},
        "pageRows": PAGE_ROWS,
        "words": {word: report.language.texts[word] for word in _WORDS},
        "language": report.language.name,
        "map": maps[0].data if maps else None,
        "baseMap": None if base_map is None else {"url": base_map.url, "credit": base_map.credit},
    }


def _policy(scripts: list[str], base_map: BaseMap | None) -> str:
    """The page's security policy: scripts are known by their checksums."""
    digests = (_base64(hashlib.sha256(script.encode()).digest()) for script in scripts)
    known = " ".join(f"'sha256-{digest}'" for digest in digests)
    images = "data:" if base_map is None else f"data: {base_map.origin}"
    return (
        f"default-src 'none'; img-src {images}; style-src 'unsafe-inline'; script-src {known}; "
        "base-uri 'none'; form-action 'none'"
    )


def _file(folder: str, name: str) -> str:
    return files("upcracknet.report").joinpath(folder, name).read_text(encoding="utf-8")


def _leaflet(name: str) -> str:
    """A file of Leaflet, without the pictures of controls that are not used and its source's address."""
    return re.sub(r"url\([^)]*\)|//# sourceMappingURL=\S+", "", _file("leaflet", name))


def _code(sentence: str) -> Markup:
    """A sentence whose commands, which stand between backticks, look like commands."""
    parts = str(escape(sentence)).split("`")
    return Markup(
        "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))
    )


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
