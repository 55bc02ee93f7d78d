"""What holds for every supervised network."""

import pytest
import torch
from torch.nn import functional as F

from upcracknet.baselines.supervised.scorer import SegmentationScorer, normalise
from upcracknet.detection import Scorer
from upcracknet.detection.systems import SUPERVISED as NAMES
from upcracknet.detection.systems import SYSTEMS, imported

SIDE_WEIGHTS = {
    "pspnet": (0.4,),
    "bisenetv2": (1, 1, 1, 1),
    "ddrnet": (0.4,),
    "deepcrack19": (0.5, 0.75, 1, 0.75, 0.5),
    "deepcrack18": (1, 1, 1, 1, 1),
}
"""Weights of the side outputs, where there are any."""


def images(network, number: int = 2, seed: int = 0) -> torch.Tensor:
    side = max(64, 2 * network.size_multiple)
    return torch.randn(number, 3, side, side, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", NAMES)
def test_the_smallest_images_are_answered_and_side_outputs_are_for_training_alone(name):
    network = imported(SYSTEMS[name].network)()
    assert network.side_weights == SIDE_WEIGHTS.get(name, ())
    side = network.size_multiple
    answer = network.train()(torch.randn(2, 3, side, 2 * side))
    assert answer.logits.shape == (2, side, 2 * side)
    assert [logits.shape for logits in answer.side] == [answer.logits.shape] * len(network.side_weights)
    answer = network.eval()(torch.randn(1, 3, side, side))
    assert answer.logits.shape == (1, side, side)
    assert answer.side == ()


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_learns(name):
    torch.manual_seed(0)
    network = imported(SYSTEMS[name].network)().train()
    answer = network(images(network))
    outputs = [answer.logits, *answer.side]
    sum((output * torch.randn_like(output)).sum() for output in outputs).backward()
    unmoved = [key for key, value in network.named_parameters() if value.grad is None or not value.grad.any()]
    assert unmoved == []


@pytest.mark.parametrize("name", NAMES)
def test_two_images_are_learned(name):
    torch.manual_seed(0)
    network = imported(SYSTEMS[name].network)().train()
    pictures = images(network)
    side = pictures.shape[-1]
    crack = torch.zeros(2, side, side)
    crack[0, side // 4 : side // 2] = 1
    crack[1, :, side // 2 :] = 1
    pictures = pictures * 0.1 - crack[:, None]
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    target = latest = float("inf")
    for step in range(80):
        loss = F.binary_cross_entropy_with_logits(network(pictures).logits, crack)
        latest = loss.item()
        target = 0.6 * min(latest, 0.66) if step == 0 else target  # the same answer everywhere has 0.66
        if latest < target:
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert latest < target


@pytest.mark.parametrize("name", ["enet", "bisenetv2"])
def test_the_scorer_takes_any_size(name):
    torch.manual_seed(0)
    scorer = SegmentationScorer(imported(SYSTEMS[name].network)(), "tested")
    assert isinstance(scorer, Scorer)
    score = scorer.score(torch.rand(1, 3, 50, 75))
    assert score.shape == (1, 50, 75)
    assert 0 <= score.min() <= score.max() <= 1


def test_what_is_added_to_fill_the_size_does_not_show():
    torch.manual_seed(0)
    scorer = SegmentationScorer(imported(SYSTEMS["enet"].network)(), "tested")
    picture = torch.rand(1, 3, 64, 64)
    continued = F.pad(picture, (0, 16, 0, 16), mode="replicate")[..., :60, :60]
    whole = scorer.score(F.pad(continued, (0, 4, 0, 4), mode="replicate"))[:, :60, :60]
    torch.testing.assert_close(scorer.score(continued), whole)


def test_training_and_detection_see_photos_alike():
    """The scorer normalises as training does, by ImageNet's mean and deviation."""
    seen = []

    class Watching(imported(SYSTEMS["enet"].network)):
        def forward(self, images):
            seen.append(images)
            return super().forward(images)

    photo = torch.rand(1, 3, 64, 64)
    SegmentationScorer(Watching(), "tested").score(photo)
    mean, deviation = photo.new_tensor([0.485, 0.456, 0.406]), photo.new_tensor([0.229, 0.224, 0.225])
    torch.testing.assert_close(seen[0], (photo - mean[:, None, None]) / deviation[:, None, None])
    torch.testing.assert_close(seen[0], normalise(photo))
