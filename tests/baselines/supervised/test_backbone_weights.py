import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from upcracknet.baselines.supervised.backbone_weights import load_backbone
from upcracknet.errors import WeightsError


def backbone() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))


@pytest.fixture
def trained() -> dict[str, torch.Tensor]:
    """Weights that differ from those a backbone starts with, with a classifier's beside them."""
    torch.manual_seed(0)
    state = {name: torch.randn(value.shape) for name, value in backbone().state_dict().items() if value.shape}
    return {**state, "fc.weight": torch.randn(10, 4), "fc.bias": torch.zeros(10)}


@pytest.mark.parametrize(("suffix", "write"), [(".pth", torch.save), (".safetensors", save_file)])
def test_weights_are_loaded_by_name_without_the_classifier_and_the_counters(tmp_path, trained, suffix, write):
    path, module = tmp_path / f"weights{suffix}", backbone()
    write(trained, path)
    load_backbone(module, path)
    loaded = module.state_dict()
    for name, value in trained.items():
        if not name.startswith("fc."):
            assert torch.equal(loaded[name], value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"0.bias": None}, "0.bias is missing"),
        ({"0.weight": torch.zeros(4, 3, 7, 7)}, "0.weight is 4×3×7×7, not 4×3×3×3"),
        ({"2.weight": torch.zeros(1)}, "2.weight is unknown"),
        ({str(number): torch.zeros(1) for number in range(5)}, "and 2 more; use a file of the same"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_loaded(tmp_path, trained, change, message):
    path, module = tmp_path / "weights.pth", backbone()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    torch.save({name: value for name, value in {**trained, **change}.items() if value is not None}, path)
    with pytest.raises(WeightsError, match=message):
        load_backbone(module, path)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


class Payload:
    """Something that only an unsafe loader would make."""


@pytest.mark.parametrize("content", [{"model": Payload()}, {"state_dict": {}}, torch.zeros(1)])
def test_a_file_that_holds_no_state_dict_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "weights.pth")
    with pytest.raises(WeightsError, match=r"weights\.pth"):
        load_backbone(backbone(), tmp_path / "weights.pth")


@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
def test_a_damaged_file_and_a_missing_one_are_named(tmp_path, name):
    with pytest.raises(WeightsError, match="cannot be read"):
        load_backbone(backbone(), tmp_path / name)
    (tmp_path / name).write_bytes(b"damaged")
    with pytest.raises(WeightsError, match="cannot be read"):
        load_backbone(backbone(), tmp_path / name)


def test_another_format_is_refused(tmp_path):
    with pytest.raises(WeightsError, match=r"expected in \.safetensors or \.pth"):
        load_backbone(backbone(), tmp_path / "weights.npz")
