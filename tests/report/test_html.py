import base64
import hashlib
import json
import re
import shutil
import subprocess
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from tests.report.conftest import crack, write_photo, write_places

from upcracknet.errors import ConfigurationError
from upcracknet.report.html import BaseMap
from upcracknet.report.making import ReportOptions, make_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ATTACK = "<img src=x onerror=document.title='taken'><!--"
EVIL = f"{ATTACK}</script><script>document.title='taken'"


class Elements(HTMLParser):
    """All elements of a page with their attributes, and the content of its scripts."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found, self.scripts, self.inside = list[tuple[str, dict]](), list[str](), False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        self.inside = tag == "script"
        if self.inside:
            self.scripts.append("")

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.scripts[-1] += data


@pytest.fixture
def make(tmp_path, results):
    """Makes a report of the folder of ``results``; gives its page."""

    def make(**options):
        path = tmp_path / "report.html"
        make_report(results, path, ReportOptions(**options), date(2026, 11, 27))
        return path.read_text(encoding="utf-8")

    return make


def policy(page: str) -> str:
    return next(attrs["content"] for tag, attrs in Elements(page).found if "http-equiv" in attrs)


def test_complaint_22_nothing_is_loaded_from_outside(make):
    """folium#351: a blank page without internet."""
    page = make()
    for tag, attributes in Elements(page).found:
        assert tag not in ("link", "iframe", "object", "embed", "base"), tag
        for name in ("src", "srcset", "data", "poster", "action"):
            assert attributes.get(name, "data:").startswith("data:"), (tag, attributes)
        if tag == "a":
            assert attributes["href"].startswith("#")
    style = re.search("<style>(.*?)</style>", page, re.DOTALL)[1]
    assert "url(" not in style and "@import" not in style
    assert "sourceMappingURL" not in page
    rules = policy(page)
    assert "default-src 'none'" in rules and "img-src data:;" in rules
    assert "http" not in rules


def test_the_page_runs_its_own_scripts_alone(make):
    page = make()
    _, *scripts = Elements(page).scripts  # the first are data
    assert len(scripts) == 2
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy(page)
    assert "unsafe-inline' 'sha" not in policy(page) and "unsafe-eval" not in policy(page)


def test_styles_reach_the_browser_as_they_are(make):
    style = re.search("<style>(.*?)</style>", make(), re.DOTALL)[1]
    assert ".card > p" in style and "&gt;" not in style


def test_names_with_html_in_them_are_texts(make, results):
    name = EVIL.replace("/", "∕")  # a name has no slash
    write_photo(results.path, f"day/{name}.jpg", [crack(900.0, severity="high")], warning=EVIL)
    write_photo(results.path, "day/b.jpg", status="failed", error=EVIL, cracks=None)
    write_places(results)
    page = make(title=EVIL)
    elements = Elements(page)
    assert not [tag for tag, attrs in elements.found if attrs.get("src") == "x"]
    assert len(elements.scripts) == 3
    data = json.loads(elements.scripts[0])
    assert name in json.dumps(data, ensure_ascii=False)
    assert "&lt;img src=x" in page


def test_a_base_map_is_asked_for_and_nothing_else(make):
    url = "https://{s}.tiles.example.org/{z}/{x}/{y}.png"
    page = make(base_map=url, base_map_credit="© <b>them</b>")
    assert "img-src data: https://*.tiles.example.org;" in policy(page)
    data = json.loads(Elements(page).scripts[0])
    assert data["baseMap"] == {"url": url, "credit": "© <b>them</b>"}


@pytest.mark.parametrize(
    "url",
    ["tiles.png", "https://example.org/{z}/{x}.png", "file:///{z}/{x}/{y}", "https://a b/{z}/{x}/{y}",
     "https://a;script-src/{z}/{x}/{y}", "https:///{z}/{x}/{y}"],
)  # fmt: skip
def test_no_address_of_tiles(url):
    with pytest.raises(ConfigurationError, match="no address of map tiles; expected one such as https"):
        BaseMap(url)


def test_the_page_can_be_heard(make):
    page = make()
    elements = Elements(page).found
    levels = [int(tag[1]) for tag, _ in elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all("scope" in attrs for tag, attrs in elements if tag == "th")
    pictures = [attrs["alt"] for tag, attrs in elements if tag == "img"]
    assert len(pictures) == 7
    assert all(alt.startswith("Photo day/") and "m of cracks" in alt for alt in pictures)
    drawings = [attrs for tag, attrs in elements if tag == "svg"]
    assert all("aria-label" in attrs or attrs.get("aria-hidden") == "true" for attrs in drawings)
    names = [attrs["id"] for _, attrs in elements if "id" in attrs]
    assert len(names) == len(set(names))
    targets = {attrs["href"][1:] for tag, attrs in elements if tag == "a"}
    assert targets <= set(names)


def test_long_tables_come_in_pages(make, results):
    for number in range(430):
        write_photo(results.path, f"more/{number:03}.jpg", [crack()])
    page = make()
    data = json.loads(Elements(page).scripts[0])
    assert len(data["tables"]["photos"]) == 441
    body = page.split('data-table="photos"')[1].split("</tbody>")[0]
    assert body.count("<tr>") == 1 + 200
    assert "The first 200 of 441 rows." in page


def browse(page, tmp_path) -> tuple[str, str]:
    """The page as Chromium shows it without a network, and what it complained of."""
    path = tmp_path / "shown.html"
    path.write_text(page, encoding="utf-8")
    options = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--enable-logging=stderr")
    offline = "--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking"
    own = f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=3000", "--dump-dom"
    command = [CHROMIUM, *options, *offline, *own, path.as_uri()]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return answer.stdout, "\n".join(line for line in answer.stderr.splitlines() if "CONSOLE" in line)


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_in_a_browser_without_a_network(make, results, tmp_path):
    name = EVIL.replace("/", "∕")
    for number in range(230):
        write_photo(results.path, f"more/{number:03}{name if number == 7 else ''}.jpg", [crack()])
    write_places(results)
    shown, complaints = browse(make(), tmp_path)
    assert "leaflet-interactive" in shown or "<canvas" in shown
    assert "1 to 200 of 241" in shown
    assert "<title>Road cracks: Bridge Road</title>" in shown
    assert complaints == ""
