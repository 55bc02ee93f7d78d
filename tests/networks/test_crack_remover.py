import pytest
import torch

from upcracknet.networks import CrackRemover


@pytest.fixture
def network() -> CrackRemover:
    torch.manual_seed(0)
    return CrackRemover((4, 6, 8))


def test_shapes_and_ranges_at_sizes_that_are_not_square(network):
    removal = network(torch.rand(2, 3, 24, 40))
    assert removal.restored.shape == (2, 3, 24, 40)
    assert removal.logits.shape == (2, 24, 40)
    assert 0 <= removal.restored.min() <= removal.restored.max() <= 1


def test_an_untrained_network_leaves_the_road_nearly_as_it_is_and_marks_little(network):
    images = torch.rand(2, 3, 32, 32)
    removal = network(images)
    assert (removal.restored - images).abs().mean() < 0.05
    assert (removal.logits < 0).float().mean() > 0.9


def test_every_parameter_learns(network):
    removal = network(torch.rand(2, 3, 32, 32))
    (removal.restored.square().mean() + removal.logits.square().mean()).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_what_is_added_reaches_the_decision_on_the_crack(network):
    """The mask is fed with the restorer's error: its gradient passes through what is added to the photo."""
    network(torch.rand(1, 3, 32, 32)).logits.sum().backward()
    added = network.detail.weight.grad[: 3 * 4]
    assert added.abs().sum() > 0


def test_it_overfits_two_images():
    torch.manual_seed(0)
    network = CrackRemover((8, 12, 16))
    images = torch.rand(2, 3, 32, 32) * 0.2 + 0.6
    crack = torch.zeros(2, 32, 32)
    crack[0, 14:17, :] = crack[1, :, 7:9] = 1
    damaged = images * (1 - 0.7 * crack[:, None])
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    for _ in range(120):
        removal = network(damaged)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(removal.logits, crack)
        loss = loss + (removal.restored - images).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    removal = network(damaged)
    assert ((removal.logits > 0) == (crack > 0)).float().mean() > 0.995
    inside = crack[:, None].expand_as(images) > 0
    before, after = (damaged - images).abs()[inside].mean(), (removal.restored - images).abs()[inside].mean()
    assert after < 0.3 * before


def test_impossible_inputs_say_what_is_needed(network):
    with pytest.raises(ValueError, match="multiples of 8; pad the image"):
        network(torch.rand(1, 3, 20, 32))
    with pytest.raises(ValueError, match="at least two widths"):
        CrackRemover((8,))
    with pytest.raises(ValueError, match="at least one channel"):
        CrackRemover((8, 8), refinement_channels=0)


def test_the_layer_at_full_resolution_can_be_narrower():
    narrow, usual = CrackRemover((4, 6), refinement_channels=4), CrackRemover((4, 6))
    weights = [sum(p.numel() for p in network.parameters()) for network in (narrow, usual)]
    assert weights[1] - weights[0] == (16 - 4) * (9 * 15 + 1 + 1)  # 3×3 kernels, bias, last layer
    assert narrow(torch.rand(1, 3, 8, 8)).logits.shape == (1, 8, 8)


def test_a_pyramid_begins_as_the_network_that_looks_at_the_photo_alone():
    torch.manual_seed(0)
    flat = CrackRemover((4, 6, 8)).eval()
    pyramid = CrackRemover((4, 6, 8), pyramid=3).eval()
    lacking = pyramid.load_state_dict(flat.state_dict(), strict=False)
    assert lacking.missing_keys == ["coarser.weight", "coarser.bias"]
    images = torch.rand(2, 3, 48, 32)
    torch.testing.assert_close(pyramid(images).logits, flat(images).logits)
    # Its other levels are what it says of the photo made smaller, as long as nothing is learned.
    torch.testing.assert_close(
        pyramid.levels(images)[1].logits, flat(torch.nn.functional.avg_pool2d(images, 2)).logits
    )


def test_each_level_learns_from_the_coarser_ones(network):
    torch.manual_seed(0)
    pyramid = CrackRemover((4, 6, 8), pyramid=4).eval()
    torch.nn.init.normal_(pyramid.coarser.weight)
    images = torch.rand(1, 3, 128, 128, requires_grad=True)
    levels = pyramid.levels(images)
    assert [level.logits.shape[-1] for level in levels] == [128, 64, 32, 16]
    assert [level.restored.shape[-1] for level in levels] == [128, 64, 32, 16]
    pyramid(images).logits[0, 5, 5].backward()
    reach = images.grad.abs().sum(dim=(0, 1)).nonzero().max()
    images.grad = None
    network.eval()(images).logits[0, 5, 5].backward()
    assert reach > 2 * images.grad.abs().sum(dim=(0, 1)).nonzero().max()


def test_the_averages_are_those_of_the_photo_alone():
    torch.manual_seed(0)
    flat, pyramid = CrackRemover((4, 6, 8)), CrackRemover((4, 6, 8), pyramid=3)
    pyramid.load_state_dict(flat.state_dict(), strict=False)
    images = torch.rand(2, 3, 32, 32)
    sum(level.logits.sum() for level in pyramid.levels(images)).backward()
    flat(images)
    for name, average in flat.named_buffers():
        torch.testing.assert_close(dict(pyramid.named_buffers())[name], average)


def test_a_pyramid_takes_sizes_that_its_coarse_levels_cannot_halve():
    pyramid = CrackRemover((4, 6, 8, 8), pyramid=4).eval()
    assert pyramid.size_multiple == 32
    assert [level.logits.shape for level in pyramid.levels(torch.rand(1, 3, 32, 96))] == [
        (1, 32, 96),
        (1, 16, 48),
        (1, 8, 24),
        (1, 4, 12),
    ]
    with pytest.raises(ValueError, match="4 layers and 4 levels need multiples of 32"):
        pyramid(torch.rand(1, 3, 16, 32))
    with pytest.raises(ValueError, match="at least one level"):
        CrackRemover((8, 8), pyramid=0)
