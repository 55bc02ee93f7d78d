"""A street photo of houses and trees must not give a proud number."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from tests.results.conftest import LIGHT, write_photos

from upcracknet.results.street import street_scene


def test_a_street_is_warned_of_and_its_road_is_not(detect, tmp_path):
    rng = np.random.default_rng(3)
    street = np.full((240, 320, 3), (200, 150, 90), np.uint8)  # sky, blue in OpenCV's order
    street[60:120, :130] = 50, 70, 150  # a house of bricks
    cv2.circle(street, (250, 90), 45, (50, 110, 60), -1)
    street[120:] = 100
    street = (street + rng.normal(0, 5, street.shape)).clip(0, 255).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "street.png"), street)
    (record,), _ = detect(tmp_path / "street.png")
    assert "seems to show more than road" in record.warning and "--region" in record.warning
    road = tmp_path / "road.json"
    road.write_text("[[0, 0.5], [1, 0.5], [1, 1], [0, 1]]")
    (record,), _ = detect(tmp_path / "street.png", options=replace(LIGHT, region=road))
    assert record.warning is None


def test_photos_of_road_are_not(detect, tmp_path):
    records, _ = detect(write_photos(tmp_path / "photos", 4))
    assert [record.warning for record in records] == [None] * 4


@pytest.mark.parametrize("size", [(16, 16), (16, 4000), (4000, 16)])
def test_any_shape(size):
    assert street_scene(np.full((*size, 3), 128, np.uint8)) == []
