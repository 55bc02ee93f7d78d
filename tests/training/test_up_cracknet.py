import copy
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F

from upcracknet.errors import WeightsError
from upcracknet.losses.restoration import LossWeights, restoration_loss
from upcracknet.losses.style import RandomFeatures, VGG19Features
from upcracknet.training import up_cracknet
from upcracknet.training.up_cracknet import AdversarialRestoration


@pytest.fixture
def module(configure):
    torch.manual_seed(0)
    return AdversarialRestoration(configure())


@pytest.fixture
def images():
    return torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 0.8 + 0.1


@pytest.fixture
def alone(monkeypatch):
    """Lets a module take steps without a Trainer."""

    def prepare(module, step=0, rank=0, processes=1):
        optimizers, _ = module.configure_optimizers()
        module._trainer = SimpleNamespace(global_step=step, world_size=processes, global_rank=rank)
        monkeypatch.setattr(module, "optimizers", lambda: optimizers)
        monkeypatch.setattr(module, "manual_backward", lambda loss: loss.backward())
        module.record = {}
        monkeypatch.setattr(module, "log_dict", lambda record, **_: module.record.update(record))
        return module

    return prepare


def test_removed_pixels_are_black_and_exactly_half(module, images):
    originals, corrupted = module.corrupted(images, seed=3)
    assert torch.equal(originals, images * 2 - 1)
    removed = corrupted == -1
    assert torch.equal(removed.all(dim=1), removed.any(dim=1)), "all colours of a pixel go together"
    assert removed.float().mean(dim=(1, 2, 3)).tolist() == [0.5] * 4
    assert torch.equal(corrupted[~removed], originals[~removed])


def test_validation_judges_the_network_as_it_detects(module, images, alone):
    module = alone(module)

    def total():
        with torch.no_grad():
            module.eval().validation_step(images, 0)
        return float(module.record["validation/total"])

    before = total()
    for name, average in module.generator.named_buffers():
        if name.endswith("running_mean"):
            average.add_(5)
    assert total() == before, "each image is normalised by its own mean and variance"


def test_masks_depend_on_the_seed_alone(module, images):
    first, again, other = (module.corrupted(images, seed)[1] for seed in (3, 3, 4))
    torch.rand(5)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_each_step_and_each_process_draws_its_own_masks(module, images, alone, monkeypatch):
    seeds = []
    corrupt = module.corrupted
    monkeypatch.setattr(module, "corrupted", lambda images, seed: seeds.append(seed) or corrupt(images, seed))
    for step in (0, 2):  # two optimisers: Lightning counts two steps a batch
        for rank in (0, 1):
            alone(module, step, rank, processes=2).training_step(images, 0)
    assert len(set(seeds)) == 4


def test_a_step_passes_the_generator_once(module, images, alone):
    passes = []
    module.generator.register_forward_hook(lambda *_: passes.append(1))
    alone(module).training_step(images, 0)
    assert len(passes) == 1


def test_a_step_updates_both_networks_as_written_out(module, images, alone):
    """The oracle: the same step spelled out with torch alone, each loss on a graph of its own."""
    before = copy.deepcopy(module)
    torch.manual_seed(5)
    alone(module).training_step(images, 0)

    generator, discriminator = before.generator, before.discriminator
    weights = LossWeights()
    optimizer_g = torch.optim.Adam(generator.parameters(), 1e-4, (0.5, 0.999), fused=True)
    optimizer_d = torch.optim.Adam(discriminator.parameters(), 4e-4, (0.5, 0.999), fused=True)
    originals, corrupted = before.corrupted(images, seed=0)

    torch.manual_seed(5)
    restored = generator(corrupted)
    real, fake = discriminator(corrupted, originals), discriminator(corrupted, restored.detach())
    loss_d = 0.5 * (
        F.binary_cross_entropy_with_logits(real, torch.ones_like(real))
        + F.binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
    )
    gradients_d = torch.autograd.grad(loss_d, list(discriminator.parameters()))
    for parameter, gradient in zip(discriminator.parameters(), gradients_d, strict=True):
        parameter.grad = gradient
    optimizer_d.step()

    judged = discriminator(corrupted, restored)
    adversarial = F.binary_cross_entropy_with_logits(judged, torch.ones_like(judged))
    restoration = restoration_loss((restored + 1) / 2, images, weights, RandomFeatures()).total
    gradients_g = torch.autograd.grad(100 * restoration + adversarial, list(generator.parameters()))
    for parameter, gradient in zip(generator.parameters(), gradients_g, strict=True):
        parameter.grad = gradient
    optimizer_g.step()

    # D's gradients are those of its own loss: G's left no trace in them.
    for parameter, gradient in zip(module.discriminator.parameters(), gradients_d, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)
    for network, expected in ((module.generator, generator), (module.discriminator, discriminator)):
        for parameter, right in zip(network.parameters(), expected.parameters(), strict=True):
            torch.testing.assert_close(parameter, right)
    assert module.record["train/total"].item() == pytest.approx(restoration.item(), rel=1e-5)
    assert module.record["train/adversarial"].item() == pytest.approx(adversarial.item(), rel=1e-5)
    assert module.record["train/discriminator"].item() == pytest.approx(loss_d.item(), rel=1e-5)
    assert set(module.record) == {
        f"train/{name}" for name in ("mae", "ssim", "msgms", "style", "total", "adversarial", "discriminator")
    }


def test_the_adversarial_loss_reaches_the_generator(configure, images, alone):
    torch.manual_seed(0)
    weak = AdversarialRestoration(configure(losses__adversarial="0"))
    strong = copy.deepcopy(weak)
    strong.configuration = configure(losses__adversarial="1000")
    gradients = []
    for module in (weak, strong):
        torch.manual_seed(5)
        alone(module).training_step(images, 0)
        gradients.append(module.generator.decoder[-1].convolution.weight.grad)
    assert not torch.allclose(*gradients)


def test_without_adversarial_loss_the_discriminator_does_nothing(configure, images, alone):
    torch.manual_seed(0)
    module = AdversarialRestoration(configure(losses__adversarial="0"))
    with_discriminator = copy.deepcopy(module)
    with_discriminator.configuration = configure()
    before = copy.deepcopy(module.discriminator.state_dict())
    passes, seeds = [], []
    module.discriminator.register_forward_hook(lambda *_: passes.append(1))
    for taking, step in ((module, 3), (with_discriminator, 6)):  # the fourth batch of both
        corrupt = taking.corrupted
        taking.corrupted = lambda images, seed, corrupt=corrupt: seeds.append(seed) or corrupt(images, seed)
        alone(taking, step).training_step(images, 0)
    assert seeds[0] == seeds[1], "the same masks with and without"
    assert not passes
    assert all(torch.equal(value, before[name]) for name, value in module.discriminator.state_dict().items())
    assert len(module.configure_optimizers()[0]) == 1
    assert set(with_discriminator.record) - set(module.record) == {"train/adversarial", "train/discriminator"}
    assert all(parameter.requires_grad for parameter in module.discriminator.parameters())


def test_validation_is_the_same_each_time_and_trains_nothing(module, images, alone):
    alone(module).eval()
    before = copy.deepcopy(module.state_dict())
    with torch.no_grad():
        module.validation_step(images, 0)
        first = dict(module.record)
        torch.rand(3)
        module.validation_step(images, 0)
    assert module.record == first
    assert set(first) == {f"validation/{name}" for name in ("mae", "ssim", "msgms", "style", "total")}
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_a_picture_is_the_same_each_time(module, images):
    with torch.no_grad():
        _, corrupted, restored = module.eval().pictures(images)
        again = module.pictures(images)[2]
    assert torch.equal(restored, again)
    assert corrupted.min() == 0
    assert 0 <= restored.min() <= restored.max() <= 1


def test_learning_rates_decay_by_the_factor(module, monkeypatch):
    optimizers, schedulers = module.configure_optimizers()
    assert [optimizer.defaults["betas"] for optimizer in optimizers] == [(0.5, 0.999)] * 2
    monkeypatch.setattr(module, "lr_schedulers", lambda: schedulers)
    for _ in range(3):
        for optimizer in optimizers:
            optimizer.step()
        module.on_train_epoch_end()
    rates = [optimizer.param_groups[0]["lr"] for optimizer in optimizers]
    assert rates == pytest.approx([1e-4 * 0.99**3, 4e-4 * 0.99**3])


def test_the_record_says_which_features_were_used(configure, module):
    assert module.facts()["style_features"] == "random-filters-seed0"
    assert module.weights_record({"seed": 7}).provenance == {"seed": 7, "method": "UP-CrackNet"}
    without = AdversarialRestoration(configure(losses__style="0"))
    assert without.features is None
    assert without.facts()["style_features"] == "none"
    record = without.weights_record({})
    assert record.configuration == {"filters": 4, "depth": 5}
    assert record.detection == {"input_size": 64}


@pytest.fixture
def vgg19():
    """VGG-19 with made weights: all zeros, which take no time to draw."""
    widths = {0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128), 10: (128, 256), 19: (256, 512)}
    widths |= dict.fromkeys((12, 14, 16), (256, 256)) | dict.fromkeys((21, 23, 25, 28, 30), (512, 512))
    state = {}
    for layer, (before, after) in widths.items():
        state[f"features.{layer}.weight"] = torch.zeros(after, before, 3, 3)
        state[f"features.{layer}.bias"] = torch.zeros(after)
    return VGG19Features(state)


@pytest.mark.parametrize(("given", "expected"), [("null", (None, True)), ("vgg.pth", ("vgg.pth", False))])
def test_vgg19_is_downloaded_unless_a_file_is_given(configure, monkeypatch, vgg19, given, expected):
    calls = []
    monkeypatch.setattr(
        up_cracknet,
        "load_vgg19",
        lambda path=None, download=False: calls.append((path, download)) or vgg19,
    )
    module = AdversarialRestoration(configure(style_features="vgg19", vgg19_weights=given))
    assert calls == [expected]
    assert module.facts()["style_features"] == "vgg19-imagenet"


def test_checkpoints_leave_vgg19_out_and_find_it_again(configure, monkeypatch, vgg19):
    monkeypatch.setattr(up_cracknet, "load_vgg19", lambda *_, **__: vgg19)
    module = AdversarialRestoration(configure(style_features="vgg19"))
    assert next(module.features.parameters()).device == module.device, "it moves with the module"
    checkpoint = {"state_dict": module.state_dict()}
    module.on_save_checkpoint(checkpoint)
    assert {name.split(".")[0] for name in checkpoint["state_dict"]} == {"generator", "discriminator"}
    module.on_load_checkpoint(checkpoint)
    module.load_state_dict(checkpoint["state_dict"])  # strict


def test_vgg19_that_is_not_there_is_one_clear_error(configure, tmp_path, monkeypatch):
    path = tmp_path / "none.pth"
    with pytest.raises(WeightsError, match=r"no VGG-19 weights at .*none\.pth; allow the download"):
        AdversarialRestoration(configure(style_features="vgg19", vgg19_weights=str(path)))

    def offline(*_, **__):
        raise OSError("Name or service not known")

    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(WeightsError, match=r"could not fetch .*Name or service not known; put the file at"):
        AdversarialRestoration(configure(style_features="vgg19"))
