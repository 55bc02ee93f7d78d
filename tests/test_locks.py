import json
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from upcracknet import locks
from upcracknet.errors import OutputError
from upcracknet.files import write_atomically
from upcracknet.locks import alone, claimed

# Claims the lock file of the first argument, says so, and waits for a line to go on.
HOLD = """
import sys
from pathlib import Path
from upcracknet.locks import claimed
with claimed(Path(sys.argv[1])) as holder:
    print(holder, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def lock(tmp_path):
    return tmp_path / "locks" / "row.lock"


def test_a_claim_names_this_process_and_leaves_an_empty_file(lock):
    with claimed(lock) as holder:
        assert holder is None
        assert json.loads(lock.read_text()) == {"process": os.getpid(), "host": socket.gethostname()}
    assert lock.read_text() == ""


def test_who_adds_to_a_file_alone_loses_nothing(tmp_path):
    """Eight threads read it and write it again; without the lock most of the numbers are lost."""
    path = tmp_path / "numbers.json"
    path.write_text("[]")

    def add(number: int) -> None:
        with alone(path):
            numbers = json.loads(path.read_text())
            time.sleep(0.002)
            write_atomically(path, json.dumps([*numbers, number]).encode())

    with ThreadPoolExecutor(8) as threads:
        [*threads.map(add, range(24))]
    assert sorted(json.loads(path.read_text())) == [*range(24)]


def test_a_file_that_another_process_keeps_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "MOST_ATTEMPTS", 2)
    path = tmp_path / "scale.json"
    with (
        alone(path),
        pytest.raises(OutputError, match=rf"scale.json: in work by process {os.getpid()}.*again"),
        alone(path),
    ):
        pass


def test_a_second_claim_says_who_holds_it(lock):
    with claimed(lock), claimed(lock) as holder:
        assert holder == f"in work by process {os.getpid()} on {socket.gethostname()}"
    with claimed(lock) as holder:
        assert holder is None


def test_a_claim_is_given_up_when_the_work_fails(lock):
    with pytest.raises(KeyboardInterrupt), claimed(lock):
        raise KeyboardInterrupt
    with claimed(lock) as holder:
        assert holder is None


def test_another_process_holds_it_until_it_dies_in_whatever_way(lock):
    command = [sys.executable, "-c", HOLD, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "None\n"
        with claimed(lock) as holder:
            assert holder == f"in work by process {process.pid} on {socket.gethostname()}"
        process.kill()
        process.wait()
    assert json.loads(lock.read_text())["process"] == process.pid, "a killed process tidies nothing up"
    with claimed(lock) as holder:
        assert holder is None
        assert json.loads(lock.read_text())["process"] == os.getpid()


def test_another_machine_holds_it_until_its_file_is_deleted(lock):
    lock.parent.mkdir()
    lock.write_text(json.dumps({"process": 7, "host": "elsewhere"}))
    with claimed(lock) as holder:
        assert holder == f"in work by process 7 on elsewhere; if that is dead, delete {lock}"
    assert json.loads(lock.read_text())["process"] == 7
    lock.unlink()
    with claimed(lock) as holder:
        assert holder is None


@pytest.mark.parametrize("content", ["", "{half", "[1]"])
def test_other_contents_are_no_claim(lock, content):
    lock.parent.mkdir()
    lock.write_text(content)
    with claimed(lock) as holder:
        assert holder is None


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(OutputError, match=r"row\.lock: cannot be written"),
        claimed(tmp_path / "file" / "row.lock"),
    ):
        pass


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the names of open files are read there")
@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"[" * 100_000, b'{"host": ', b"[]"])
def test_a_lock_with_damaged_content_is_taken(tmp_path, content):
    (tmp_path / "lock").write_bytes(content)
    with claimed(tmp_path / "lock") as holder:
        assert holder is None
