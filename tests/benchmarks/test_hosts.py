"""Hosts as namespaces: they are apart, and one that is cut off leaves the results as they are."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from upcracknet.results import DetectionOptions, open_detection

ROOT = Path(__file__).parents[2]


def benchmark(name):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        return importlib.import_module(name)


@pytest.fixture(scope="module")
def namespaces():
    module = benchmark("namespaces")
    missing = module.rights_are_missing()
    if missing:
        pytest.skip(missing)
    return module


@pytest.fixture(scope="module")
def hosts():
    return benchmark("hosts")


def test_hosts_are_apart_until_they_are_connected_again(namespaces, tmp_path):
    with namespaces.connected_hosts("first", "second") as switch:
        first, second = switch.hosts
        listening = tmp_path / "log"
        words = [sys.executable, "-u", "-m", "http.server", "8000", "--directory", str(tmp_path)]
        server = second.start(words, listening)
        while b"Serving" not in listening.read_bytes():
            assert server.poll() is None

        def reached() -> bool:
            call = f"import socket; socket.create_connection(('{second.address}', 8000), timeout=0.5).recv(0)"
            return first.start([sys.executable, "-c", call], tmp_path / "call").wait() == 0

        assert reached()
        switch.cut_off(second)
        assert not reached()
        switch.reconnect(second)
        assert reached()
        second.freeze()
        while state(server.pid) != "T":
            assert server.poll() is None
        second.thaw()
        assert reached()
        inside = subprocess.run(
            ["nsenter", "--target", str(second.first), "--uts", "hostname"], capture_output=True, check=True
        )
        assert inside.stdout == b"second\n"
        second.kill()
        assert not reached()


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.timeout(300)
def test_a_host_that_is_cut_off_and_wakes_late_changes_no_byte(namespaces, hosts, tmp_path, monkeypatch):
    pytest.importorskip("ray")
    monkeypatch.setitem(benchmark("cluster").WATCHFUL, "RAY_health_check_failure_threshold", "2")
    photos = hosts.write_photos(tmp_path / "photos", 32, (128, 192))
    options = DetectionOptions("local-contrast", runtime="torch")
    with open_detection([str(photos)], tmp_path / "alone", options) as detection:
        detection.run(lambda record: None)
    result = hosts.by_ray(tmp_path, photos, "local-contrast", ("first", "second"))
    assert result["different"] == []
    assert result["files"] > 3 * 32
    assert result["records_when_cut_off"] < 32


def test_a_difference_is_found(hosts, tmp_path):
    for folder, content in (("one", b"mask"), ("other", b"mAsk")):
        (tmp_path / folder / ".upcracknet").mkdir(parents=True)
        (tmp_path / folder / ".upcracknet/lock").write_text(folder)
        (tmp_path / folder / "log.txt").write_text(folder)
        (tmp_path / folder / "masks").mkdir()
        (tmp_path / folder / "masks/0.png").write_bytes(content)
    (tmp_path / "other/masks/1.png").touch()
    one, other = hosts.files(tmp_path / "one"), hosts.files(tmp_path / "other")
    assert hosts.different(one, other) == ["masks/0.png", "masks/1.png"]


def test_the_page_says_what_was_measured(hosts):
    kept = ROOT / "docs/results/many-machines.json"
    measured = json.loads(kept.read_text(encoding="utf-8"))
    assert kept.with_suffix(".md").read_text(encoding="utf-8") == hosts.page(measured)
