from pathlib import Path

import numpy as np
import pytest

from upcracknet.data.dataset import Sample
from upcracknet.data.photo import save_image_atomically
from upcracknet.data.synthetic import paint_cracks, synthesize_road

ROADS = 5


@pytest.fixture(scope="session")
def cracked_roads(tmp_path_factory) -> list[Sample]:
    """Synthetic roads of 160×240 pixels with one wide crack each, with masks; the last is full of cracks."""
    folder = tmp_path_factory.mktemp("roads")
    samples = []
    for seed in range(ROADS):
        undamaged = synthesize_road(seed, 160, 240, surface="asphalt", cracks=False, distractors=False).photo
        generator = np.random.default_rng(seed)
        photo, mask = paint_cracks(
            undamaged, generator, widths=(3.0, 5.0), depths=(0.6, 0.8), systems=1, pattern="branching"
        )
        if seed == ROADS - 1:
            mask[20::40] = mask[21::40] = mask[22::40] = mask[:, 20::40] = mask[:, 21::40] = True
            photo = np.where(mask[..., None], undamaged // 3, undamaged)
        sample = Sample(str(seed), folder / f"{seed}.png", folder / "masks" / f"{seed}.png")
        save_image_atomically(sample.photo_path, photo)
        save_image_atomically(Path(str(sample.mask_path)), mask * np.uint8(255))
        samples.append(sample)
    return samples
