import cv2
import numpy as np
import pytest
import torch

from upcracknet.detection import PRESETS, DetectionSettings, Threshold
from upcracknet.detection.error_map import error_map, filter_error, stretched


def test_squared_error_by_hand():
    images = torch.zeros(1, 3, 1, 2)
    restored = torch.tensor([[0.0, 0.5], [0.0, 0.5], [0.0, 0.2]]).view(1, 3, 1, 2)
    torch.testing.assert_close(error_map(images, restored), torch.tensor([[[0.0, 0.18]]]))
    torch.testing.assert_close(error_map(images, restored, "absolute"), torch.tensor([[[0.0, 0.4]]]))


def test_the_authors_error_is_of_stretched_grey_images():
    generator = np.random.default_rng(0)
    pair = [generator.integers(20, 200, (9, 11, 3), dtype=np.uint8) for _ in range(2)]
    expected = []
    for image in pair:
        grey = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2GRAY)
        expected.append(cv2.normalize(grey, None, 0, 1, cv2.NORM_MINMAX))
    images, restored = (torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255 for image in pair)
    found = error_map(images, restored, "stretched_grey")[0].numpy()
    np.testing.assert_allclose(found, np.abs(expected[0] - expected[1]), atol=1e-5)


def test_a_flat_image_has_no_authors_error_and_no_division_by_zero():
    flat = torch.full((1, 3, 4, 4), 0.5)
    assert torch.equal(error_map(flat, flat + 0.2, "stretched_grey"), torch.zeros(1, 4, 4))


def test_the_bilateral_filter_follows_its_definition():
    errors = np.random.default_rng(0).random((1, 9, 9)).astype(np.float32)
    settings = DetectionSettings(filter_diameter=3, sigma_color=0.2, sigma_space=1.0)
    found = filter_error(torch.from_numpy(errors), settings)[0].numpy()
    row, column = 4, 5
    weights = values = 0.0
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            if down * down + right * right > 1:
                continue  # OpenCV's window of diameter 3 is a disk
            value = float(errors[0, row + down, column + right])
            distance = (down * down + right * right) / (2 * 1.0**2)
            difference = (value - float(errors[0, row, column])) ** 2 / (2 * 0.2**2)
            weight = np.exp(-distance - difference)
            weights, values = weights + weight, values + weight * value
    assert found[row, column] == pytest.approx(values / weights, rel=1e-3)


def test_the_authors_filter_is_of_three_equal_channels():
    error = np.random.default_rng(1).integers(0, 256, (40, 50), dtype=np.uint8)
    error[18:21] = 255
    # Their script reads the error map as a colour picture, and filters that.
    expected = cv2.bilateralFilter(np.dstack([error] * 3), 25, 450, 15)[..., 0]
    found = filter_error(torch.from_numpy(error)[None].float() / 255, PRESETS["authors"])[0].numpy()
    np.testing.assert_array_equal(np.rint(found * 255), expected)


def test_the_authors_filter_keeps_the_width_of_a_crack():
    crack = np.zeros((1, 96, 96), np.float32)
    crack[:, 40:52] = 1
    found = filter_error(torch.from_numpy(crack), PRESETS["authors"])[0].numpy()
    np.testing.assert_array_equal(Threshold().mask(found), crack[0] > 0)


def test_stretching_takes_the_colours_of_an_image_together():
    images = torch.tensor([[0.25, 0.5], [0.3, 0.375], [0.25, 0.75]]).view(1, 3, 1, 2).repeat(2, 1, 1, 1)
    images[1] *= 0.5
    expected = torch.tensor([[0.0, 0.5], [0.1, 0.25], [0.0, 1.0]]).view(1, 3, 1, 2).expand(2, -1, -1, -1)
    torch.testing.assert_close(stretched(images), expected)
    cut = torch.tensor([[0, 127], [25, 63], [0, 255]]).view(1, 3, 1, 2) / 255
    torch.testing.assert_close(stretched(images[:1], eight_bit=True), cut)


def test_a_flat_map_stretches_to_nothing():
    assert torch.equal(stretched(torch.full((1, 4, 4), 0.3)), torch.zeros(1, 4, 4))


def test_diameter_0_does_not_filter():
    errors = torch.rand(2, 5, 5)
    assert torch.equal(filter_error(errors, DetectionSettings(filter_diameter=0)), errors)


def test_centering_removes_a_shift_of_brightness_but_keeps_cracks():
    images = torch.full((1, 3, 8, 8), 0.5)
    images[:, :, 4] = 0.1
    restored = torch.full((1, 3, 8, 8), 0.5) + torch.tensor([0.1, -0.05, 0.2]).view(1, 3, 1, 1)
    error = error_map(images, restored, center=True)[0]
    torch.testing.assert_close(error[:4], torch.zeros(4, 8))
    torch.testing.assert_close(error[4], torch.full((8,), 0.16))
