"""Every method that can be trained: two steps, saved, loaded, and a photo scored."""

import shutil

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from upcracknet import CrackDetector
from upcracknet.detection.systems import SUPERVISED, SYSTEMS, TRAINABLE, imported
from upcracknet.errors import ConfigurationError, WeightsError
from upcracknet.training.configuration import load_configuration
from upcracknet.training.recipe import train
from upcracknet.training.supervised import SupervisedSegmentation
from upcracknet.weights import load_weights

WITHOUT_BACKBONE = ("enet", "unet", "bisenetv2", "ddrnet")

SMALL = {
    "up-cracknet": {
        "networks.generator_filters": "4",
        "networks.generator_depth": "5",
        "networks.discriminator_filters": "4",
    },
    "crack-remover": {
        "widths": "[4, 6, 8]",
        "pyramid": "2",
        "painting.synthetic": "0",
        "data.validation_patches": "2",
    },
    "riad": {"widths": "[4, 4, 6, 6, 8]"},
    "scadn": {"filters": "4"},
    "upernet": {"options": "{backbone: resnet50}"},
    "deeplabv3plus": {"options": "{backbone: resnet50}"},
}


@pytest.fixture(scope="module")
def annotated(tmp_path_factory):
    """Six small photos with a dark line each, and their masks."""
    folder, random = tmp_path_factory.mktemp("annotated"), np.random.default_rng(0)
    for part in ("images", "masks"):
        (folder / part).mkdir()
    for number in range(6):
        photo = random.normal(150, 12, (80, 96, 3)).clip(0, 255).astype(np.uint8)
        mask = np.zeros((80, 96), np.uint8)
        mask[30:34], photo[30:34] = 255, 30
        cv2.imwrite(str(folder / "images" / f"{number}.png"), photo)
        cv2.imwrite(str(folder / "masks" / f"{number}.png"), mask)
    return folder


def configuration(method, photos):
    tiny = {
        "method": method,
        "data.photos": f"[{photos}]" if method == "crack-remover" else str(photos),
        "data.size": "64",
        "data.validation_share": "0.34",
        "data.patches_per_epoch": "4",
        "batch_size": "2",
        "epochs": "1",
        "sample_every": "1",
        "workers": "0",
        "precision": "32",
    }
    if method not in SUPERVISED:
        tiny["data.window_sizes"] = "[48, 64]"
    return load_configuration(None, tiny | SMALL.get(method, {}))


@pytest.mark.parametrize("method", TRAINABLE)
def test_two_steps_saved_loaded_and_scored(method, crack_free, annotated, tmp_path):
    photos = annotated if method in SUPERVISED else crack_free
    folder = tmp_path / "run"
    try:
        weights = train(configuration(method, photos), folder, device="cpu", progress=False)
        assert weights.parent == folder
        detector = CrackDetector.from_pretrained(folder)
        crack_map = detector.detect(annotated / "images" / "0.png")
        assert crack_map.score.shape == (80, 96)
        assert np.isfinite(crack_map.score).all()
        assert crack_map.score.min() >= 0
        assert crack_map.score.max() <= 1
        assert list((folder / "samples").iterdir())
    finally:
        shutil.rmtree(folder)  # some are large


def test_scadn_knows_the_usual_errors(crack_free, tmp_path):
    weights = train(configuration("scadn", crack_free), tmp_path / "run", device="cpu", progress=False)
    usual = load_weights(weights)[1].detection["usual_errors"]
    assert len(usual) == 3
    assert min(usual) > 0


def test_options_that_a_network_does_not_take(annotated, tmp_path):
    wrong = load_configuration(
        None, {"method": "enet", "data.photos": str(annotated), "options": "{depth: 3}"}
    )
    with pytest.raises(ConfigurationError, match=r"`options` of enet: .*depth"):
        train(wrong, tmp_path / "run", progress=False)


def test_weights_for_a_network_without_backbone(annotated, tmp_path):
    wrong = load_configuration(
        None, {"method": "enet", "data.photos": str(annotated), "backbone_weights": "r.pth"}
    )
    with pytest.raises(ConfigurationError, match="enet has no backbone"):
        train(wrong, tmp_path / "run", progress=False)


def test_a_name_alone_is_no_trained_model():
    with pytest.raises(WeightsError, match="train it with `upcracknet train unet -o runs/unet`"):
        CrackDetector.from_pretrained("unet")


def test_classical_methods_run_at_once(photo):
    crack_map = CrackDetector.from_pretrained("local-contrast").detect(photo)
    assert crack_map.mask[49:51].mean() > 0.9
    with pytest.raises(ConfigurationError, match="has no preset 'paper'; leave --preset out"):
        CrackDetector.from_pretrained("local-contrast", preset="paper")


def test_impossible_values_of_a_supervised_network_are_named_at_once():
    with pytest.raises(ConfigurationError) as error:
        load_configuration(
            None,
            {"method": "lawin", "data.size": "100", "optimizer.momentum": "1", "batch_size": "0"},
        )
    for part in ("`optimizer.momentum`", "`batch_size`"):
        assert part in str(error.value)
    with pytest.raises(ConfigurationError, match=r"`data.size` 100 must be a multiple of 64"):
        load_configuration(None, {"method": "lawin", "data.size": "100"})
    with pytest.raises(ConfigurationError, match="`batch_size` must be ≥ 2 for pspnet"):
        load_configuration(None, {"method": "pspnet", "batch_size": "1"})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kind": "adam", "momentum": "0.5"}, "`optimizer.momentum` is for `optimizer.kind` sgd alone"),
        (
            {"schedule": "step", "polynomial_power": "0"},
            "`optimizer.polynomial_power` is for `optimizer.schedule` polynomial alone",
        ),
        ({"step_epochs": "2"}, "`optimizer.step_epochs` is for `optimizer.schedule` step alone"),
        ({"step_factor": "0.5"}, "`optimizer.step_factor` is for `optimizer.schedule` step alone"),
    ],
)
def test_settings_of_another_optimiser_are_refused(settings, said):
    """They would change nothing, and the run's record would say otherwise."""
    with pytest.raises(ConfigurationError) as error:
        load_configuration(
            None, {"method": "enet", **{f"optimizer.{key}": settings[key] for key in settings}}
        )
    assert said in str(error.value)


def test_a_learning_rate_that_falls_in_steps():
    settings = {"optimizer.schedule": "step", "optimizer.step_epochs": "2", "optimizer.step_factor": "0.5"}
    method = SupervisedSegmentation(load_configuration(None, settings | {"method": "enet"}))
    (optimizer,), (schedule,) = method.configure_optimizers()
    rates = []
    for _ in range(5):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert rates == pytest.approx([0.01, 0.01, 0.005, 0.005, 0.0025])


def test_a_backbone_starts_from_the_weights_of_a_file(tmp_path):
    torch.manual_seed(0)
    file = tmp_path / "vgg16_bn.safetensors"
    published = imported(SYSTEMS["segnet"].network)().backbone.state_dict()
    save_file(published | {"classifier.0.weight": torch.zeros(2, 2)}, file)
    wanted = load_configuration(None, {"method": "segnet", "backbone_weights": str(file)})
    loaded = SupervisedSegmentation(wanted).network.backbone.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in published.items())


@pytest.mark.parametrize("name", SUPERVISED)
def test_backbones_go_by_one_name(name):
    with torch.device("meta"):
        assert hasattr(imported(SYSTEMS[name].network)(), "backbone") == (name not in WITHOUT_BACKBONE)
