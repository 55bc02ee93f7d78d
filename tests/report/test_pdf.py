import re
import shutil
import subprocess
from datetime import date

import pytest
from tests.report.conftest import crack, open_folder, write_photo, write_places

from upcracknet.report.letters import shown
from upcracknet.report.making import ReportOptions, make_report

READER = shutil.which("pdftotext")


@pytest.fixture
def text(tmp_path):
    """Makes a PDF; gives its text as another program reads it."""

    def make(results, **options) -> str:
        make_report(results, tmp_path / "report.html", ReportOptions(pdf=True, **options), date(2026, 11, 27))
        command = [READER, "-layout", str(tmp_path / "report.pdf"), "-"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    return make


needs_reader = pytest.mark.skipif(READER is None, reason="pdftotext is not installed")


@needs_reader
def test_it_says_what_the_page_says(results, text):
    written = " ".join(text(results).split())
    for sentence in (
        "Road cracks: Bridge Road",
        "3.3 m of cracks were found, in 11 photos.",
        "Section 3: 200 m to 300 m",
        "Length of cracks in metres, by class and severity",
        "mean width (mm)",
        "ab" * 20,
        "Ruts, potholes, patches and ravelling",
        "truncated",
        "Page 1",
    ):
        assert sentence in written, sentence


@needs_reader
def test_names_in_other_letters_do_not_stop_it(tmp_path, text):
    folder = open_folder(tmp_path / "道路")
    write_photo(folder.path, "Straße Žižkov <b>&amp;.jpg", [crack()])
    write_photo(folder.path, "дорога.jpg", [crack()], warning="слишком темно <img/>")
    write_places(folder)
    written = text(folder, language="de")
    assert all(part in written for part in ("Straße", "Žižkov", "<b>&amp;.jpg"))
    assert "??????.jpg" in written


def test_signs_that_the_letters_have():
    assert shown("1\u202f234 m² ± 5\u00a0% – Größe") == "1\u00a0234 m² ± 5\u00a0% – Größe"
    assert shown("道 ж \udcff") == "? ? ?"


@needs_reader
def test_long_tables_are_cut_and_say_so(tmp_path, text):
    folder = open_folder(tmp_path / "out")
    for number in range(140):
        write_photo(folder.path, f"{number:03}.jpg", status="failed", error=f"{number}: gone", cracks=None)
    written = text(folder)
    assert len(re.findall(": gone", written)) == 100
    assert "The first 100 of 140 rows." in written


@needs_reader
def test_texts_of_any_length_fit(tmp_path, text):
    folder = open_folder(tmp_path / "out")
    write_photo(folder.path, f"{'n' * 180}.jpg", [crack()], warning="w" * 30_000)
    write_photo(folder.path, "b.jpg", status="failed", error="e " * 20_000, cracks=None)
    assert "n" * 30 in text(folder, title="t" * 300)
