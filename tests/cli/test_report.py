import json

import pytest
from tests.report.conftest import crack, open_folder, write_photo, write_places

from upcracknet.cli.console import EXIT_FAILED
from upcracknet.cli.main import run


@pytest.fixture
def out(tmp_path):
    folder = open_folder(tmp_path / "out")
    write_photo(folder.path, "a.jpg", [crack()])
    write_photo(folder.path, "b.jpg", status="failed", error="b.jpg: truncated", cracks=None)
    write_places(folder)
    return folder.path


def test_a_report_is_written_and_summed_up(out, tmp_path, capsys):
    page = tmp_path / "paper" / "report.html"
    assert run(["report", str(out), "-o", str(page), "--pdf", "--title", "Bridge Road"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "photos": 2,
        "failed": 1,
        "sections": 1,
        "crack_length_m": 0.2,
        "report": str(page),
        "pdf": str(page.with_suffix(".pdf")),
    }
    assert "<h1>Bridge Road</h1>" in page.read_text(encoding="utf-8")
    assert page.with_suffix(".pdf").stat().st_size > 1000


def test_without_pdf_there_is_none(out, tmp_path, capsys):
    page = tmp_path / "report.html"
    assert run(["report", str(out), "-o", str(page), "--language", "de"]) == 0
    assert json.loads(capsys.readouterr().out)["pdf"] is None
    assert not page.with_suffix(".pdf").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--base-map", "tiles"], "no address of map tiles"),
        (["--base-map-credit", "them"], "give --base-map too"),
        (["--language", "xx"], "xx"),
    ],
)
def test_impossible_options(out, tmp_path, capsys, words, message):
    assert run(["report", str(out), "-o", str(tmp_path / "r.html"), *words]) != 0
    assert message in capsys.readouterr().err
    assert not (tmp_path / "r.html").exists()


def test_no_result_folder(tmp_path, capsys):
    assert run(["report", str(tmp_path)]) == EXIT_FAILED
    assert "no result folder" in capsys.readouterr().err
