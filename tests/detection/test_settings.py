import pytest

from upcracknet.detection import PRESETS, DetectionSettings
from upcracknet.errors import ConfigurationError


@pytest.mark.parametrize("name", PRESETS)
def test_settings_survive_a_weights_file(name):
    assert DetectionSettings.from_dict(PRESETS[name].to_dict()) == PRESETS[name]


def test_unknown_settings_are_all_named():
    with pytest.raises(ConfigurationError, match="unknown detection settings blur, gain; known: center"):
        DetectionSettings.from_dict({"gain": 1, "blur": 2})


@pytest.mark.parametrize(
    "wrong",
    [{"sigma_color": "a"}, {"sigma_space": [0.5]}, {"dropout": 1}, {"error": "cubed"}, {"center": None}],
)
def test_settings_of_another_type_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        DetectionSettings.from_dict(wrong)


@pytest.mark.parametrize(
    "wrong",
    [{"filter_diameter": 4096}, {"filter_diameter": -1}, {"sigma_color": 0.0}, {"sigma_space": float("nan")}],
)
def test_filters_that_cannot_be_are_refused(wrong):
    with pytest.raises(ConfigurationError, match="a filter of"):
        DetectionSettings.from_dict(wrong)


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
