import pytest
from PIL import Image

from upcracknet.data.patches import UndamagedPatches
from upcracknet.data.registry import open_dataset
from upcracknet.data.synthetic import synthesize_road


@pytest.fixture
def patches(tmp_path):
    for seed in range(4):
        road = synthesize_road(seed, 96, 96, cracks=False, distractors=False).photo
        Image.fromarray(road).save(tmp_path / f"{seed}.png")
    samples = open_dataset(str(tmp_path))
    return UndamagedPatches(samples, size=64, window_sizes=(64,), augment=False, patches_per_epoch=6)
