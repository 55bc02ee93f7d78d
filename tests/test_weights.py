import pickle
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from upcracknet import CrackDetector
from upcracknet.errors import OutputError, WeightsError
from upcracknet.networks import UNetGenerator
from upcracknet.weights import WeightsRecord, filled, load_state, load_weights, save_weights

RECORD = WeightsRecord("UNetGenerator", {"filters": 2, "depth": 3}, {"input_size": 64}, {"data": "made up"})


@pytest.fixture
def generator():
    return UNetGenerator(2, 3)


def test_weights_come_back_with_their_record(tmp_path, generator):
    written = save_weights(tmp_path / "g.safetensors", generator.state_dict(), RECORD)
    tensors, record = load_weights(tmp_path / "g.safetensors")
    assert record == written
    assert len(record.sha256) == 64
    other = UNetGenerator(2, 3)
    load_state(other, tensors, tmp_path / "g.safetensors")
    images = torch.rand(1, 3, 16, 16)
    assert torch.equal(other.eval()(images), generator.eval()(images))


def test_others_may_read_the_weights_as_any_file(tmp_path, generator):
    (tmp_path / "plain").touch()
    save_weights(tmp_path / "g.safetensors", generator.state_dict(), RECORD)
    assert (tmp_path / "g.safetensors").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_half_precision_takes_half_the_space_and_loads_in_full(tmp_path, generator):
    big, small = UNetGenerator(8, 4), tmp_path / "half.safetensors"
    save_weights(tmp_path / "full.safetensors", big.state_dict(), RECORD)
    save_weights(small, big.state_dict(), RECORD, half_precision=True)
    assert small.stat().st_size < 0.6 * (tmp_path / "full.safetensors").stat().st_size
    tensors, _ = load_weights(small)
    for name, value in big.state_dict().items():
        torch.testing.assert_close(tensors[name], value, rtol=1e-3, atol=1e-6)


def test_half_precision_keeps_what_is_too_large_for_it(tmp_path):
    tensors = UNetGenerator(8, 4).state_dict()
    large = next(name for name in tensors if name.endswith("running_var"))
    tensors[large] = tensors[large] + 114_500.6
    save_weights(tmp_path / "half.safetensors", tensors, RECORD, half_precision=True)
    loaded, _ = load_weights(tmp_path / "half.safetensors")
    assert torch.equal(loaded[large], tensors[large])
    others = [name for name in tensors if name != large and tensors[name].is_floating_point()]
    assert all(torch.equal(loaded[name], tensors[name].half().float()) for name in others)


def test_a_changed_weight_is_noticed(tmp_path, generator):
    path = tmp_path / "g.safetensors"
    save_weights(path, generator.state_dict(), RECORD)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="checksum"):
        load_weights(path)


def test_a_truncated_file_is_corrupt(tmp_path, generator):
    path = tmp_path / "g.safetensors"
    save_weights(path, generator.state_dict(), RECORD)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(WeightsError, match="corrupt"):
        load_weights(path)


def test_pickles_are_refused_unopened(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("the pickle was opened",))

    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Bomb()))
    torch.save({"weight": torch.zeros(2)}, tmp_path / "zip.pt")
    for name in ("plain.pt", "zip.pt"):
        with pytest.raises(WeightsError, match="this is a pickle"):
            load_weights(tmp_path / name)


def test_weights_of_another_program_are_refused(tmp_path):
    save_file({"weight": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="format None, expected 'upcracknet-1'"):
        load_weights(tmp_path / "other.safetensors")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(WeightsError, match=r"nowhere\.safetensors: no such weights file"):
        load_weights(tmp_path / "nowhere.safetensors")


def test_another_architecture_is_explained_in_one_line(tmp_path, generator):
    with pytest.raises(WeightsError) as caught:
        load_state(UNetGenerator(4, 3), generator.state_dict(), tmp_path / "g.safetensors")
    assert "another architecture than UNetGenerator" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unwritable_folder_is_an_output_error(tmp_path, generator):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OutputError, match="cannot write"):
        save_weights(tmp_path / "file" / "g.safetensors", generator.state_dict(), RECORD)


def rewritten(path, **changes):
    """The weights in a file with other metadata."""
    with safe_open(str(path), framework="pt") as file:
        metadata, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    save_file(tensors, path, metadata | changes)


ODD = ["", "null", "[]", "3", '"text"', "{", "[" * 100_000, "1" * 10_000, '{"a": ' * 5000, "{}" * 9]


@pytest.mark.usefixtures("unchecked")
class TestChangedMetadata:
    @pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
    @pytest.mark.parametrize("key", ["configuration", "detection", "provenance"])
    def test_what_is_no_record_is_one_short_line(self, tmp_path, generator, key, text):
        path = tmp_path / "g.safetensors"
        save_weights(path, generator.state_dict(), RECORD)
        rewritten(path, **{key: text})
        with pytest.raises(WeightsError, match="metadata") as caught:
            load_weights(path)
        assert len(str(caught.value)) < 300 + len(str(path))
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        ("key", "text"),
        [
            ("configuration", '{"filters": 1000000000, "depth": 3}'),
            ("configuration", '{"filters": 2, "depth": 1000000}'),
            ("configuration", '{"filters": NaN, "depth": 3}'),
            ("configuration", f'{{"filters": {[1] * 1_000_000}}}'),
            ("detection", '{"input_size": 1000000000}'),
            ("detection", '{"scales": [1e9]}'),
            ("detection", '{"level": Infinity}'),
            ("detection", '{"level": ' + "9" * 400 + "}"),
            ("provenance", '{"images_seen": "many"}'),
            ("provenance", '{"images_seen": 1e999}'),
            ("provenance", '{"initial_weights": 3}'),
        ],
    )
    def test_settings_that_cannot_be_are_refused(self, tmp_path, generator, key, text):
        path = tmp_path / "g.safetensors"
        save_weights(path, generator.state_dict(), RECORD)
        rewritten(path, **{key: text})
        with pytest.raises(WeightsError, match="metadata"):
            load_weights(path)

    @pytest.mark.parametrize(
        "configuration",
        [
            *({"filters": "2"}, {"filters": [2]}, {"filters": None}, {"filters": -1}, {"filters": 2.5}),
            *({"depth": 1}, {"depth": {}}, {"filters": 16, "depth": 16}, {"dropout": -3}, {"wings": 2}, {}),
        ],
    )
    def test_a_model_of_them_is_an_error_too(self, tmp_path, generator, configuration):
        path = tmp_path / "g.safetensors"
        save_weights(path, generator.state_dict(), replace(RECORD, configuration=configuration))
        with pytest.raises(WeightsError) as caught:
            CrackDetector.from_pretrained(path)
        assert "\n" not in str(caught.value)

    def test_the_architecture_can_be_any_text(self, tmp_path, generator):
        path = tmp_path / "g.safetensors"
        save_weights(path, generator.state_dict(), replace(RECORD, architecture="x" * 100_000))
        with pytest.raises(WeightsError):
            CrackDetector.from_pretrained(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(tmp_path, generator, value):
    path = tmp_path / "g.safetensors"
    with torch.no_grad():
        generator.encoder[1].convolution.weight[0, 0, 0, 0] = value
    save_weights(path, generator.state_dict(), RECORD)
    with pytest.raises(WeightsError, match="not finite"):
        load_weights(path)


def test_a_network_is_built_of_its_weights_alone(tmp_path, generator):
    """Without memory of its own before they fit, and the same as a network that is filled."""
    built = filled(lambda: UNetGenerator(2, 3), generator.state_dict(), tmp_path / "g.safetensors")
    images = torch.rand(1, 3, 16, 16)
    assert torch.equal(built.eval()(images), generator.eval()(images))
    assert all(parameter.requires_grad for parameter in built.parameters())
    with pytest.raises(WeightsError, match="of another shape"):
        filled(lambda: UNetGenerator(100_000, 3), generator.state_dict(), tmp_path / "g.safetensors")
