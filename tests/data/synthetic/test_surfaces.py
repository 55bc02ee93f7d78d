import socket

import cv2
import numpy as np
import pytest
import skimage.data

from upcracknet.data.synthetic import synthesize_road
from upcracknet.data.synthetic.surfaces import SURFACES, draw_surface
from upcracknet.errors import DataError


def grain(scene):
    """Contrast of what is smaller than about 8 pixels."""
    grey = scene.mean(axis=2)
    return float((grey - cv2.GaussianBlur(grey, (0, 0), 8)).std())


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("shape", [(1, 1), (3, 140), (131, 58)])
def test_every_surface_fits_any_size(surface, shape):
    for seed in range(3):
        scene = draw_surface(*shape, np.random.default_rng(seed), surface)
        assert scene.shape == (*shape, 3)
        assert scene.dtype == np.float32
        assert np.isfinite(scene).all()


@pytest.mark.parametrize("surface", SURFACES)
def test_tone_and_grain_are_those_of_road_photos(surface):
    """Most published road photos have tones of 100 to 200 and grains of 3 to 36 grey levels."""
    scenes = [draw_surface(160, 160, np.random.default_rng(seed), surface) for seed in range(15)]
    tones = [scene.mean() for scene in scenes]
    assert 80 < min(tones) < max(tones) < 215
    assert np.std(tones) > 5
    assert all(2.5 < grain(scene) < 40 for scene in scenes)


def test_concrete_is_smoother_and_paler_than_asphalt():
    asphalt, concrete = (
        [draw_surface(160, 160, np.random.default_rng(seed), surface) for seed in range(25)]
        for surface in ("asphalt", "concrete")
    )
    assert np.median([grain(scene) for scene in concrete]) < 0.8 * np.median(
        [grain(scene) for scene in asphalt]
    )
    assert np.mean(concrete) > np.mean(asphalt) + 10


def test_gravel_is_scikit_images_photo_and_does_not_repeat():
    """A repeated or mirrored piece would show as a strong match of the texture with itself."""
    scene = draw_surface(400, 400, np.random.default_rng(0), "gravel").mean(axis=2)
    flat = (scene - cv2.GaussianBlur(scene, (0, 0), 6)).astype(np.float32)
    piece = flat[180:220, 180:220]
    match = cv2.matchTemplate(flat, piece, cv2.TM_CCOEFF_NORMED)
    match[160:200, 160:200] = 0
    mirrored = cv2.matchTemplate(flat, np.ascontiguousarray(piece[:, ::-1]), cv2.TM_CCOEFF_NORMED)
    assert np.abs(match).max() < 0.75
    assert np.abs(mirrored).max() < 0.75


def test_the_network_is_never_reached_for(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    for surface in SURFACES:
        synthesize_road(0, 64, 64, surface=surface)


def test_a_missing_gravel_photo_is_one_clear_line(monkeypatch, tmp_path):
    monkeypatch.setattr(skimage.data, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(DataError, match=r"gravel.png is missing .*install scikit-image again") as caught:
        draw_surface(32, 32, np.random.default_rng(0), "gravel")
    assert "\n" not in str(caught.value)
