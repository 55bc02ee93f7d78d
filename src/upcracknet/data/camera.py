"""Light and camera: what lies between a road and its photo, done alike to the road with cracks and without."""

import cv2
import numpy as np
from jaxtyping import Float32

from upcracknet.data.synthetic.noise import log_uniform

Image = Float32[np.ndarray, "h w 3"]

GRAINS = (4.0, 45.0)
"""Grey levels of 255; standard deviations of a road's grain beyond which no change of contrast leads."""


def change_light(images: tuple[Image, Image], generator: np.random.Generator) -> tuple[Image, Image]:
    """Change contrast, brightness, tint and evenness of the light, its gamma and the haze in it.

    The contrast changes by a factor of 0.4 to 2.6 about the mean; it neither flattens the grain to a standard
    deviation below 4 grey levels nor raises it above 45.

    Args:
        images: the photo, and the road without its cracks, in [0, 1].
        generator: source of randomness.

    Returns:
        both, changed alike, in [0, 1].
    """
    photo = images[0]
    middle, grain = float(photo.mean()), 255 * _grain(photo) + 1e-3
    contrast = log_uniform(generator, 0.4, 2.6)
    contrast = float(np.clip(contrast, min(1.0, GRAINS[0] / grain), max(1.0, GRAINS[1] / grain)))
    target = np.clip(middle + generator.normal(0, 0.12), 0.15, 0.85)
    shift = (target - contrast * middle + generator.normal(0, 0.02, 3)).astype(np.float32)
    gamma = log_uniform(generator, 0.6, 1.6) if generator.random() < 0.4 else 1.0
    haze = generator.uniform(0.05, 0.4) if generator.random() < 0.15 else 0.0
    veil = np.float32(haze * generator.uniform(0.6, 1.0))
    uneven = generator.uniform(0, 0.35) if generator.random() < 0.4 else 0.0
    corners = (1 - uneven * generator.random((2, 2))).astype(np.float32)
    fall = cv2.resize(corners, (photo.shape[1], photo.shape[0]), interpolation=cv2.INTER_LINEAR)

    def changed(image: Image) -> Image:
        image = np.clip(image * np.float32(contrast) + shift, 0, 1)
        if uneven:
            image *= fall[..., None]
        if gamma != 1:
            image = cv2.pow(image, gamma)
        return np.asarray(image * np.float32(1 - haze) + veil)

    return changed(images[0]), changed(images[1])


def photograph(images: tuple[Image, Image], generator: np.random.Generator) -> tuple[Image, Image]:
    """Take pictures with a camera: soft or moved, with noise, sharpened, compressed as JPEG once or twice.

    Args:
        images: the photo, and the road without its cracks, in [0, 1].
        generator: source of randomness.

    Returns:
        both, with the same blur and the same noise, in [0, 1].
    """
    kernel = _blur(generator) if generator.random() < 0.5 else None
    noise = _noise(images[0].shape[0], images[0].shape[1], generator) if generator.random() < 0.5 else None
    sharpening = np.float32(generator.uniform(0.3, 1.5) if generator.random() < 0.3 else 0)
    qualities = generator.integers(40, 96, 2)
    qualities = qualities[: int(generator.choice(3, p=(0.4, 0.4, 0.2)))]

    def taken(image: Image) -> Image:
        if kernel is not None:
            image = cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REFLECT)
        if noise is not None:
            image = image + noise
        if sharpening:
            image = image + sharpening * (image - cv2.GaussianBlur(image, (0, 0), 1.0))
        for quality in qualities:
            image = _compress(image, int(quality))
        return np.clip(image, 0, 1)

    return taken(images[0]), taken(images[1])


def _grain(photo: Image) -> float:
    """Standard deviation of the brightness without its slow changes."""
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    return float((grey - cv2.GaussianBlur(grey, (0, 0), 6.0)).std())


def _blur(generator: np.random.Generator) -> Float32[np.ndarray, "k k"]:
    """A soft lens, or for one photo in four a hand that moved."""
    if generator.random() < 0.75:
        line = cv2.getGaussianKernel(9, generator.uniform(0.4, 1.5), cv2.CV_32F)
        kernel: np.ndarray = line @ line.T
        return kernel
    side, angle = 9, generator.uniform(0, np.pi)
    reach = generator.uniform(1.0, 3.5) * np.array([np.cos(angle), np.sin(angle)])
    start, end = (tuple(np.rint((side // 2 + sign * reach) * 16).astype(int).tolist()) for sign in (-1, 1))
    drawn = cv2.line(np.zeros((side, side), np.uint8), start, end, 255, 1, cv2.LINE_AA, shift=4)
    return np.asarray(drawn / np.float32(drawn.sum()))


def _noise(height: int, width: int, generator: np.random.Generator) -> Image:
    """Noise of the sensor, mostly of brightness, sometimes coarse as a camera's own smoothing leaves it."""
    strength = log_uniform(generator, 0.004, 0.06)
    grey = generator.standard_normal((height, width, 1), dtype=np.float32)
    colour = generator.standard_normal((height, width, 3), dtype=np.float32)
    noise = grey + np.float32(generator.uniform(0, 0.6)) * colour
    if generator.random() < 0.4:
        sigma = generator.uniform(0.5, 1.2)
        noise = cv2.GaussianBlur(noise, (0, 0), sigma) * np.float32(1 + 2 * sigma)  # keeps about its strength
    return np.asarray(noise * np.float32(strength))


def _compress(image: Image, quality: int) -> Image:
    encoded = cv2.imencode(
        ".jpg", np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8), (cv2.IMWRITE_JPEG_QUALITY, quality)
    )[1]
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.float32) / np.float32(255)
