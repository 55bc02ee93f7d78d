"""A real server in a process of its own: slow clients, long headers, ``kill -9``, a quiet end."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

pytestmark = pytest.mark.xdist_group("a server")  # what all need is made once

MOTHER = Path(__file__).with_name("forked.py")
LIGHT = ("serve", "--port", "0", "--model", "local-contrast", "--runtime", "torch")


@pytest.fixture(scope="module")
def mother() -> Iterator[subprocess.Popen]:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", str(MOTHER)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
    ) as process:  # fmt: skip
        yield process
        process.stdin.close()


class Server:
    """A server that listens."""

    def __init__(self, mother: subprocess.Popen, folder: Path) -> None:
        self.mother = mother
        self.number = int(self.say([*LIGHT, "--folder", str(folder)]))
        lines = ""
        while not lines.endswith("}\n"):
            lines += mother.stdout.readline()
        self.address = json.loads(lines)["address"]
        self.client = httpx2.Client(base_url=self.address, timeout=60)
        self.ended = False

    def say(self, words: list) -> str:
        self.mother.stdin.write(json.dumps(words) + "\n")
        self.mother.stdin.flush()
        return self.mother.stdout.readline()

    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", int(self.address.rpartition(":")[2])))
        connection.settimeout(30)
        return connection

    def end(self, number: int = signal.SIGKILL) -> int:
        """End it, and give its exit code."""
        self.client.close()
        os.kill(self.number, number)
        self.ended = True
        return int(self.say(["wait", self.number]))


@pytest.fixture
def serve(mother, tmp_path) -> Iterator[Callable[[], Server]]:
    servers = []

    def run() -> Server:
        servers.append(Server(mother, tmp_path / "service"))
        return servers[-1]

    yield run
    for server in servers:
        if not server.ended:
            server.end()


@pytest.fixture(scope="module")
def serving(mother, tmp_path_factory) -> Iterator[Server]:
    """A server for all that only asks."""
    server = Server(mother, tmp_path_factory.mktemp("serving") / "service")
    yield server
    server.end()


def status(answer: bytes) -> int:
    return int(answer.split()[1])


def test_no_accepted_photo_is_lost_by_kill_9(serve, road):
    jobs = []
    for number in range(5):
        server = serve()
        files = [("photos", (f"{number}-{one}.png", road)) for one in range(4)]
        answer = server.client.post("/jobs", files=files)
        assert answer.status_code == 202
        jobs.append(answer.json()["id"])
        time.sleep(0.05 * number)  # before, within and after the work at its photos
        server.end()
    client = serve().client
    for job in jobs:
        answer = _finished(client, job)
        assert (answer["photos"], answer["done"], answer["state"]) == (4, 4, "done")
        results = [client.get(photo["result"]).json() for photo in answer["results"]]
        assert len({str(result["measures"]) for result in results}) == 1


def _finished(client: httpx2.Client, job: str) -> dict:
    for _ in range(1000):
        answer = client.get(f"/jobs/{job}").json()
        if not answer["waiting"]:
            return answer
        time.sleep(0.05)
    raise AssertionError(answer)


def test_clients_that_are_slow_or_say_too_much_are_put_off(serve, road):
    server = serve()
    # Headers that do not end, a first line without end, and no HTTP at all.
    for start in (
        b"GET /health HTTP/1.1\r\nX: ",
        b"GET /",
        b"\0" * 8,
        b"POST /photos HTTP/1.1\r\nHost: localhost\r\n",
    ):
        with server.connect() as connection, contextlib.suppress(ConnectionError):
            connection.sendall(start + b"x" * 40_000)
            answer = connection.recv(4096)
            assert status(answer) in (400, 431)
    slow = [server.connect() for _ in range(50)]
    for connection in slow:
        connection.sendall(b"POST /photos HTTP/1.1\r\nHost: localhost\r\n")
    # A length that is announced and does not come costs others nothing either.
    slow[0].sendall(b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 900000\r\n\r\n--x\r\n")
    assert server.client.post("/photos", files={"photo": road}).status_code == 200
    with server.connect() as connection:
        connection.sendall(b"POST /photos HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n")
        assert status(connection.recv(4096)) in (400, 413, 422)
    for connection in slow:
        connection.close()


BODY = b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a.png"\r\n\r\nno photo\r\n--x--\r\n'
FORM = b"Content-Type: multipart/form-data; boundary=x\r\n"


@pytest.mark.parametrize(
    ("headers", "body", "statuses"),
    [
        # A length that is too small: what is left over is no request.
        (FORM + b"Content-Length: 20\r\n", BODY, (400, 422)),
        (FORM + b"Content-Length: -5\r\n", BODY, (400,)),
        (FORM + b"Content-Length: 5, 7\r\n", BODY, (400,)),
        (FORM + b"Content-Length: 9\r\nContent-Length: 10\r\n", BODY, (400,)),
        (FORM + b"Content-Length: " + b"9" * 30 + b"\r\n", b"", (400, 413)),
        # Two lengths in one request: RFC 9112, 6.3, request smuggling. The chunks count, or it is refused.
        (FORM + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n", (400, 422)),
        (FORM + b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n", (400, 501)),
        (FORM + b"Transfer-Encoding: chunked\r\n", b"zz\r\n" + BODY, (400,)),
        # Without any length there is no body.
        (FORM, b"", (400, 422)),
        (FORM + b"Transfer-Encoding: chunked\r\n", b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY), (422,)),
    ],
)
def test_lengths_that_are_no_lengths(serving, headers, body, statuses):
    with serving.connect() as connection:
        connection.sendall(b"POST /photos HTTP/1.1\r\nHost: localhost\r\n" + headers + b"\r\n" + body)
        assert status(connection.recv(4096)) in statuses
    assert serving.client.get("/health").status_code == 200


def test_a_body_in_chunks_without_end_is_cut_off(serving):
    """More than a form may have: it is refused before all of it has come."""
    with serving.connect() as connection:
        start = b"POST /setup HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        connection.sendall(start + b"Transfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(40):
                connection.sendall(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        assert status(connection.recv(4096)) == 413
    assert serving.client.get("/health").status_code == 200


@pytest.mark.parametrize(
    "target", [b"http://evil.example/photos", b"*", b"//evil.example/health", b"/%zz", b"/photos/%00/mask"]
)
def test_odd_targets(serving, target):
    with serving.connect() as connection:
        connection.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert status(connection.recv(4096)) in (400, 404, 405, 422)


def test_the_end_is_quiet_and_the_queue_is_kept(serve, road):
    server = serve()
    job = server.client.post("/jobs", files=[("photos", (f"{one}.png", road)) for one in range(30)]).json()[
        "id"
    ]
    assert server.end(signal.SIGTERM) == 0
    assert _finished(serve().client, job)["done"] == 30
