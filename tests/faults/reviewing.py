"""A review as a person has it: the page's server is started, asked as by its page, and stopped by Ctrl-C."""

import signal
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import httpx2
import numpy as np
import pytest
from tests.faults.outcomes import files
from tests.faults.worlds import LIGHT, road

from upcracknet.cli import review as command
from upcracknet.cli.console import EXIT_FAILED
from upcracknet.cli.main import run
from upcracknet.results import read_results
from upcracknet.results.correcting import write_correction
from upcracknet.results.corrections import Correction, read_corrections
from upcracknet.serve.review import saving
from upcracknet.serve.review.review import Review

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
DRAWN, REJECTED, TAKEN_BACK, ACCEPTED = "0.jpg", "1.jpg", "2.jpg", "3.jpg"
SAID = {DRAWN: "corrected", REJECTED: "rejected", TAKEN_BACK: None, ACCEPTED: "accepted"}
"""What a person says of each photo; none where what was said is taken back."""


def line_mask(top: int) -> np.ndarray:
    mask = np.zeros((64, 96), np.uint8)
    mask[top : top + 4, 20:80] = 255
    return mask


def write_reviewed(world: Path) -> None:
    """Write results of four photos, of which a person corrected three already."""
    (world / "photos").mkdir()
    for name in SAID:
        cv2.imwrite(f"{world}/photos/{name}", road(int(name[0])))
    assert run(["detect", f"{world}/photos", "-o", f"{world}/out", *LIGHT]) == 0
    results = read_results(world / "out")
    for name in (DRAWN, REJECTED, TAKEN_BACK):
        write_correction(results, Correction(name, "corrected", time=NOON.isoformat()), line_mask(30) > 0)
    assert run(["measure", f"{world}/out"]) == 0


def counting(world: Path) -> dict[str, bytes]:
    """What stands in the results, but for masks that no correction names."""
    found = files("out")(world)
    named = {correction.mask for correction in read_corrections(read_results(world / "out"))}
    return {
        name: content
        for name, content in found.items()
        if not name.startswith("out/corrections/") or name.endswith(".json") or name[len("out/") :] in named
    }


def answered(world: Path) -> list[str]:
    """The photos of which what was said is saved, as the page says."""
    listed = world.with_name("answered")
    return listed.read_text().split() if listed.exists() else []


def review(world: Path) -> int:
    """Say something of each photo, wait for its measures, and press Ctrl-C."""
    refused, asking = list[str](), list[threading.Thread]()
    world.with_name("answered").unlink(missing_ok=True)

    def announce(said: dict[str, str]) -> None:
        asking.append(threading.Thread(target=ask, args=(said["address"],)))
        asking[0].start()

    def ask(address: str) -> None:
        try:
            with httpx2.Client(base_url=address.partition("?")[0], timeout=30, verify=False) as client:
                client.get(address)
                rows = client.get("/api/photos").json()
                if isinstance(rows, dict):
                    refused.append(rows["detail"])
                else:
                    for row in rows:
                        refused.extend(say(client, row, world.with_name("answered")))
        except httpx2.TransportError:  # it has stopped
            return
        except ValueError as error:  # no JSON
            refused.append(str(error))
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "print_json", announce)
        patch.setattr(Review, "work_out_doubts", lambda review: None)  # reads masks at any moment
        patch.setattr(saving, "datetime", SimpleNamespace(now=lambda zone: NOON))
        code = run(["review", f"{world}/out", "--no-browser"])
    for thread in asking:
        thread.join()
    sys.stderr.writelines(f"error: {reason}\n" for reason in refused)
    return code or (EXIT_FAILED if refused else 0)


def say(client: httpx2.Client, row: dict[str, Any], listed: Path) -> Iterator[str]:
    """Say something of a photo; gives what is answered in place of its measures, if anything."""
    address, status = f"/api/photos/{row['id']}", SAID[row["name"]]
    if status is None:
        answer = client.delete(f"{address}/correction?revision={row['revision']}")
    else:
        drawn = {"mask": cv2.imencode(".png", line_mask(10))[1].tobytes()} if row["name"] == DRAWN else None
        form = {"status": status, "revision": row["revision"]}
        answer = client.put(f"{address}/correction", data=form, files=drawn)
    if answer.status_code != 200:
        yield answer.json()["detail"]
        return
    with listed.open("a") as file:
        file.write(f"{row['name']}\n")
    while (measures := client.get(f"{address}/measures")).status_code == 202:
        if measures.json()["why"]:
            yield measures.json()["why"]
            return
    if measures.status_code != 200:
        yield measures.json()["detail"]
