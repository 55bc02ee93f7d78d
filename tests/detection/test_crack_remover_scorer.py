import pytest
import torch
from torch import nn

from upcracknet.detection import CrackRemoverScorer, CrackRemoverSettings, Scorer
from upcracknet.errors import ConfigurationError
from upcracknet.networks import CrackRemover


def darkness_network() -> CrackRemover:
    """A network by hand: what is dark is crack, and the road without cracks is a quarter brighter."""
    network = CrackRemover((1, 1, 1), refinement_channels=2)
    first, _, last = network.refinement
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        network.detail.bias[: 3 * 4] = 0.25
        first.weight[0, :3, 1, 1] = -1 / 3  # 1 - 2 * brightness, and the same with the other sign
        first.weight[1, :3, 1, 1] = 1 / 3
        last.weight[0, :, 0, 0] = torch.tensor([4.0, -4.0])  # the logit is 8 * (0.5 - brightness)
    return network


def darkness(**settings) -> CrackRemoverScorer:
    return CrackRemoverScorer(darkness_network(), CrackRemoverSettings(**settings))


def test_it_keeps_the_contract():
    torch.manual_seed(0)
    scorer = CrackRemoverScorer(CrackRemover((4, 6, 8)), CrackRemoverSettings())
    assert isinstance(scorer, Scorer)
    score = scorer.score(torch.rand(2, 3, 30, 21))
    assert score.shape == (2, 30, 21)
    assert 0 <= score.min() <= score.max() <= 1


@pytest.mark.parametrize("size", [(16, 16), (17, 40), (16, 100)])
def test_padding_does_not_show(size):
    images = torch.rand(1, 3, *size)
    expected = ((0.5 - images.mean(dim=1)) * 8).sigmoid()
    torch.testing.assert_close(darkness().score(images), expected)


def test_scales_average_logits():
    images = torch.full((1, 3, 32, 32), 0.3)  # of one colour: the same at each scale
    torch.testing.assert_close(
        darkness(scales=(0.5, 1.0, 2.0)).score(images), darkness().score(images), atol=1e-5, rtol=0
    )
    images = torch.rand(1, 3, 32, 32)
    smaller = nn.functional.interpolate(images, (16, 16), mode="bilinear", antialias=True)
    coarse = nn.functional.interpolate((0.5 - smaller.mean(1, keepdim=True)) * 8, (32, 32), mode="bilinear")
    fine = (0.5 - images.mean(dim=1)) * 8
    expected = ((coarse[:, 0] + fine) / 2).sigmoid()
    torch.testing.assert_close(darkness(scales=(0.5, 1.0)).score(images), expected)


def test_a_scale_that_leaves_hardly_a_pixel_still_ends():
    assert darkness(scales=(0.05, 1.0)).score(torch.rand(1, 3, 16, 16)).shape == (1, 16, 16)


def test_flips_come_back_to_their_place():
    images = torch.rand(1, 3, 24, 16)
    torch.testing.assert_close(darkness(flips=True).score(images), darkness().score(images))
    torch.manual_seed(0)
    network = CrackRemover((4, 6, 8))
    with torch.no_grad():
        network.refinement[0].weight[:, :3, :, 0] += 3  # answers to the left side
    fused = CrackRemoverScorer(network, CrackRemoverSettings(flips=True))
    score, mirrored = fused.score(images), fused.score(images.flip([3])).flip([2])
    torch.testing.assert_close(score, mirrored, atol=1e-5, rtol=0)


def test_darkening_is_one_sided():
    images = torch.full((1, 3, 16, 16), 0.5)
    images[..., :8] = 0.9  # brighter by 0.1 only, as white is the limit
    score = darkness(score="darkening").score(images)
    torch.testing.assert_close(score[..., 8:], torch.full((1, 16, 8), 0.25))
    torch.testing.assert_close(score[..., :8], torch.full((1, 16, 8), 0.1))


def test_settings_come_back_from_a_file():
    settings = CrackRemoverSettings(scales=(0.5, 1.0), level=0.4, hysteresis=0.8, minimum_extent=12)
    assert CrackRemoverSettings.from_dict(settings.to_dict()) == settings
    assert CrackRemoverSettings.from_dict({}) == CrackRemoverSettings()
    with pytest.raises(ConfigurationError, match="unknown detection settings wings"):
        CrackRemoverSettings.from_dict({"wings": 2})


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"scales": [1.0, 0.0]}, "all above 0"),
        ({"scales": [1e9]}, "at most 8"),
        ({"scales": None}, "at least one"),
        ({"scales": []}, "at least one"),
        ({"scales": ["1"]}, "at least one"),
        ({"score": "guess"}, "expected mask or darkening"),
        ({"level": "high"}, "three numbers"),
        ({"hysteresis": float("nan")}, "three numbers"),
        ({"flips": 1}, "true or false"),
    ],
)
def test_settings_that_cannot_be_are_refused(values, message):
    with pytest.raises(ConfigurationError, match=message):
        CrackRemoverSettings.from_dict(values)
