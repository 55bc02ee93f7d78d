import pytest
import torch

from upcracknet.baselines.supervised.resnet import ResNet


def on_meta(*arguments, **options) -> ResNet:
    with torch.device("meta"):
        return ResNet(*arguments, **options)


# torchvision's counts without the fully connected layer of 2048 × 1000 weights and 1000 biases.
@pytest.mark.parametrize(("name", "parameters"), [("resnet50", 25_557_032), ("resnet101", 44_549_160)])
def test_parameters(name, parameters):
    assert sum(value.numel() for value in on_meta(name).parameters()) == parameters - 2_049_000


def test_names_and_shapes_are_those_of_torchvision():
    state = {name: tuple(value.shape) for name, value in on_meta().state_dict().items()}
    assert len(state) == 318  # torchvision's 320 without the classifier's two
    assert state["conv1.weight"] == (64, 3, 7, 7)
    assert state["bn1.running_var"] == (64,)
    assert state["layer1.0.downsample.0.weight"] == (256, 64, 1, 1)
    assert state["layer1.0.downsample.1.num_batches_tracked"] == ()
    assert state["layer3.5.conv2.weight"] == (256, 256, 3, 3)
    assert state["layer4.2.bn3.weight"] == (2048,)
    assert "layer2.1.downsample.0.weight" not in state


@pytest.mark.parametrize(
    ("output_stride", "strides"), [(8, (4, 8, 8, 8)), (16, (4, 8, 16, 16)), (32, (4, 8, 16, 32))]
)
@pytest.mark.parametrize("deep_stem", [False, True])
def test_dilation_replaces_stride(output_stride, strides, deep_stem):
    network = on_meta("resnet50", output_stride, deep_stem=deep_stem)
    stages = network(torch.zeros(1, 3, 64, 96, device="meta"))
    assert [stage.shape[1] for stage in stages] == list(network.channels) == [256, 512, 1024, 2048]
    assert [stage.shape[2:] for stage in stages] == [(64 // stride, 96 // stride) for stride in strides]
    dilation = 32 // output_stride
    assert {block.conv2.dilation for block in network.layer4} == {(dilation, dilation)}
