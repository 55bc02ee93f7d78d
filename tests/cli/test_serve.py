import json
import sys

import pytest

from upcracknet.cli.console import EXIT_FAILED, EXIT_USAGE
from upcracknet.cli.main import run

LIGHT = ("serve", "--model", "local-contrast", "--runtime", "torch")


@pytest.fixture
def served(monkeypatch) -> list:
    """Notes what would be served, and where."""
    calls = []

    def serve_app(app, host, port, announce, stopping):
        calls.append((app, host, port))
        announce(f"http://{host}:{port}")

    monkeypatch.setattr("upcracknet.serve.running.serve_app", serve_app)
    return calls


def test_the_address_is_printed(served, capsys, tmp_path):
    assert run([*LIGHT, "--port", "8123", "--folder", str(tmp_path / "service")]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {
        "address": "http://127.0.0.1:8123",
        "documentation": "http://127.0.0.1:8123/docs",
    }
    assert printed.err.startswith("runs on the processor by torch in fp32")
    assert [call[1:] for call in served] == [("127.0.0.1", 8123)]


def test_without_a_folder_it_says_that_jobs_are_not_kept(served, capsys):
    assert run([*LIGHT]) == 0
    assert "no --folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--host", "0.0.0.0"], "set a token"),
        (["--token-file", "nowhere"], "nowhere"),
        (["--scale", "nowhere.json"], "nowhere.json"),
        (["--queue", "0"], "--queue"),
        (["--region", "nowhere.json"], "nowhere.json"),
        (["--scores", "png"], "--scores does nothing here"),
        (["--keep-frames"], "--keep-frames does nothing here"),
        (["--no-overlays"], "--overlays does nothing here"),
    ],
)
def test_wrong_options_are_one_line(served, capsys, options, said, monkeypatch):
    monkeypatch.delenv("UPCRACKNET_TOKEN", raising=False)
    assert run([*LIGHT, *options]) in (EXIT_FAILED, EXIT_USAGE)
    assert said in capsys.readouterr().err
    assert not served


def test_without_the_extra_it_says_what_to_install(capsys, monkeypatch):
    for name in [name for name in sys.modules if name.startswith(("upcracknet.serve.", "fastapi"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "fastapi", None)
    assert run([*LIGHT]) == EXIT_FAILED
    assert "pip install 'upcracknet[serve]'" in capsys.readouterr().err


def test_a_host_and_hosts_that_are_allowed(served, tmp_path):
    (tmp_path / "token").write_text("0123456789abcdef")
    options = (
        "--host",
        "0.0.0.0",
        "--token-file",
        str(tmp_path / "token"),
        "--allowed-host",
        "roads.example",
    )
    assert run([*LIGHT, *options]) == 0
    assert served[0][1] == "0.0.0.0"


def test_a_region_is_what_counts_as_road(served, tmp_path):
    (tmp_path / "region.json").write_text("[[0, 0.5], [1, 0.5], [1, 1], [0, 1]]")
    assert run([*LIGHT, "--region", str(tmp_path / "region.json")]) == 0
    assert len(served) == 1


def test_a_region_of_folders_is_refused(served, tmp_path, capsys):
    region = {"day-1": [[0, 0.5], [1, 0.5], [1, 1]]}
    (tmp_path / "region.json").write_text(json.dumps(region))
    assert run([*LIGHT, "--region", str(tmp_path / "region.json")]) == EXIT_FAILED
    assert "lie in none" in " ".join(capsys.readouterr().err.split())
    assert not served
