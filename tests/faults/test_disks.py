"""Real disks: writers that are no Python, such as GDAL, meet the end of the disk themselves."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.faults.outcomes import files
from tests.faults.worlds import detect

from upcracknet.cli.console import EXIT_FAILED

content = files("out")


@pytest.mark.skipif(sys.platform == "win32", reason="such limits are of Unix")
@pytest.mark.parametrize("size", [0, 100, 300, 700, 1500, 4000, 10_000])
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.xdist_group(f"faults in {name}"))
        for name in ("detect", "map", "report")
    ],
)
def test_files_that_can_grow_no_further(world_of, capsys, name, size):
    import resource

    here = world_of(name)
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    capsys.readouterr()
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, usual[1]))
    try:
        code = here.run()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert code == 0 or "error: " in capsys.readouterr().err
    assert code in (0, EXIT_FAILED)
    assert here.run() == 0
    assert here.command.outcome(here.folder) == here.new


@pytest.mark.parametrize("kilobytes", [64, 128, 256])
def test_a_small_disk(world, undisturbed, capsys, kilobytes):
    (world / "out").mkdir()
    with mounted(world / "out", f"size={kilobytes}k"):
        code = detect(world)
        message = capsys.readouterr().err
        assert code in (0, EXIT_FAILED)
        assert code == 0 or "error: " in message
        subprocess.run(["mount", "-o", "remount,size=64m", str(world / "out")], check=True)
        assert detect(world) == 0
        assert content(world) == undisturbed


def test_a_disk_that_is_read_only(world, undisturbed, capsys):
    (world / "out").mkdir()
    with mounted(world / "out", "size=64m"):
        assert detect(world) == 0
        subprocess.run(["mount", "-o", "remount,ro", str(world / "out")], check=True)
        capsys.readouterr()
        assert detect(world) == EXIT_FAILED
        assert "out may not be written to; choose another folder" in capsys.readouterr().err
        assert content(world) == undisturbed


class mounted:  # noqa: N801 - used as a function
    """A disk of its own at a folder; skips the test where nobody may mount."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.options = folder, options

    def __enter__(self) -> None:
        words = ["mount", "-t", "tmpfs", "-o", ",".join(self.options), "tmpfs", str(self.folder)]
        if sys.platform != "linux" or subprocess.run(words, capture_output=True, check=False).returncode:
            pytest.skip("mounting needs Linux and its rights")

    def __exit__(self, *error: object) -> None:
        subprocess.run(["umount", str(self.folder)], check=True)
