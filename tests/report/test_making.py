"""What a report says, as page and as PDF: sentences, tables and figures of a folder whose sums are known."""

import re
from dataclasses import replace
from datetime import date
from html import unescape
from html.parser import HTMLParser

import pytest
from tests.report.conftest import crack, open_folder, write_photo, write_places
from tests.results.conftest import IN_MM, LIGHT, write_photos

from upcracknet.errors import ConfigurationError, DataError, OutputError
from upcracknet.report.chapters import LIMITS
from upcracknet.report.language import Language
from upcracknet.report.making import ReportOptions, make_report, read_content
from upcracknet.report.summary import method
from upcracknet.results import open_detection, read_results

DAY = date(2026, 11, 27)
ENGLISH = Language.of("en")


@pytest.fixture
def written(tmp_path):
    """Makes a report; gives the page."""

    def make(results, **options) -> str:
        path = tmp_path / "report.html"
        make_report(results, path, ReportOptions(**options), DAY)
        return path.read_text(encoding="utf-8")

    return make


class Words(HTMLParser):
    """The texts of a page as it is read: without scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.parts, self.hidden = list[str](), False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.hidden = tag in ("script", "style")
        self.parts.append(" ")

    def handle_endtag(self, tag):
        self.hidden = False

    def handle_data(self, data):
        if not self.hidden:
            self.parts.append(data)


def words(page: str) -> str:
    return " ".join("".join(Words(page).parts).split())


def row(page: str, name: str) -> list[str]:
    """The cells of the table row that begins with a text."""
    found = re.search(rf'<tr><th scope="row">{re.escape(name)}</th>(.*?)</tr>', page)
    return [unescape(re.sub("<.*?>", "", cell)) for cell in re.findall("<td.*?</td>", found[1])]


def test_the_summary_says_what_was_found(results, written):
    page = words(written(results))
    # 11 photos with a crack of 200 mm and one of 100 mm that is 2 pixels wide.
    assert "12 photos were read. 1 of them could not be used." in page
    assert "They lie along 300 m of road, in 3 sections." in page
    assert "3.3 m of cracks were found, in 11 photos." in page
    assert "By severity these are 2.2 m low and 1.1 m that cannot be graded." in page
    # (200 × 10 + 100 × 4) / 300 mm
    assert "The mean width is 8.0 mm, the greatest 20.0 mm." in page
    assert "The worst stretch is section 3, from 200 m to 300 m." in page
    assert "lies between 88 and 90" in page
    assert "The photos were taken on 4 May 2026 (UTC). Report of 27 November 2026" in page
    assert "The 3.3 m of cracks are uncertain by ±0.2 m from the scale alone." in page


def test_class_by_severity(results, written):
    alligator = {"distress": "alligator", "severity": "medium", "amount": 2.5, "unit": "m²"}
    write_photo(results.path, "day/20.jpg", [crack(500.0, 40.0, "transverse", "high")], [alligator])
    page = written(results)
    assert row(page, "longitudinal") == ["22", "2.2", "–", "–", "1.1", "3.3"]
    assert row(page, "transverse") == ["1", "–", "–", "1.0", "–", "1.0"]
    assert row(page, "all") == ["23", "2.2", "–", "1.0", "1.1", "4.3"]
    assert row(page, "alligator") == ["2.50"]


def test_complaint_5_every_measure_says_what_it_is(results, written):
    """jni/skan#197: users took one column of numbers for another measure."""
    page = written(results)
    terms = dict(re.findall("<dt>(.*?)</dt>\n<dd>(.*?)</dd>", page))
    assert terms.keys() >= {
        "Length",
        "Width",
        "Class",
        "Severity",
        "Networks",
        "Section",
        "PCI, cracks alone",
    }
    assert "middle line" in terms["Length"] and "right angles" in terms["Width"]


@pytest.mark.parametrize("has_scale", [True, False])
def test_complaint_1_every_column_of_figures_has_its_unit(tmp_path, written, has_scale):
    """OnionDoctor/FCN_for_crack_recognition#6: "number of pixel … or something else?"."""
    folder = open_folder(tmp_path / "out")
    write_photo(folder.path, "a.jpg", [crack(severity="low" if has_scale else None)], scale=has_scale)
    heads = re.findall('<th scope="col" class="number">(.*?)</th>', written(folder))
    counts = {"cracks", "photos", "section", "severity"}
    assert len(heads) > 4
    assert [head for head in heads if "(" not in head and head not in counts] == (
        ["mm per pixel"] if has_scale else []
    )


def test_complaint_20_statistics_of_what_was_found_also_as_pdf(results, written, tmp_path):
    """OpenDroneMap/ODM#911: "some sort of report"."""
    written(results, pdf=True)
    content = (tmp_path / "report.pdf").read_bytes()
    assert content.startswith(b"%PDF") and content.rstrip().endswith(b"%%EOF")


def test_complaint_8_the_scale_has_its_source(results, written):
    """magnus-haw/arcjetCV#52: the calibration was lost on the way."""
    page = written(results)
    assert row(page, "given: 2 mm per pixel") == ["11", "2.00", "3.3", "5.0"]


def test_method_and_model(results, written):
    page = written(results)
    assert row(page, "default") == ["ab" * 32, "–", "0.60", "11"]
    assert "ASTM D6433, appendix X1" in page
    assert "low up to 10 mm, medium up to 75 mm, high above" in words(page)


def test_all_limits_are_there(results, written):
    page = words(written(results))
    assert all(" ".join(ENGLISH.text(f"limits.{limit}").split()) in page for limit in LIMITS)
    assert "Depth" in page and "potholes" in page


def test_without_a_survey_there_is_no_map_and_it_says_how_to_get_one(results, written):
    (results.path / "survey.json").unlink()
    page = written(results)
    assert "`" not in words(page)
    assert "There is no map, and there are no sections yet. upcracknet map OUT makes them." in words(page)
    assert 'id="moving-map"' not in page and "Leaflet" not in page
    assert "The worst photos" in page


def test_without_a_scale_there_are_pixels_and_no_severity(tmp_path, written):
    folder = open_folder(tmp_path / "out")
    write_photo(folder.path, "a.jpg", [crack(100.0, 4.0, severity=None)], scale=False)
    page = written(folder)
    assert "Cracks of 100 pixels together were found, in 1 photo." in words(page)
    assert "The mean width is 4.0 pixels, the greatest 8.0 pixels." in words(page)
    assert "nothing has a severity" in page
    assert row(page, "longitudinal") == ["1", "100"]
    assert " mm<" not in page and " m<" not in page


def test_without_measures_it_says_how_to_get_them(tmp_path, written):
    folder = open_folder(tmp_path / "out")
    unknown = dict.fromkeys(("cracks", "measures", "crack_count", "crack_length_px"))
    write_photo(folder.path, "a.jpg", [crack()], scale=False, **unknown)
    page = words(written(folder))
    assert "In 1 photo the cracks were not measured. upcracknet measure OUT does it." in page
    assert "No cracks were found." not in page


def test_a_road_without_cracks(tmp_path, written):
    folder = open_folder(tmp_path / "out")
    write_photo(folder.path, "a.jpg")
    write_places(folder)
    assert "No cracks were found." in words(written(folder, pdf=True))


def test_results_that_changed_after_the_survey(results, written):
    write_photo(results.path, "day/00.jpg", [crack(300.0)])
    assert "Results have changed since places and sections were made." in words(written(results))


def test_reviews_are_counted(results, written):
    write_photo(results.path, "day/00.jpg", [crack()], review_status="corrected")
    write_photo(results.path, "day/01.jpg", [crack()], review_status="rejected")
    write_places(results)
    page = written(results)
    assert "2 of 11 photos were reviewed by a person: 1 corrected and 1 rejected." in words(page)
    assert row(page, "day/00.jpg")[-1] == "corrected"


def test_in_german(results, written):
    page = written(results, language="de", title="Hauptstraße")
    assert '<html lang="de">' in page and "<title>Hauptstraße</title>" in page
    assert "3,3 m Risse wurden gefunden, auf 11 Fotos." in words(page)
    assert "Bericht vom 27. November 2026" in words(page)
    # The program's own messages stay in English, and say so to those who hear the page.
    assert '<tbody data-texts="2" lang="en">' in page


def test_an_empty_folder_has_no_report(tmp_path):
    folder = open_folder(tmp_path / "out")
    with pytest.raises(DataError, match="no photos in it; run `upcracknet detect PHOTOS -o"):
        make_report(folder, tmp_path / "report.html", ReportOptions(), DAY)


def test_pdf_without_its_package(results, tmp_path, monkeypatch):
    monkeypatch.setattr("upcracknet.report.making.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"pip install 'upcracknet\[report\]'"):
        make_report(results, tmp_path / "report.html", ReportOptions(pdf=True), DAY)
    assert not (tmp_path / "report.html").exists()


def test_the_pdf_does_not_take_the_place_of_the_page(results, tmp_path):
    with pytest.raises(ConfigurationError, match=r"the PDF lies beside it as \.pdf; end its name in \.html"):
        make_report(results, tmp_path / "report.pdf", ReportOptions(pdf=True), DAY)
    assert not (tmp_path / "report.pdf").exists()


@pytest.mark.parametrize("name", ["photos.csv", "results.json", "photo.jpg", "report.pdf"])
def test_what_is_no_report_stays(results, tmp_path, name):
    output = tmp_path / ("report.html" if name == "report.pdf" else name)
    (tmp_path / name).write_bytes(b"\xff\xd8 mine")
    with pytest.raises(OutputError, match=f"{name}: is there, and is no report"):
        make_report(results, output, ReportOptions(pdf=True), DAY)
    assert (tmp_path / name).read_bytes() == b"\xff\xd8 mine"


def test_what_detect_writes(tmp_path, written):
    """Of the files as they are, not as these tests write them."""
    photos, out = write_photos(tmp_path / "photos", 3), tmp_path / "out"
    with open_detection([str(photos)], out, LIGHT, IN_MM, overwrite=False) as detection:
        records = []
        detection.run(records.append)
    page = written(read_results(out), pdf=True)
    length = sum(record.crack_length_m for record in records)
    assert f"{length:.1f} m of cracks were found, in 3 photos." in words(page)
    assert row(page, "local-contrast")[0] == "–"
    assert "A classical method" in page
    assert page.count("data:image/jpeg;base64,") == 3


def test_overlaps_that_were_compared_count_once_though_there_are_none(results):
    content, said = read_content(results), []
    for quality in ("photo", "each crack"):
        position = replace(content.photos[0].position, quality=quality)
        photos = (replace(content.photos[0], position=position), *content.photos[1:])
        said.append(method(replace(content, photos=photos), ENGLISH).sentences[-1])
    assert said[0].endswith("what two photos show is counted twice.")
    assert said[1] == "What several photos show is counted once."
