"""The contract that every scorer keeps."""

import cv2
import numpy as np
import pytest
import torch

from upcracknet.baselines.riad import RIADNetwork, RIADScorer
from upcracknet.baselines.scadn import SCADNGenerator, SCADNScorer
from upcracknet.baselines.supervised.deepcrack19 import Deepcrack19
from upcracknet.baselines.supervised.scorer import GuidedFilterScorer, SegmentationScorer
from upcracknet.corruption import StripedMasks
from upcracknet.detection import (
    PRESETS,
    CrackRemoverScorer,
    CrackRemoverSettings,
    DetectionSettings,
    RestorationScorer,
    Scorer,
)
from upcracknet.detection.systems import CLASSICAL, SYSTEMS, imported
from upcracknet.networks import CrackRemover, UNetGenerator

SCALES = len(StripedMasks().widths)


def restorer(network, **settings):
    return RestorationScorer(network, DetectionSettings(**settings), 16)


WITH_NETWORK = {
    "restorer": (lambda: UNetGenerator(2, 3), restorer),
    "restorer with dropout": (lambda: UNetGenerator(2, 4), lambda network: restorer(network, dropout=True)),
    "crack remover": (
        lambda: CrackRemover((4, 8)),
        lambda network: CrackRemoverScorer(network, CrackRemoverSettings()),
    ),
    "darkening": (
        lambda: CrackRemover((4, 8)),
        lambda network: CrackRemoverScorer(network, CrackRemoverSettings("darkening")),
    ),
    "riad": (lambda: RIADNetwork((2, 2, 2, 2, 2)), lambda network: RIADScorer(network, 16)),
    "scadn": (lambda: SCADNGenerator(2), lambda network: SCADNScorer(network, (0.0,) * SCALES, 32)),
    "supervised": (Deepcrack19, lambda network: SegmentationScorer(network, "deepcrack19")),
    "guided filter": (Deepcrack19, lambda network: GuidedFilterScorer(network, "guided")),
}


@pytest.mark.parametrize("kind", WITH_NETWORK)
class TestWithNetwork:
    def test_it_keeps_the_contract(self, kind):
        build, make = WITH_NETWORK[kind]
        scorer = make(build())
        assert isinstance(scorer, Scorer)
        side = scorer.input_size or 24
        score = scorer.score(torch.rand(2, 3, side, side))
        assert score.shape == (2, side, side)
        assert 0 <= score.min() <= score.max() <= 1

    def test_the_callers_network_stays_as_it_is(self, kind):
        build, make = WITH_NETWORK[kind]
        network = build().train()
        before = {name: value.clone() for name, value in network.state_dict().items()}
        modes, layers = [module.training for module in network.modules()], repr(network)
        scorer = make(network)
        side = scorer.input_size or 24
        scorer.score(torch.rand(1, 3, side, side))
        assert [module.training for module in network.modules()] == modes
        assert repr(network) == layers
        for name, value in network.state_dict().items():
            assert torch.equal(value, before[name])

    def test_a_copy_asks_another_network(self, kind):
        build, make = WITH_NETWORK[kind]
        scorer, other = make(build()), make(build())
        copied = scorer.with_network(other.network, "another")
        assert type(copied) is type(scorer)
        assert (copied.name, copied.network) == ("another", other.network)
        assert scorer.network is not other.network
        assert scorer.with_network(other.network).name == scorer.name
        side = scorer.input_size or 24
        images = torch.rand(1, 3, side, side)
        assert torch.equal(copied.score(images), other.score(images))


@pytest.mark.parametrize("name", CLASSICAL)
def test_classical_methods_have_no_network(name):
    scorer = imported(SYSTEMS[name].scorer)()
    assert isinstance(scorer, Scorer)
    assert scorer.network is None
    assert scorer.with_network(None, "renamed").name == "renamed"
    assert scorer.name == name


def test_a_restorer_with_other_settings_has_the_same_network():
    torch.manual_seed(0)
    generator = UNetGenerator(2, 3)
    images = torch.rand(1, 3, 16, 16)
    plain = restorer(generator, statistics="running")
    expected = {
        name: RestorationScorer(generator, settings, 16).score(images) for name, settings in PRESETS.items()
    }
    for name, settings in PRESETS.items():
        assert torch.equal(plain.with_settings(settings).score(images), expected[name])


def test_dropout_gives_the_same_map_whatever_shares_the_batch():
    scorer = restorer(UNetGenerator(2, 4).train(), dropout=True)
    images = torch.rand(3, 3, 16, 16)
    together = scorer.score(images)
    torch.testing.assert_close(scorer.score(images[1:2])[0], together[1])


def test_the_authors_procedure_step_by_step():
    torch.manual_seed(2)
    scorer = RestorationScorer(UNetGenerator(4, 4), PRESETS["authors"], 64)
    photo = np.random.default_rng(2).integers(40, 190, (64, 64, 3), dtype=np.uint8)
    photo[30:33] = 45
    found = scorer.score(torch.from_numpy(photo).permute(2, 0, 1)[None].float() / 255)[0].numpy()

    def to_8_bits(values):
        return ((values - values.min()) * np.float32(255) / (values.max() - values.min())).astype(np.uint8)

    def grey(image):
        values = cv2.cvtColor(image[0].permute(1, 2, 0).numpy(), cv2.COLOR_RGB2GRAY)
        return (values - values.min()) / (values.max() - values.min())

    given = torch.from_numpy(to_8_bits(photo.astype(np.float32))).permute(2, 0, 1)[None].float() / 255
    error = to_8_bits(np.abs(grey(given) - grey(scorer.restore(given))))
    expected = cv2.bilateralFilter(np.dstack([error] * 3), 25, 450, 15)[..., 0]
    # Floats that are cut, not rounded, may fall to either side.
    np.testing.assert_allclose(np.rint(found * 255), expected, atol=1)
