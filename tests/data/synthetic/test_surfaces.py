import socket

import cv2
import numpy as np
import pytest
import skimage.data

from upcracknet.data.synthetic import synthesize_road
from upcracknet.data.synthetic.surfaces import SURFACES, draw_surface
from upcracknet.errors import DataError


def grain(scene):
    """Contrast of what is smaller than about 50 pixels."""
    grey = scene.mean(axis=2)
    return float((grey - cv2.GaussianBlur(grey, (0, 0), 24)).std())


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("shape", [(1, 1), (3, 140), (131, 58)])
def test_every_surface_fits_any_size(surface, shape):
    for seed in range(3):
        scene = draw_surface(*shape, np.random.default_rng(seed), surface)
        assert scene.shape == (*shape, 3)
        assert scene.dtype == np.float32
        assert np.isfinite(scene).all()


@pytest.mark.parametrize(
    ("surface", "flattest", "coarsest"),
    [
        ("asphalt", (4, 9), (25, 45)),
        ("concrete", (3, 8), (12, 25)),
        ("gravel", (6, 12), (20, 32)),
        ("wall", (0.8, 4), (10, 31)),
    ],
)
def test_tone_and_grain_are_those_of_photos(surface, flattest, coarsest):
    """Photos of roads have tones of 80 to 215 and grains from flat to very coarse, and so must these."""
    scenes = [draw_surface(128, 128, np.random.default_rng(seed), surface) for seed in range(40)]
    tones = [scene.mean() for scene in scenes]
    assert 70 < min(tones) < max(tones) < 220
    assert np.std(tones) > 5
    low, high = np.percentile([grain(scene) for scene in scenes], (5, 95))
    assert flattest[0] < low < flattest[1]
    assert coarsest[0] < high < coarsest[1]


def test_stones_are_seen_from_afar_and_from_close_by():
    """The distance over which the grain looks alike grows with the size of the stones."""

    def size_of_grain(scene):
        grey = scene.mean(axis=2).astype(np.float32)
        flat = grey - cv2.GaussianBlur(grey, (0, 0), 24)
        alike = [(flat[:, :-shift] * flat[:, shift:]).mean() / (flat**2).mean() for shift in range(1, 20)]
        return 1 + int(np.argmax(np.array([*alike, 0]) < 0.3))

    sizes = [
        size_of_grain(draw_surface(160, 160, np.random.default_rng(seed), "asphalt")) for seed in range(40)
    ]
    assert min(sizes) <= 2
    assert max(sizes) >= 6


@pytest.mark.parametrize("surface", SURFACES)
def test_the_same_generator_draws_the_same_surface(surface):
    first, second, other = (draw_surface(48, 70, np.random.default_rng(seed), surface) for seed in (4, 4, 5))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_a_wall_is_of_many_kinds():
    """Bricks are redder than plaster, roughcast is coarser than paint: figures of walls spread widely."""
    walls = [draw_surface(96, 96, np.random.default_rng(seed), "wall") for seed in range(40)]
    redness = [wall[..., 0].mean() / wall[..., 2].mean() for wall in walls]
    grains = [grain(wall) for wall in walls]
    assert max(redness) > 1.2 > 1.05 > min(redness)
    assert max(grains) > 6 * min(grains)


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
