import numpy as np
import pytest
import torch

from upcracknet.calibration.crack_remover import FALSE_ALARM_SHARE, compare_crack_remover
from upcracknet.calibration.roads import Road
from upcracknet.detection import CrackRemoverScorer, CrackRemoverSettings, Threshold
from upcracknet.evaluation.metrics import Scores, count
from upcracknet.networks import CrackRemover


def darkness_network() -> CrackRemover:
    """A network by hand: what is dark is crack."""
    network = CrackRemover((1, 1, 1), refinement_channels=2)
    first, _, last = network.refinement
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        first.weight[0, :3, 1, 1] = -1 / 3  # 1 - 2 * brightness, and the same with the other sign
        first.weight[1, :3, 1, 1] = 1 / 3
        last.weight[0, :, 0, 0] = torch.tensor([10.0, -10.0])  # the logit is 20 * (0.5 - brightness)
    return network


def darkness() -> CrackRemoverScorer:
    return CrackRemoverScorer(darkness_network(), CrackRemoverSettings())


def road(crack: bool = False, speck: bool = False, grey: int = 200):
    photo, mask = np.full((48, 64, 3), grey, np.uint8), np.zeros((48, 64), bool)
    if crack:
        mask[20:24, :] = True
        photo[mask] = 30
    if speck:
        photo[4:8, 4:8] = 30
    return Road(photo, mask)


def test_clean_roads_decide_before_painted_cracks_do():
    """Specks on crack-free roads are false alarms unless a minimum extent drops them; the crack stays."""
    comparisons = compare_crack_remover(
        darkness(), {"wide": [road(crack=True), road()]}, [road(speck=True)], [road()], scales=[(1.0,)]
    )
    best, worst = comparisons[0], comparisons[-1]
    assert best.clean
    assert best.settings.minimum_extent >= 8
    assert best.painted["wide"].iou == pytest.approx(1.0)
    assert best.false_alarms == best.false_alarms_synthetic == 0
    assert not worst.clean
    assert worst.false_alarms == pytest.approx(16 / (48 * 64))
    assert worst.false_alarms > FALSE_ALARM_SHARE
    by_iou = [comparison.iou for comparison in comparisons if comparison.clean]
    assert by_iou == sorted(by_iou, reverse=True)


def test_synthetic_false_alarms_count_too():
    comparisons = compare_crack_remover(
        darkness(), {"wide": [road(crack=True)]}, [road()], [road(grey=20)], scales=[(1.0,)]
    )
    assert not any(comparison.clean for comparison in comparisons)
    assert comparisons[0].false_alarms_synthetic == 1


def test_where_nothing_is_clean_enough_cracks_found_are_weighed_against_false_alarms():
    speck, faint, cracked = road(speck=True), road(speck=True), road(crack=True)
    speck[0][4:44, 30:34] = 30  # too long to be dropped, and as dark as can be
    faint[0][4:44, 50:52] = 110  # marked at low levels alone
    cracked[0][cracked.cracks] = 90  # missed at high ones
    comparisons = compare_crack_remover(
        darkness(), {"wide": [cracked]}, [speck, faint], [road()], scales=[(1.0,)]
    )
    assert min(comparison.worst for comparison in comparisons) > FALSE_ALARM_SHARE
    weighed = [comparison.balanced for comparison in comparisons]
    assert weighed == sorted(weighed, reverse=True)
    best, least = comparisons[0], min(comparison.worst for comparison in comparisons)
    assert best.painted["wide"].recall == 1
    assert any(one.worst == least and one.painted["wide"].recall == 0 for one in comparisons)
    # The crack has 4 rows of 64 pixels; false alarms come on as many pixels as the road has.
    assert best.balanced == pytest.approx(256 / (256 + best.worst * 48 * 64), abs=0.01)


def test_scales_are_compared():
    calls = []
    comparisons = compare_crack_remover(
        darkness(),
        {"wide": [road(crack=True)]},
        [road()],
        [road()],
        scales=[(1.0,), (0.5, 1.0)],
        progress=lambda *step: calls.append(step),
    )
    assert {comparison.settings.scales for comparison in comparisons} == {(1.0,), (0.5, 1.0)}
    assert calls == [(1, 2), (2, 2)]


def test_what_is_compared_is_what_the_detector_finds():
    torch.manual_seed(0)
    network = CrackRemover((4, 6, 8))
    torch.nn.init.constant_(network.refinement[-1].bias, 0.0)
    photo = np.random.default_rng(0).integers(0, 255, (40, 30, 3), np.uint8)
    truth = np.random.default_rng(1).random((40, 30)) > 0.5
    comparisons = compare_crack_remover(
        CrackRemoverScorer(network, CrackRemoverSettings()),
        {"one": [Road(photo, truth)]},
        [road()],
        [road()],
        scales=[(0.5, 1.0)],
    )
    for settings in (
        CrackRemoverSettings(scales=(0.5, 1.0), level=0.5),
        CrackRemoverSettings(scales=(0.5, 1.0), level=0.45, hysteresis=0.5, minimum_extent=8),
    ):
        score = CrackRemoverScorer(network, settings).score(
            torch.from_numpy(photo).permute(2, 0, 1)[None].float() / 255
        )
        threshold = Threshold(
            settings.level, minimum_extent=settings.minimum_extent, hysteresis=settings.hysteresis
        )
        mask = threshold.mask(score[0].numpy())
        found = next(comparison for comparison in comparisons if comparison.settings == settings)
        assert found.painted["one"] == Scores.of(count(mask, truth))
        assert 0 < mask.mean() < 1


def test_kinds_of_road_count_alike():
    wide, fine = road(crack=True), road()
    fine[1][:, 10] = True  # marked and not to be seen
    comparisons = compare_crack_remover(
        darkness(), {"wide": [wide] * 9, "fine": [fine]}, [road()], [road()], scales=[(1.0,)]
    )
    assert comparisons[0].painted["wide"].iou == 1
    assert comparisons[0].painted["fine"].iou == 0
    assert comparisons[0].iou == 0.5
