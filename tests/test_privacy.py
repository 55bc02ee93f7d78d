"""Nothing phones home: commands run in a network of their own that leads nowhere, and the kernel counts."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# A namespace of one's own; others than root need one for users as well.
ALONE = ["unshare", "--net", *([] if getattr(os, "geteuid", int)() == 0 else ["--map-root-user"])]
pytestmark = pytest.mark.skipif(
    not shutil.which("unshare") or subprocess.run([*ALONE, "true"], capture_output=True).returncode != 0,
    reason="networks of one's own need Linux and the right to make them",
)

LOOPBACK = """
import fcntl, socket, struct
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    fcntl.ioctl(control, 0x8914, struct.pack("16sh22x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP
"""
# Of whatever process and library: packets without a way out, and questions to a name server of this machine.
COUNT = """
from pathlib import Path
tables = [line.split() for line in Path("/proc/net/snmp").read_text().splitlines()]
found = {names[0]: dict(zip(names, values)) for names, values in zip(tables[::2], tables[1::2])}
six = dict(line.split() for line in Path("/proc/net/snmp6").read_text().splitlines())
print(sum(map(int, (found["Ip:"]["OutNoRoutes"], found["Udp:"]["NoPorts"], six["Ip6OutNoRoutes"]))))
"""


def attempts(code: str, home: Path, **variables: str) -> int:
    """How often code, run in a process of its own, tried to reach another machine."""
    home.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT / "src")}
    environment |= {"OMP_NUM_THREADS": "1"} | variables
    words = [*ALONE, sys.executable, "-c", LOOPBACK + code + COUNT]
    done = subprocess.run(words, cwd=home.parent, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "call",
    ["socket.create_connection(('192.0.2.1', 443))", "socket.getaddrinfo('example.org', 443)"],
    ids=["address", "name"],
)
def test_an_attempt_would_be_counted(call, tmp_path):
    assert attempts(f"try:\n    {call}\nexcept OSError:\n    pass\n", tmp_path / "home") > 0


def test_no_command_of_a_survey_asks_another_machine(tmp_path):
    code = """
from upcracknet.cli.main import run
def done(*words):
    assert run([str(word) for word in words]) == 0, words
done("synthesize", "drive", "--drive", "first", "--count", 3)
done("detect", "drive/photos", "-o", "out", "--millimetres-per-pixel", 2)
done("map", "out", "--gpx", "drive/track.gpx", "--clock-offset", 3600, "--straight-down")
done("report", "out", "-o", "report.html")
"""
    cache = os.environ["UPCRACKNET_CACHE"]  # how networks are exported to it is watched below
    assert attempts(code, tmp_path / "home", UPCRACKNET_CACHE=cache) == 0
    assert not list((tmp_path / "home").rglob("*"))


@pytest.mark.parametrize(
    ("command", "asks"), [("", True), ("run(['--version'])", False)], ids=["alone", "command"]
)
def test_no_grids_are_fetched_where_the_environment_lets_them(command, asks, tmp_path):
    code = f"""
import os
from rasterio._err import CPLE_BaseError
from rasterio.warp import transform
from upcracknet.cli.main import run
os.environ["PROJ_NETWORK"] = "ON"
{command}
try:
    transform("EPSG:4267", "EPSG:4326", [-100], [40])
except CPLE_BaseError as error:
    assert "PROJ" in str(error)
"""
    assert (attempts(code, tmp_path / "home") > 0) == asks


def test_engines_and_their_quantizer_ask_no_other_machine(tmp_path):
    code = """
import numpy, torch
from pathlib import Path
from upcracknet.networks import CrackRemover
from upcracknet.runtime import Engine, export_network
from upcracknet.runtime.backends import OpenVINO
network = CrackRemover((4, 8)).eval()
for name in ("n.onnx", "n.xml"):
    export_network(network, Path(name), Engine())
OpenVINO().quantize(Path("n.onnx"), [numpy.zeros((1, 3, 64, 64), numpy.float32)])
"""
    assert attempts(code, tmp_path / "home") == 0
    assert not list((tmp_path / "home").rglob("*"))
