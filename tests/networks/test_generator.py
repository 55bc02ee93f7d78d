import pytest
import torch
from torch import nn
from torch.nn import functional as F

from upcracknet.networks import PatchDiscriminator, UNetGenerator
from upcracknet.networks.generator import BatchNormalization, initialize_normal


def test_the_papers_generator_has_its_published_number_of_parameters():
    assert sum(parameter.numel() for parameter in UNetGenerator().parameters()) == 54_419_459


@pytest.mark.parametrize(
    ("filters", "depth", "height", "width"),
    [(2, 8, 256, 256), (3, 8, 256, 512), (4, 5, 64, 96), (2, 2, 4, 12)],
)
def test_restored_images_have_the_size_of_the_input(filters, depth, height, width):
    restored = UNetGenerator(filters, depth)(torch.rand(2, 3, height, width) * 2 - 1)
    assert restored.shape == (2, 3, height, width)
    assert restored.abs().max() <= 1


def test_a_size_that_the_depth_does_not_allow_is_refused_with_the_remedy():
    with pytest.raises(
        ValueError, match=r"100×256 pixels: a U-Net of depth 8 needs multiples of 256; pad or resize"
    ):
        UNetGenerator(2)(torch.zeros(1, 3, 100, 256))


@pytest.mark.parametrize(("filters", "depth"), [(0, 8), (4, 1)])
def test_impossible_networks_are_refused(filters, depth):
    with pytest.raises(ValueError, match=f"filters={filters}, depth={depth}"):
        UNetGenerator(filters, depth)


def test_weights_are_drawn_from_a_normal_distribution_of_deviation_0_02():
    torch.manual_seed(0)
    generator = UNetGenerator(16)
    weights = torch.cat(
        [p.flatten() for name, p in generator.named_parameters() if name.endswith("convolution.weight")]
    )
    assert weights.mean().abs() < 1e-4
    assert weights.std().item() == pytest.approx(0.02, rel=0.01)
    biases = [p for name, p in generator.named_parameters() if name.endswith("bias")]
    assert all((bias == 0).all() for bias in biases)


def test_every_parameter_gets_a_gradient():
    generator = UNetGenerator(2)
    generator(torch.rand(2, 3, 256, 256)).square().mean().backward()
    # A bias before batch normalisation has no effect, so its gradient is nearly zero but there.
    assert all(p.grad is not None for p in generator.parameters())
    assert all((p.grad != 0).any() for name, p in generator.named_parameters() if name.endswith("weight"))


def test_only_the_first_three_decoder_levels_drop_features():
    assert [block.dropout.p for block in UNetGenerator(2).decoder] == [0.5, 0.5, 0.5, 0, 0, 0, 0, 0]


def test_image_statistics_normalise_each_image_by_itself():
    torch.manual_seed(0)
    layer = BatchNormalization(3).eval()
    torch.nn.init.normal_(layer.weight)
    features = torch.randn(2, 3, 5, 7) * 4 + 2
    layer.statistics = "image"
    alone = torch.cat(
        [F.batch_norm(one[None], None, None, layer.weight, layer.bias, training=True) for one in features]
    )
    torch.testing.assert_close(layer(features), alone)


def test_running_statistics_are_those_of_training():
    generator = UNetGenerator(2, 3, dropout=0.0)
    images = torch.rand(4, 3, 16, 16)
    generator(images)
    generator.eval()
    running = generator(images)
    for module in generator.modules():
        if isinstance(module, BatchNormalization):
            module.statistics = "image"
    per_image = generator(images)
    assert not torch.allclose(running, per_image, atol=1e-4)
    torch.testing.assert_close(generator(images[:1]), per_image[:1])


@pytest.mark.parametrize("network", [UNetGenerator, PatchDiscriminator])
def test_both_networks_start_from_the_papers_distribution(network):
    torch.manual_seed(0)
    modules = list(network(16).modules())
    convolutions = [module for module in modules if isinstance(module, nn.Conv2d | nn.ConvTranspose2d)]
    norms = [module for module in modules if isinstance(module, nn.BatchNorm2d)]
    weights = torch.cat([module.weight.flatten() for module in convolutions])
    scales = torch.cat([module.weight.flatten() for module in norms])
    assert weights.mean().abs() < 5e-4
    assert weights.std().item() == pytest.approx(0.02, rel=0.02)
    assert scales.mean().item() == pytest.approx(1, abs=0.005)
    assert scales.std().item() == pytest.approx(0.02, rel=0.2)
    assert all((module.bias == 0).all() for module in [*convolutions, *norms])


def test_the_deviation_can_be_chosen_and_other_layers_are_left_alone():
    torch.manual_seed(0)
    linear, convolution = nn.Linear(3, 3), nn.Conv2d(64, 64, 3, bias=False)
    before = linear.weight.clone()
    initialize_normal(nn.Sequential(linear, convolution), standard_deviation=0.5)
    assert torch.equal(linear.weight, before)
    assert convolution.weight.std().item() == pytest.approx(0.5, rel=0.02)
