"""What file, table and record say of a photo with a network, and with cracks of several severities."""

import json

import numpy as np
import pytest

from upcracknet.errors import DataError
from upcracknet.measure.inspection import inspect
from upcracknet.measure.scale import Scale
from upcracknet.results.crack_files import CRACK_COLUMNS, crack_file, crack_rows, read_cracks, summary


@pytest.fixture(scope="module")
def network():
    """Wavy cracks 60 pixels apart in both directions."""
    mask = np.zeros((420, 420), bool)
    along = np.arange(420)
    for middle in range(40, 400, 60):
        across = middle + np.rint(8 * np.sin(along / 14 + middle)).astype(int)
        for step in range(-2, 3):
            mask[across + step, along] = mask[along, across + step] = True
    return mask


def test_a_network(network, tmp_path):
    inspection = inspect(network, Scale.uniform(4.0))
    said = summary(inspection)
    assert said["network_area_m2"] == pytest.approx((420 * 0.004) ** 2, rel=0.05)
    assert said["severity"] == "medium"  # of the network; its cracks are graded by width
    assert list(said["severity_length_m"]) == ["medium"]
    found = json.loads(crack_file(inspection, "mask"))
    assert found["networks"][0]["kind"] == "alligator"
    corners = np.array(found["networks"][0]["polygon"])
    assert np.ptp(corners, axis=0).min() > 250
    areas = [row["amount"] for row in found["quantities"] if row["unit"] == "m²"]
    assert sum(areas) == pytest.approx(said["network_area_m2"], abs=1e-3)
    (tmp_path / "a.json").write_bytes(crack_file(inspection, "mask"))
    rows = [*crack_rows(tmp_path / "a.json", "a")]
    assert all(list(row) == list(CRACK_COLUMNS) for row in rows)
    assert {row["kind"] for row in rows} == {"alligator"}


def test_the_photos_severity_is_the_gravest_however_short():
    mask = np.zeros((300, 300), bool)
    for x in range(20, 280):
        mask[60 + round(6 * np.sin(x / 9)) + np.arange(4), x] = True
    mask[200:235, 100:190] = True
    for y in range(150, 151):
        mask[y, 20:60] = True
    said = summary(inspect(mask, Scale.uniform(2.0), standard="fhwa-ltpp"))
    assert said["severity"] == "high"
    assert list(said["severity_length_m"]) == ["cannot be graded", "moderate", "high"]
    lengths = said["severity_length_m"]
    assert lengths["moderate"] > 2 * lengths["high"]
    assert sum(lengths.values()) == pytest.approx(said["crack_length_m"], abs=1e-3)
    assert said["crack_width_max_mm"] == pytest.approx(70, abs=4)


def test_no_cracks_are_no_length():
    said = summary(inspect(np.zeros((40, 60), bool), Scale.uniform(2.0)))
    assert (said["crack_count"], said["crack_length_m"], said["crack_width_max_mm"]) == (0, 0.0, None)
    assert said["severity"] is None


def test_a_file_is_read_without_its_lines(network, tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(crack_file(inspect(network, Scale.uniform(4.0)), "mask"))
    whole, short = read_cracks(path), read_cracks(path, lines=False)
    for crack in whole["cracks"]:
        assert len(crack.pop("axis")) == len(crack.pop("width_along_px")) > 0
    assert short == whole


def test_readings_are_those_of_the_cracks(network, tmp_path):
    inspection = inspect(network, Scale.uniform(4.0))
    path = tmp_path / "a.json"
    path.write_bytes(crack_file(inspection, "mask"))
    found = {
        name: [row["severity"] for row in rows if row["distress"] == "alligator"]
        for name, rows in read_cracks(path)["readings"].items()
    }
    assert found == {"likely": ["medium"], "mildest": ["low"], "gravest": ["high"]}
    path.write_bytes(crack_file(inspect(network, Scale.uniform(4.0), standard="fhwa-ltpp"), "mask"))
    assert read_cracks(path)["readings"] is None
    path.write_bytes(crack_file(inspect(network), "mask"))
    assert read_cracks(path)["readings"] is None


@pytest.mark.parametrize("content", [b"", b"[1]", b'{"cracks":', b"7"])
def test_what_is_no_file_of_cracks(content, tmp_path):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(DataError, match=r"no file of cracks.*upcracknet measure"):
        read_cracks(tmp_path / "a.json")
