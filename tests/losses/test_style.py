import hashlib
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
import torch.nn.functional as F
from jaxtyping import TypeCheckError

from upcracknet.errors import WeightsError
from upcracknet.losses import RandomFeatures, VGG19Features, gram_matrix, load_vgg19, style, style_loss

# Position in the published network, input and output channels of each convolution up to relu5_2.
CONVOLUTIONS = [
    *[(0, 3, 64), (2, 64, 64)],
    *[(5, 64, 128), (7, 128, 128)],
    *[(10, 128, 256), (12, 256, 256), (14, 256, 256), (16, 256, 256)],
    *[(19, 256, 512), (21, 512, 512), (23, 512, 512), (25, 512, 512)],
    *[(28, 512, 512), (30, 512, 512)],
]
POOLED_BEFORE = {5, 10, 19, 28}
RETURNED = {7, 16, 25, 30}


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    state = {"classifier.0.bias": torch.zeros(4), "features.32.bias": torch.zeros(512)}
    for position, incoming, outgoing in CONVOLUTIONS:
        scale = (2 / (9 * incoming)) ** 0.5
        state[f"features.{position}.weight"] = scale * torch.randn(
            outgoing, incoming, 3, 3, generator=generator
        )
        state[f"features.{position}.bias"] = 0.1 * torch.randn(outgoing, generator=generator)
    return state


@pytest.fixture
def weights_file(state, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "official.pth"
    torch.save(state, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(style, "VGG19_SHA256_PREFIX", digest[:8])
    monkeypatch.setattr(style, "VGG19_URL", path.as_uri())
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    return path


def published_vgg19(state: dict[str, torch.Tensor], activations: torch.Tensor) -> list[torch.Tensor]:
    layers = []
    for position, _, _ in CONVOLUTIONS:
        if position in POOLED_BEFORE:
            activations = F.max_pool2d(activations, 2)
        weight, bias = state[f"features.{position}.weight"], state[f"features.{position}.bias"]
        activations = F.conv2d(activations, weight, bias, padding=1).clamp(min=0)
        if position in RETURNED:
            layers.append(activations)
    return layers


def test_vgg19_computes_the_published_layers(state):
    images = torch.rand(1, 3, 48, 32)
    ours = VGG19Features(state)(images)
    assert [tuple(layer.shape) for layer in ours] == [
        (1, 128, 24, 16),
        (1, 256, 12, 8),
        (1, 512, 6, 4),
        (1, 512, 3, 2),
    ]
    for layer, expected in zip(ours, published_vgg19(state, 2 * images - 1), strict=True):
        torch.testing.assert_close(layer, expected, atol=1e-4, rtol=1e-4)


def test_vgg19_is_frozen_but_passes_gradients_on(state):
    random_state = torch.get_rng_state()
    extractor = VGG19Features(state)
    assert torch.equal(random_state, torch.get_rng_state())
    assert not any(parameter.requires_grad for parameter in extractor.parameters())
    images = torch.rand(1, 3, 16, 16, requires_grad=True)
    extractor(images)[-1].sum().backward()
    assert images.grad is not None
    assert images.grad.abs().sum() > 0


def test_vgg19_refuses_other_weights(state):
    missing = {name: value for name, value in state.items() if name != "features.16.bias"}
    with pytest.raises(WeightsError, match=r"features\.16\.bias is missing or not of shape \(256,\)"):
        VGG19Features(missing)
    with pytest.raises(WeightsError, match=r"features\.0\.weight"):
        VGG19Features({**state, "features.0.weight": torch.zeros(64, 1, 3, 3)})


def test_load_takes_the_users_file(weights_file: Path, state):
    extractor = load_vgg19(weights_file)
    assert torch.equal(extractor.features[16].weight, state["features.16.weight"])


def test_load_downloads_into_torchs_cache_once(weights_file: Path, tmp_path: Path):
    with pytest.raises(WeightsError, match=r"no VGG-19 weights at .*official\.pth; allow the download"):
        load_vgg19()
    assert load_vgg19(download=True).name == "vgg19-imagenet"
    assert (tmp_path / "cache/hub/checkpoints/official.pth").is_file()
    weights_file.unlink()
    assert load_vgg19(download=True).name == "vgg19-imagenet"


def test_load_says_what_to_do_when_the_download_fails(weights_file: Path):
    weights_file.unlink()
    with pytest.raises(WeightsError, match=r"could not fetch file://.*or use the random filters"):
        load_vgg19(download=True)


def test_load_keeps_nothing_of_a_wrong_download(weights_file: Path, tmp_path: Path):
    weights_file.write_bytes(b"a proxy's log-in page")
    with pytest.raises(WeightsError, match=r"could not fetch .* invalid hash value"):
        load_vgg19(download=True)
    assert not any((tmp_path / "cache/hub/checkpoints").iterdir())


def test_load_refuses_a_file_that_is_not_the_published_one(tmp_path: Path):
    path = tmp_path / "vgg19-dcbb9e9d.pth"
    path.write_bytes(b"")
    # hashlib.sha256(b"").hexdigest() begins e3b0c442.
    with pytest.raises(WeightsError, match="its SHA-256 begins e3b0c442, expected dcbb9e9d"):
        load_vgg19(path)


def test_random_filters_are_the_same_everywhere():
    extractor = RandomFeatures()
    assert extractor.name == "random-filters-seed0"
    expected = torch.tensor([-0.912195, 2.492152, -0.530593])
    torch.testing.assert_close(extractor.filters[15, 2, 4, 2:], expected, atol=1e-5, rtol=0)
    assert not torch.equal(extractor.filters, RandomFeatures(seed=1).filters)
    assert RandomFeatures(seed=1).name == "random-filters-seed1"


def test_random_filters_leave_the_random_state_and_checkpoints_alone():
    state = torch.get_rng_state()
    extractor = RandomFeatures()
    assert torch.equal(state, torch.get_rng_state())
    assert not extractor.state_dict()
    assert not list(extractor.parameters())


def test_random_filters_do_not_respond_to_plain_grey():
    for layer in RandomFeatures()(torch.full((1, 3, 64, 64), 0.7)):
        assert layer.abs().max() < 1e-4


def test_random_filters_compute_a_rectified_convolution_of_each_level():
    images = torch.rand(1, 3, 40, 64)
    extractor = RandomFeatures(filters=4, size=7)
    layers = extractor(images)
    assert [tuple(layer.shape) for layer in layers] == [(1, 4, 17, 29), (1, 4, 7, 13), (1, 4, 2, 5)]
    halved = F.interpolate(images, scale_factor=0.5, mode="area")
    # The second response in the third row of the second level looks at rows 4 to 10 and columns 2 to 8.
    expected = (halved[:, :, 4:11, 2:9] * extractor.filters[1]).sum().clamp(min=0)
    torch.testing.assert_close(layers[1][0, 1, 2, 1], expected, atol=1e-4, rtol=1e-4)


def test_random_filters_refuse_images_smaller_than_a_filter():
    with pytest.raises(ValueError, match=r"\(4, 20\) pixels are too small; give at least 5"):
        RandomFeatures()(torch.rand(1, 3, 4, 20))


def test_random_filters_run_in_half_precision():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        layers = RandomFeatures()(torch.rand(1, 3, 64, 64))
    assert all(layer.isfinite().all() for layer in layers)


def test_random_filters_balance_the_style_loss_of_texture():
    gravel = torch.from_numpy(skimage.data.gravel()).float().div(255).expand(1, 3, 512, 512)
    gravel = F.avg_pool2d(gravel, 2)
    blurred = F.avg_pool2d(F.pad(gravel, (4, 4, 4, 4), mode="reflect"), 9, stride=1)
    mean_absolute_error = (blurred - gravel).abs().mean()
    # 3.4 for gravel, which is coarser than most roads
    assert 1 < 10 * style_loss(blurred, gravel, RandomFeatures()) / mean_absolute_error < 5


class TwoLayers:
    name = "two-layers"

    def __call__(self, images: torch.Tensor) -> list[torch.Tensor]:
        return [images, 3 * images[:, :1]]


def test_gram_matrix_by_hand():
    # Rows (1, 2) and (3, 4): products 5, 11 and 25 over c · h · w = 2 · 1 · 2.
    features = torch.tensor([[[[1.0, 2.0]], [[3.0, 4.0]]]])
    torch.testing.assert_close(gram_matrix(features), torch.tensor([[[1.25, 2.75], [2.75, 6.25]]]))


def test_gram_matrix_agrees_with_numpy():
    features = torch.rand(2, 5, 6, 7, dtype=torch.float64)
    expected = np.einsum("bihw,bjhw->bij", features, features) / (5 * 6 * 7)
    np.testing.assert_allclose(gram_matrix(features), expected, rtol=1e-12)


def test_gram_matrix_forgets_positions():
    features = torch.rand(1, 4, 8, 8)
    shuffled = features.flatten(2)[..., torch.randperm(64)].view_as(features)
    torch.testing.assert_close(gram_matrix(shuffled), gram_matrix(features))


def test_loss_averages_layers_by_hand():
    restored, original = torch.full((1, 3, 2, 2), 0.5), torch.full((1, 3, 2, 2), 0.1)
    # First layer: every entry is (0.25 − 0.01) / 3 = 0.08; second: 9 · (0.25 − 0.01) = 2.16; mean 1.12.
    assert style_loss(restored, original, TwoLayers()).item() == pytest.approx(1.12)


def test_identical_images_have_no_loss():
    images = torch.rand(2, 3, 64, 64)
    assert style_loss(images, images.clone(), RandomFeatures()).item() == 0


def test_gradients_flow_to_the_restored_image_only():
    restored, original = (
        torch.rand(1, 3, 32, 32, requires_grad=True),
        torch.rand(1, 3, 32, 32, requires_grad=True),
    )
    style_loss(restored, original, RandomFeatures()).backward()
    assert restored.grad is not None
    assert restored.grad.abs().sum() > 0
    assert original.grad is None


def test_gradients():
    torch.manual_seed(0)
    restored, original = torch.rand(2, 1, 3, 9, 8, dtype=torch.float64).unbind()
    extractor = RandomFeatures(filters=2, size=3, levels=2).double()
    assert torch.autograd.gradcheck(
        lambda image: style_loss(image, original, extractor), restored.requires_grad_()
    )


def test_gram_matrix_is_computed_in_full_precision():
    features = torch.rand(1, 8, 64, 64).bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        ours = gram_matrix(features)
    assert ours.dtype == torch.float32
    assert torch.equal(ours, gram_matrix(features.float()))


def test_refuses_images_of_different_shapes():
    with pytest.raises(TypeCheckError):
        style_loss(torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 33), RandomFeatures())
