"""Hosts on one machine: each has namespaces of its own, so that only the disk and the processor are shared.

A host has its own network, names of hosts, processes, shared memory and ``/tmp/ray``. The first process of
each waits for a pipe to end: when the program that made them ends, in whatever way, the system takes
everything away, cables and addresses too. Needs root on Linux, and ``ip`` of iproute2.
"""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

NAMESPACES = ("--net", "--pid", "--ipc", "--uts", "--mount")
PREPARED = """
set -e
hostname "$0"
mount -t tmpfs none /dev/shm
touch /dev/shm/hosts
mount --bind /dev/shm/hosts /etc/hosts
mkdir -p /tmp/ray
mount -t tmpfs none /tmp/ray
echo ready
exec cat
"""


class Host:
    """A host; as a context it runs until the context is left.

    Attributes:
        name: of the host, as programs on it see it.
        address: IPv4 address, once it is connected.
        first: process that is the first one of the host, as seen from outside.
    """

    def __init__(self, name: str, address: str = "") -> None:
        self.name, self.address = name, address
        self.started: list[subprocess.Popen[bytes]] = []
        self.process = subprocess.Popen(
            ["unshare", *NAMESPACES, "--fork", "--kill-child", "--mount-proc", "sh", "-c", PREPARED, name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stdout is not None
        if self.process.stdout.readline() != b"ready\n":
            raise OSError(f"{name}: no namespaces; run as root on Linux")
        pid = self.process.pid
        self.first = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    def __enter__(self) -> "Host":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(
        self, words: list[str], log: Path, environment: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a program on the host; what it says goes into a log."""
        entered = ["nsenter", "--target", str(self.first), *NAMESPACES, f"--wdns={Path.cwd()}", *words]
        given = os.environ | (environment or {})
        with log.open("ab") as file:
            program = subprocess.Popen(entered, stdout=file, stderr=file, env=given)
        self.started.append(program)
        return program

    def run(self, *words: str) -> None:
        subprocess.run(["nsenter", "--target", str(self.first), *NAMESPACES, *words], check=True)

    def kill(self) -> None:
        """Kill every process of the host at once, as a host dies when its current is cut."""
        self.process.kill()  # its child, the first process, dies with it, and all others with that one
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        for program in self.started:  # that of a frozen host is stopped, and would not notice
            program.kill()
            program.wait()

    def freeze(self) -> None:
        self.run("sh", "-c", "kill -STOP -1")  # all but the first one and the shell itself

    def thaw(self) -> None:
        self.run("sh", "-c", "kill -CONT -1")
        for program in self.started:
            program.send_signal(signal.SIGCONT)


class Switch:
    """What connects hosts; each has a cable to it, which can be pulled.

    Attributes:
        hosts: those that are connected; the first one has the address ``10.77.0.1``.
    """

    def __init__(self, host: Host) -> None:
        self.host = host
        self.hosts: list[Host] = []
        self.run("link", "add", "bridge", "type", "bridge")
        self.run("link", "set", "bridge", "up")

    def run(self, *words: str) -> None:
        # Not in its namespace of processes: ip finds the hosts by the numbers that they have outside.
        subprocess.run(["nsenter", "--target", str(self.host.first), "--net", "ip", *words], check=True)

    def connect(self, host: Host) -> None:
        number = len(self.hosts) + 1
        host.address, cable = f"10.77.0.{number}", f"cable-{number}"
        self.run("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", str(host.first))
        self.run("link", "set", cable, "master", "bridge", "up")
        host.run("ip", "address", "add", f"{host.address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            host.run("ip", "link", "set", device, "up")
        self.hosts.append(host)
        names = "".join(f"{other.address} {other.name}\n" for other in self.hosts)
        for other in self.hosts:
            other.run("sh", "-c", 'echo "127.0.0.1 localhost\n$0" > /etc/hosts', names)

    def cut_off(self, host: Host) -> None:
        self._cable(host, "down")

    def reconnect(self, host: Host) -> None:
        self._cable(host, "up")

    def _cable(self, host: Host, state: str) -> None:
        self.run("link", "set", f"cable-{self.hosts.index(host) + 1}", state)


@contextmanager
def connected_hosts(*names: str) -> Iterator[Switch]:
    """Hosts that reach each other, and nothing else."""
    with ExitStack() as running:
        switch = Switch(running.enter_context(Host("switch")))
        for name in names:
            switch.connect(running.enter_context(Host(name)))
        yield switch


def rights_are_missing() -> str | None:
    """Why there can be no hosts here; None where there can."""
    try:
        with connected_hosts("first"):
            return None
    except (OSError, subprocess.CalledProcessError) as error:
        return f"no namespaces can be made ({error}); needs root on Linux, and ip of iproute2"
