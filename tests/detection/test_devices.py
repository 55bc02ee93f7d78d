"""Every tensor follows the images' device: without a card by pretended ones, with one by its scores."""

import numpy as np
import pytest
import torch

from upcracknet import CrackDetector
from upcracknet.baselines.riad import RIADNetwork, RIADScorer
from upcracknet.baselines.scadn import SCADNGenerator, SCADNScorer
from upcracknet.baselines.supervised.scorer import SegmentationScorer
from upcracknet.corruption import JumbledSquareMasks
from upcracknet.data.synthetic import synthesize_road
from upcracknet.detection import (
    CrackRemoverScorer,
    CrackRemoverSettings,
    DetectionSettings,
    RestorationScorer,
)
from upcracknet.detection.acceleration import device_of
from upcracknet.detection.pretrained import load_pretrained
from upcracknet.detection.systems import SUPERVISED, SYSTEMS, imported
from upcracknet.networks import CrackRemover, UNetGenerator
from upcracknet.runtime import Engine

PRETENDED = "meta"  # a device that every PyTorch has, without memory

# The bilateral and the guided filter are the processor's, so no pretended tensor gets through them.
UNFILTERED = DetectionSettings(filter_diameter=0, center=True)
STRETCHED = DetectionSettings(filter_diameter=0, stretch=True, error="stretched_grey")
SCORERS = {
    "mask": lambda: CrackRemoverScorer(
        CrackRemover((4, 8)), CrackRemoverSettings(scales=(0.5, 1.0), flips=True)
    ),
    "darkening": lambda: CrackRemoverScorer(CrackRemover((4, 8)), CrackRemoverSettings("darkening")),
    "restorer": lambda: RestorationScorer(UNetGenerator(2, 5), UNFILTERED, 64),
    "stretched restorer": lambda: RestorationScorer(UNetGenerator(2, 5), STRETCHED, 64),
    "scadn": lambda: SCADNScorer(SCADNGenerator(2), (0.1, 0.1, 0.1), 64),
    "riad": lambda: RIADScorer(RIADNetwork((2, 2, 2, 2, 2)), 64),
    **{name: lambda name=name: supervised(name) for name in SUPERVISED},
}


def supervised(name: str) -> SegmentationScorer:
    with torch.device("meta"):  # its numbers are not needed
        return SegmentationScorer(imported(SYSTEMS[name].network)(), name)


@pytest.mark.parametrize("name", SCORERS)
def test_no_tensor_stays_behind(name, monkeypatch):
    """Operations of tensors on two devices fail, as they do on a card; nothing is calculated."""
    scorer = SCORERS[name]()
    monkeypatch.setattr(
        JumbledSquareMasks, "partition", lambda self, height, width, *_: torch.ones(3, 1, height, width)
    )
    scorer.network.to(PRETENDED)
    assert device_of(scorer) == torch.device(PRETENDED)
    scores = scorer.score(torch.empty(2, 3, 64, 64, device=PRETENDED))
    assert (scores.device.type, tuple(scores.shape)) == (PRETENDED, (2, 64, 64))


def test_the_pretended_card_tells_what_stays_behind():
    with pytest.raises(RuntimeError, match="not on the expected device"):
        torch.ones(2, device=PRETENDED) + torch.ones(2)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no card is here")
@pytest.mark.parametrize("model", ["default", "up-cracknet-32"])
class TestOnACard:
    def test_scores_are_those_of_the_processor(self, model):
        photos = [synthesize_road(seed, 256, 256 + 64 * seed).photo for seed in range(4)]
        found = [
            [
                crack_map.score
                for crack_map in CrackDetector.from_pretrained(model, device=device).detect_many(photos)
            ]
            for device in ("cpu", "cuda")
        ]
        for here, there in zip(*found, strict=True):
            assert np.abs(here - there).max() < 1e-3

    @pytest.mark.parametrize("precision", ["fp16", "bf16"])
    def test_16_bits_find_nearly_the_same(self, model, precision):
        scorers = [
            load_pretrained(model, engine=Engine("torch", kind, device="cuda")).scorer
            for kind in ("fp32", precision)
        ]
        images = torch.rand(2, 3, 256, 256, device="cuda")
        exact, short = (scorer.score(images) for scorer in scorers)
        assert 0 < (exact - short).abs().max() < 0.1
