"""A cluster of Ray on several hosts, one of which is killed and one cut off while they detect."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from namespaces import Host, Switch

PORT = 6379
SOURCE = Path(__file__).parents[1] / "src"
WATCHFUL = {
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "1000",
    "RAY_health_check_failure_threshold": "5",
}
"""Ray gives up a host after five seconds without an answer: usually it takes half a minute."""

ENVIRONMENT = {
    "PYTHONPATH": str(SOURCE), "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32),
}  # fmt: skip
LONGEST = 300
"""Seconds after which something hangs."""


def start_ray(
    switch: Switch, folder: Path, processors: int, environment: dict[str, str] | None = None
) -> None:
    """Start Ray on all hosts; the first one is the head."""
    first = switch.hosts[0]
    for host in switch.hosts:
        place = ["--head", f"--port={PORT}", "--include-dashboard=false"]
        if host is not first:
            place = [f"--address={first.address}:{PORT}"]
        host.start(
            [
                *(sys.executable, "-m", "ray.scripts.scripts", "start", *place, "--block"),
                *(f"--node-ip-address={host.address}", f"--num-cpus={processors}"),
                *("--disable-usage-stats", f"--object-store-memory={100 * 2**20}"),
            ],
            folder / f"{host.name}.log",
            ENVIRONMENT | WATCHFUL | (environment or {}),
        )
        if host is first:
            wait_until(lambda: _listens(first), "Ray's head")
    count = (
        f"import ray, sys; ray.init('{first.address}:{PORT}', logging_level=40, log_to_driver=False); "
        f"sys.exit(ray.cluster_resources().get('CPU') != {processors * len(switch.hosts)})"
    )
    wait_until(lambda: _answers(first, count, folder / "count.log"), "all hosts of Ray")


def _listens(host: Host) -> bool:
    probe = f"import socket; socket.create_connection(('{host.address}', {PORT}), timeout=1)"
    return _answers(host, probe, Path(os.devnull))


def _answers(host: Host, program: str, log: Path) -> bool:
    return host.start([sys.executable, "-c", program], log, ENVIRONMENT).wait() == 0


def wait_until(
    happened: Callable[[], bool], what: str, while_runs: subprocess.Popen[bytes] | None = None
) -> None:
    """Wait, at most for the time after which something hangs.

    Raises:
        TimeoutError: it did not happen.
        ChildProcessError: the program in which it was to happen has ended.
    """
    for _ in range(10 * LONGEST):
        if happened():
            return
        if while_runs is not None and while_runs.poll() is not None:
            raise ChildProcessError(f"{what}: the program ended before, with {while_runs.returncode}")
        time.sleep(0.1)
    raise TimeoutError(f"{what}: not after {LONGEST} seconds")


def detect(host: Host, words: list[str], log: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "upcracknet", "detect", *words]
    return host.start(command, log, ENVIRONMENT | environment)


def finish(program: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for a program that is to end well.

    Raises:
        ChildProcessError: it did not.
    """
    if program.wait(LONGEST) != 0:
        raise ChildProcessError(f"{program.args} ended with {program.returncode}:\n{log.read_text()[-2000:]}")


def workers_on(host: Host) -> int:
    """Number of Ray's workers of photos on a host."""
    counted = subprocess.run(
        ["nsenter", "--target", str(host.first), "--pid", "--mount", "pgrep", "-fc", "ray::MapWorker"],
        stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    return int(counted.stdout)


def disturb(switch: Switch, out: Path, run: subprocess.Popen[bytes], photos: int) -> dict[str, int]:
    """Kill all hosts but the first and the last; cut off the last, which sleeps until all is done.

    Returns:
        records there were when a host was killed, was cut off and woke; workers that woke with it.
    """
    _, *others, last = switch.hosts

    def records() -> int:
        return len([*(out / "records").rglob("*.json")])

    course = {}
    for other in others:
        wait_until(lambda: records() >= photos // 5, "a fifth of the photos", run)
        other.kill()
        course["records_when_killed"] = records()
    wait_until(lambda: records() >= 2 * photos // 5, "two fifths of the photos", run)
    switch.cut_off(last)
    last.freeze()
    course["records_when_cut_off"] = records()
    wait_until(lambda: records() == photos, "all photos", run)
    last.thaw()
    course["records_when_woken"] = records()
    course["workers_that_woke"] = workers_on(last)
    time.sleep(3)  # first its workers go on, without anybody to be asked
    switch.reconnect(last)
    return course
