"""The service under load, under attack, and killed: docs/results/service.md.

    python benchmarks/service.py                 # three quarters of an hour; all parts
    python benchmarks/service.py load 3          # one part (load, attack, kill, large), its minutes for load

A real server with the default model, on this machine alone. What was measured is kept in service.json.
"""

import contextlib
import itertools
import json
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import httpx2
import numpy as np
from machine import processor, versions
from uploads import ANSWERS, hostile_uploads

from upcracknet.data.synthetic import synthesize_road
from upcracknet.tables import markdown_table

RESULTS = Path(__file__).parent.parent / "docs" / "results"
CLIENTS, MINUTES = 4, 30.0
PHOTOS, SIZE = 40, (768, 1024)
DETECTED = 160
"""Photos of a run of `detect`, beside which the service is measured."""

WARM_UP = 1 / 6
"""Share of the time after which memory is watched: 5 of 30 minutes."""

UPLOADS, SLOW_CLIENTS, KILLS, JOB = 1000, 100, 20, 6
LARGE = (3, 4), (4, 4), (7, 9)
"""Height and width in thousands of pixels."""
MEGABYTE = 1e6

DETECT = """
import sys, time
from pathlib import Path
from upcracknet.results import DetectionOptions, open_detection
with open_detection([sys.argv[1]], Path(sys.argv[2]), DetectionOptions()) as detection:
    start = time.perf_counter()
    detection.run(lambda record: None)
    print(time.perf_counter() - start)
"""


class Server:
    """A server that listens, and its client."""

    def __init__(self, folder: Path, *options: str) -> None:
        words = [sys.executable, "-W", "ignore", "-m", "upcracknet", "serve", "--port", "0"]
        words += ["--folder", str(folder), *options]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        lines = ""
        while not lines.endswith("}\n"):
            line = self.process.stdout.readline()
            if not line:
                sys.exit("the server did not start")
            lines += line
        self.address = json.loads(lines)["address"]
        limits = httpx2.Limits(max_connections=2 * CLIENTS)
        self.client = httpx2.Client(base_url=self.address, timeout=300, limits=limits)

    def post(self, content: bytes, name: str = "road.jpg", **form: str) -> httpx2.Response:
        return self.client.post("/photos", files={"photo": (name, content)}, data=form)

    def memory_mb(self, field: str = "VmRSS") -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        match = re.search(rf"{field}:\s+(\d+)", status)
        assert match is not None
        return int(match.group(1)) * 1024 / MEGABYTE

    def end(self, number: int = signal.SIGTERM) -> int:
        self.client.close()
        self.process.send_signal(number)
        code = self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@contextlib.contextmanager
def serving(folder: Path, *options: str) -> Iterator[Server]:
    server = Server(folder, *options)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.end()


def roads(count: int, size: tuple[int, int] = SIZE) -> list[bytes]:
    photos = (synthesize_road(seed, *size).photo for seed in range(count))
    return [cv2.imencode(".jpg", photo[..., ::-1])[1].tobytes() for photo in photos]


def detects(photos: list[bytes], folder: Path) -> float:
    """Photos a second of `upcracknet detect`, without its start."""
    sources = folder / "photos"
    sources.mkdir(parents=True)
    for number, photo in zip(range(DETECTED), itertools.cycle(photos), strict=False):
        (sources / f"{number:04}.jpg").write_bytes(photo)
    words = [sys.executable, "-W", "ignore", "-c", DETECT, str(sources), str(folder / "out")]
    seconds = float(subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()[-1])
    return DETECTED / seconds


def load(folder: Path, minutes: float) -> dict[str, Any]:
    """Some clients, each with one photo after the other; before and after, `detect` on the same photos."""
    photos = roads(PHOTOS)
    before = detects(photos, folder / "before")
    seconds, statuses, memory = list[float](), Counter[int](), list[tuple[float, float]]()
    with serving(folder / "service") as server, ThreadPoolExecutor(CLIENTS) as clients:
        server.post(photos[0])
        start = time.perf_counter()
        end = start + 60 * minutes

        def ask(first: int) -> None:
            for number in itertools.count(first, CLIENTS):
                begin = time.perf_counter()
                if begin > end:
                    return
                answer = server.post(photos[number % PHOTOS])
                statuses[answer.status_code] += 1
                seconds.append(time.perf_counter() - begin)
                if answer.status_code == 503:
                    time.sleep(float(answer.headers["Retry-After"]))

        running = [clients.submit(ask, number) for number in range(CLIENTS)]
        while time.perf_counter() < end:
            time.sleep(min(5.0, 60 * minutes / 40))
            memory.append((time.perf_counter() - start, server.memory_mb()))
        for client in running:
            client.result()
        took = time.perf_counter() - start
    after = detects(photos, folder / "after")
    warm = [megabytes for moment, megabytes in memory if moment > WARM_UP * 60 * minutes]
    tenth = max(1, len(warm) // 10)
    first, last = statistics.median(warm[:tenth]), statistics.median(warm[-tenth:])
    cuts = statistics.quantiles(seconds, n=100)
    rate, detected = statuses[200] / took, statistics.mean([before, after])
    return {
        "minutes": minutes,
        "clients": CLIENTS,
        "size": SIZE,
        "answers": {str(status): count for status, count in sorted(statuses.items())},
        "photos_per_second": round(rate, 3),
        "detect_photos_per_second": [round(before, 3), round(after, 3)],
        "share_of_detect": round(rate / detected, 3),
        "seconds_median": round(cuts[49], 2),
        "seconds_p99": round(cuts[98], 2),
        "memory_mb_warm": round(first),
        "memory_mb_end": round(last),
        "memory_growth": round(last / first - 1, 3),
    }


def attack(folder: Path) -> dict[str, Any]:
    """Hostile uploads, while slow clients hold connections."""
    statuses = Counter[int]()
    cpu = time.perf_counter()
    with serving(folder / "service") as server, ThreadPoolExecutor(CLIENTS) as clients:
        host, port = "127.0.0.1", int(server.address.rpartition(":")[2])
        slow = [socket.create_connection((host, port)) for _ in range(SLOW_CLIENTS)]
        for connection in slow:
            connection.sendall(b"POST /photos HTTP/1.1\r\nHost: localhost\r\nContent-Le")
        before = server.memory_mb()
        uploads = hostile_uploads(UPLOADS)
        for answer in clients.map(lambda upload: server.post(upload.content, upload.name), uploads):
            statuses[answer.status_code] += 1
        for connection in slow:
            connection.close()
        alive = server.post(roads(1)[0]).status_code == 200
        peak = server.memory_mb("VmHWM")
    kept = {path.name for path in (folder / "service").iterdir()}
    return {
        "uploads": UPLOADS,
        "slow_clients": SLOW_CLIENTS,
        "answers": {str(status): count for status, count in sorted(statuses.items())},
        "unexpected": sum(count for status, count in statuses.items() if status not in ANSWERS),
        "alive": alive,
        "seconds": round(time.perf_counter() - cpu),
        "memory_mb_before": round(before),
        "memory_mb_at_most": round(peak),
        "files_outside": sorted(path.name for path in folder.iterdir() if path.name != "service"),
        "names_that_came_from_outside": sorted(
            name for name in kept if "outside" in name or "passwd" in name
        ),
    }


def kill(folder: Path) -> dict[str, Any]:
    """A job, and kill -9 while it is saved or worked at; again and again in the same folder."""
    random, photos, jobs = np.random.default_rng(0), roads(JOB), list[str]()
    refused = 0
    for _ in range(KILLS):
        server = Server(folder / "service")
        timer = threading.Timer(float(random.uniform(0.0, 1.5)), server.process.kill)
        timer.start()
        try:
            files = [("photos", (f"{number}.jpg", photo)) for number, photo in enumerate(photos)]
            answer = server.client.post("/jobs", files=files)
            if answer.status_code == 202:
                jobs.append(answer.json()["id"])
        except httpx2.TransportError:  # killed while it was saved: nobody was promised anything
            refused += 1
        timer.join()
        server.end(signal.SIGKILL)
    states = Counter[str]()
    with serving(folder / "service") as server:
        for job in jobs:
            while (answer := server.client.get(f"/jobs/{job}").json())["waiting"]:
                time.sleep(0.5)
            states.update(photo["state"] for photo in answer["results"])
    return {
        "kills": KILLS,
        "jobs_accepted": len(jobs),
        "jobs_killed_while_saved": refused,
        "photos_accepted": JOB * len(jobs),
        "photos_done": states["done"],
        "photos_failed": states["failed"],
    }


def large(folder: Path) -> list[dict[str, Any]]:
    """Large photos, from all clients at once; each size with a server of its own."""
    tile, measured = synthesize_road(0, 1000, 1000).photo, []
    for rows, columns in LARGE:
        content = cv2.imencode(".jpg", np.tile(tile, (rows, columns, 1)))[1].tobytes()
        at = folder / f"{rows}"
        with serving(at, "--request-seconds", "900") as server, ThreadPoolExecutor(CLIENTS) as clients:
            before = server.memory_mb()
            answers = [*clients.map(server.post, [content] * CLIENTS)]
            peak = server.memory_mb("VmHWM")
        measured.append(
            {
                "megapixels": rows * columns,
                "at_once": CLIENTS,
                "answers": dict(Counter(str(answer.status_code) for answer in answers)),
                "memory_mb_before": round(before),
                "memory_mb_at_most": round(peak),
            }
        )
    return measured


def page(measured: dict[str, Any]) -> str:
    """The page, of the parts that were measured."""
    rows = [row for part, of_part in ROWS.items() if part in measured for row in of_part(measured[part])]
    return PAGE.format(
        processor=measured["processor"],
        versions=", ".join(f"{name} {version}" for name, version in measured["versions"].items()),
        table=markdown_table(["what", "measured"], rows),
    )


def rows_of_load(part: dict[str, Any]) -> list[list[str]]:
    answers = part["answers"]
    others = sum(count for status, count in answers.items() if status[0] == "5" and status != "503")
    rates = " and ".join(f"{rate:.2f}" for rate in part["detect_photos_per_second"])
    memory = f"{part['memory_mb_warm']:,} MB, {part['memory_mb_end']:,} MB ({part['memory_growth']:+.1%})"
    return [
        [f"{part['clients']} clients for {part['minutes']:g} minutes: photos", f"{answers.get('200', 0):,}"],
        ["answers 503 (busy); other answers of 5xx", f"{answers.get('503', 0)}; {others}"],
        ["photos a second", f"{part['photos_per_second']:.2f}"],
        ["those of `detect` on the same photos, before and after", rates],
        ["share of `detect`", f"{part['share_of_detect']:.0%}"],
        ["seconds to answer: half of all; 99 of 100", f"{part['seconds_median']}; {part['seconds_p99']}"],
        ["memory after a sixth of the time; at the end", memory],
    ]


def rows_of_attack(part: dict[str, Any]) -> list[list[str]]:
    answers = ", ".join(f"{count} × {status}" for status, count in part["answers"].items())
    memory = f"{part['memory_mb_before']:,} MB; {part['memory_mb_at_most']:,} MB"
    return [
        [f"{part['uploads']:,} hostile uploads beside {part['slow_clients']} slow clients: answers", answers],
        ["answers of another kind; files outside", f"{part['unexpected']}; {len(part['files_outside'])}"],
        ["memory before; at most", memory],
    ]


def rows_of_kill(part: dict[str, Any]) -> list[list[str]]:
    return [
        [f"`kill -9`, {part['kills']} times: photos accepted", str(part["photos_accepted"])],
        ["of them done; failed", f"{part['photos_done']}; {part['photos_failed']}"],
    ]


def rows_of_large(part: list[dict[str, Any]]) -> list[list[str]]:
    return [
        [
            f"{size['at_once']} photos of {size['megapixels']} megapixels at once: memory at most",
            f"{size['memory_mb_at_most']:,} MB",
        ]
        for size in part
    ]


ROWS = {"load": rows_of_load, "attack": rows_of_attack, "kill": rows_of_kill, "large": rows_of_large}

PAGE = """\
# The service, measured

`upcracknet serve` with the default model and its usual settings, on two cores of {processor},
with {versions}. Written by `python benchmarks/service.py`.

{table}

- **Load.** Each client sends one photo after the other (synthetic roads, 1024 × 768 pixels) and waits for its
  answer. Clients run on the same two cores. The share is that of the mean of both runs of `detect`.
- **Attack.** Damaged photos, other files, pictures that claim impossible sizes or unpack to a thousand times
  their size, and names that are paths; `benchmarks/uploads.py` makes them. Sixty of them are a test as well.
- **`kill -9`.** A job is sent, and the server killed within 1.5 seconds. One more start finishes all of them.
- **Large photos.** The memory that the server takes at most, all its libraries and the model included.
"""


def main() -> None:
    path = RESULTS / "service.json"
    measured = json.loads(path.read_text()) if path.exists() else {}
    wanted = [word for word in sys.argv[1:] if word in ROWS] or ROWS
    minutes = next((float(word) for word in sys.argv[1:] if word not in ROWS), MINUTES)
    for part in wanted:
        with tempfile.TemporaryDirectory() as folder:
            work = {"load": lambda at: load(at, minutes), "attack": attack, "kill": kill, "large": large}[
                part
            ]
            measured[part] = work(Path(folder))
        print(part, json.dumps(measured[part], indent=1), flush=True)
        measured |= {"processor": processor(), "versions": versions()}
        path.write_text(json.dumps(measured, indent=1) + "\n")
    (RESULTS / "service.md").write_text(page(measured))


if __name__ == "__main__":
    main()
