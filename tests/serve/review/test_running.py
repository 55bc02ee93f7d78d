"""The command: it starts a server that survives ``kill -9`` with all that was saved, and ends quietly."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx2
import numpy as np
import pytest
from tests.results.conftest import rows
from tests.serve.review.conftest import NAME, as_png, line_mask

from upcracknet.cli.main import run
from upcracknet.results import read_results
from upcracknet.results.corrections import read_correction
from upcracknet.results.effective_mask import effective_mask
from upcracknet.serve.review.review import Review

pytestmark = pytest.mark.xdist_group("a review")  # what all need is made once

MOTHER = Path(__file__).parents[1] / "forked.py"
KILLS = 20


@pytest.fixture(scope="module")
def mother():
    """Starts servers at once, as forks of a process that has loaded all libraries."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", str(MOTHER)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
    ) as process:  # fmt: skip
        yield process
        process.stdin.close()


class Server:
    """A review that runs, and a browser that was let in."""

    def __init__(self, mother, folder: Path) -> None:
        self.mother = mother
        self.number = int(self.say(["review", str(folder), "--no-browser"]))
        lines = ""
        while not lines.endswith("}\n"):
            lines += mother.stdout.readline()
        self.address = json.loads(lines)["address"]
        self.client = httpx2.Client(base_url=self.address.partition("?")[0], timeout=30)
        assert self.client.get(self.address).status_code == 303

    def say(self, words: list) -> str:
        self.mother.stdin.write(json.dumps(words) + "\n")
        self.mother.stdin.flush()
        return self.mother.stdout.readline()

    def end(self, number: int) -> int:
        self.client.close()
        os.kill(self.number, number)
        return int(self.say(["wait", self.number]))


def numbered(number: int) -> np.ndarray:
    """A mask that tells its number: a crack of so many rows."""
    return line_mask(thickness=number + 1)


def test_killed_twenty_times_while_it_saves(mother, folder):
    """What was answered is there; what is there is whole."""
    accepted = -1
    for attempt in range(KILLS):
        server = Server(mother, folder)
        row = next(row for row in server.client.get("/api/photos").json() if row["name"] == NAME)
        sent = accepted
        killer = threading.Timer(0.01 + 0.013 * attempt, os.kill, (server.number, signal.SIGKILL))
        killer.start()
        try:
            while True:
                sent = (sent + 1) % 40
                form = {"status": "corrected", "note": str(sent), "revision": row["revision"]}
                answer = server.client.put(
                    f"/api/photos/{row['id']}/correction",
                    data=form, files={"mask": ("m.png", as_png(numbered(sent)))},
                )  # fmt: skip
                assert answer.status_code == 200
                accepted, row = sent, answer.json()["photo"]
        except httpx2.TransportError:
            pass
        killer.join()
        server.client.close()
        assert int(server.say(["wait", server.number])) == -signal.SIGKILL
        results = read_results(folder)
        correction = read_correction(results, NAME)
        if accepted >= 0:
            mask = effective_mask(results, results.record(NAME), correction)
            drawn = int(mask[:, 30].sum()) - 1
            # The mask is written before the file that names it: it may be the next one.
            assert int(correction.note) in (accepted, sent) and drawn in (accepted, sent)
            assert np.array_equal(mask, numbered(drawn))
    assert accepted >= 0
    review = Review(folder)
    with review.measurer as measurer:
        assert measurer.wait(NAME, 20.0)
    assert review.photos.named(NAME).measured


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_quietly_with_its_tables(mother, folder, how):
    server = Server(mother, folder)
    row = server.client.get("/api/photos").json()[2]
    said = {"status": "rejected", "reason": "joint", "revision": ""}
    assert server.client.put(f"/api/photos/{row['id']}/correction", json=said).status_code == 200
    assert server.end(how) == 0
    assert rows(folder)[row["name"]]["reviewer_note"] == "joint"
    log = (folder / "log.txt").read_text()
    began = log.rindex("begins: upcracknet review")
    assert log[began:].rstrip().endswith("] ended")
    assert server.address.partition("token=")[2] not in log


def test_a_second_server_is_refused_in_one_line(mother, folder, capsys):
    server = Server(mother, folder)
    assert run(["review", str(folder), "--no-browser"]) == 1
    assert "is reviewed already (in work by process" in capsys.readouterr().err
    server.end(signal.SIGKILL)


def test_a_folder_without_results(tmp_path, capsys):
    assert run(["review", str(tmp_path), "--no-browser"]) == 1
    assert "no result folder" in capsys.readouterr().err
    assert [*tmp_path.iterdir()] == []
