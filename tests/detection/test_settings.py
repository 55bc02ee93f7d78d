import pytest

from upcracknet.detection import PRESETS, DetectionSettings
from upcracknet.errors import ConfigurationError


@pytest.mark.parametrize("name", PRESETS)
def test_settings_survive_a_weights_file(name):
    assert DetectionSettings.from_dict(PRESETS[name].to_dict()) == PRESETS[name]


def test_unknown_settings_are_all_named():
    with pytest.raises(ConfigurationError, match="unknown detection settings blur, gain; known: center"):
        DetectionSettings.from_dict({"gain": 1, "blur": 2})


def test_the_authors_preset_is_their_code():
    authors = PRESETS["authors"]
    # 450 of three equal channels, whose differences OpenCV adds up.
    assert (authors.filter_diameter, authors.sigma_color * 255, authors.sigma_space) == (25, 150, 15)
    assert authors.eight_bit and authors.stretch and authors.dropout and authors.statistics == "image"


def test_the_papers_preset_is_equation_1():
    paper = PRESETS["paper"]
    assert (
        paper.error == "squared"
        and paper.filter_diameter > 0
        and paper.level_floor == 0
        and not paper.dropout
    )
