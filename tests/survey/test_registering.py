import cv2
import numpy as np
import pytest

from upcracknet.data.synthetic.drive import Drive
from upcracknet.errors import PhotoError
from upcracknet.survey.registering import register


@pytest.fixture(scope="module")
def roads():
    """Photos of two places, 400 by 300 pixels."""
    return [photo.photo[:400, :300] for photo in Drive(count=2, height=600, width=500, seed=5).photos()]


def seen_again(photo, turn_deg, shift, zoom=1.0, size=(300, 400)):
    """A photo turned, shifted, enlarged and relit, with noise; and the matrix to its places."""
    matrix = cv2.getRotationMatrix2D((149.5, 199.5), turn_deg, zoom)
    matrix[:, 2] += shift
    again = cv2.warpAffine(photo, matrix, size, borderMode=cv2.BORDER_REFLECT)
    light = np.linspace(0.7, 1.1, size[0])[:, None] * 0.9
    noise = np.random.default_rng(0).normal(0, 3, again.shape)
    return (again * light + noise).clip(0, 255).astype(np.uint8), matrix


CORNERS = np.array([[0.0, 0.0], [299.0, 0.0], [299.0, 399.0], [0.0, 399.0]])


@pytest.mark.parametrize(
    ("turn_deg", "shift", "zoom"),
    [(0, (0, 0), 1.0), (7, (40, -60), 0.9), (180, (15, 20), 1.1), (-3, (0, 160), 1.0)],
)
def test_a_shifted_turned_and_relit_photo_is_laid_on_the_old_one(roads, turn_deg, shift, zoom):
    again, matrix = seen_again(roads[0], turn_deg, shift, zoom)
    registration = register(roads[0], again)
    truth = CORNERS @ matrix[:, :2].T + matrix[:, 2]
    assert np.hypot(*(registration.to_new(CORNERS) - truth).T).max() < 2.0
    assert np.hypot(*(registration.to_old(truth) - CORNERS).T).max() < 2.0
    assert registration.zoom(CORNERS) == pytest.approx(zoom, rel=0.02)


def test_the_overlap_is_the_share_that_both_show(roads):
    again, _ = seen_again(roads[0], 0, (0, 160))
    assert register(roads[0], again).overlap == pytest.approx(240 / 400, abs=0.01)


def test_a_larger_photo_is_compared_smaller(roads):
    again = cv2.resize(roads[0], (1500, 1800), interpolation=cv2.INTER_CUBIC)
    with pytest.raises(PhotoError):
        register(roads[0], np.zeros_like(again))
    registration = register(cv2.resize(roads[0], (1000, 1200), interpolation=cv2.INTER_CUBIC), again)
    assert registration.pixel == pytest.approx(1.8)
    assert registration.to_new(np.array([[499.5, 599.5]])) == pytest.approx(
        np.array([[749.5, 899.5]]), abs=1.5
    )


def test_photos_of_two_roads_are_refused(roads):
    for old, new in (roads, roads[::-1]):
        with pytest.raises(PhotoError, match=r"points (agree|look alike), expected 15 or more"):
            register(old, new)


def test_photos_without_anything_to_see_are_refused(roads):
    grey = np.full((400, 300, 3), 128, np.uint8)
    for old, new in ((grey, roads[0]), (roads[0], grey), (grey, grey)):
        with pytest.raises(PhotoError, match="only 0 points look alike"):
            register(old, new)


def test_too_small_an_overlap_is_refused(roads):
    """Of 400 rows 70 are the same, the rest is another road."""
    other = roads[1].copy()
    other[:70] = roads[0][-70:]
    with pytest.raises(PhotoError, match=r"they overlap by 1[78]%, expected 25% or more"):
        register(roads[0], other)


def test_the_same_photos_are_always_laid_on_each_other_alike(roads):
    again, _ = seen_again(roads[0], 5, (20, 10))
    assert np.array_equal(register(roads[0], again).matrix, register(roads[0], again).matrix)
