from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from upcracknet.errors import ConfigurationError
from upcracknet.training.configuration import TrainingConfiguration, dump_configuration, load_configuration

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))


def write(folder: Path, text: str) -> Path:
    path = folder / "run.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_defaults_are_the_papers():
    configuration = load_configuration(None)
    assert configuration == TrainingConfiguration()
    assert (configuration.networks.generator_filters, configuration.networks.generator_depth) == (64, 8)
    rates = configuration.optimizer
    assert (rates.generator_learning_rate, rates.discriminator_learning_rate) == (1e-4, 4e-4)
    assert rates.betas == (0.5, 0.999)
    losses = asdict(configuration.losses)
    assert [losses[name] for name in ("mae", "ssim", "msgms", "style")] == [1, 1, 1, 10]
    assert (losses["restoration"], losses["adversarial"]) == (100, 1)
    assert (configuration.epochs, configuration.patience, configuration.data.size) == (200, 20, 256)


def test_there_are_published_configurations():
    assert {"paper", "authors"} <= {path.stem for path in CONFIGS}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_published_configuration_loads(path):
    photos = load_configuration(path).data.photos
    assert photos == () if path.stem in ("own-road", "corrected") else "deepcrack" in photos


def test_the_two_published_optimisations():
    paper, authors = (load_configuration(CONFIGS[0].with_stem(name)) for name in ("paper", "authors"))
    assert (paper.optimizer.generator_learning_rate, paper.epochs, paper.patience) == (1e-4, 200, 20)
    assert authors.optimizer.generator_learning_rate == 1e-3
    assert authors.optimizer.discriminator_learning_rate == 4e-3
    assert authors.optimizer.decay == 0.99
    assert (paper.losses.form, authors.losses.form) == ("paper", "code")


def test_the_recipes_of_two_supervised_networks_authors():
    first, second = (load_configuration(CONFIGS[0].with_stem(f"deepcrack{year}")) for year in (18, 19))
    assert first.options == {"form": "code"}
    assert (first.epochs, first.patience, first.optimizer.polynomial_power) == (500, 500, 0)
    assert (second.optimizer.schedule, second.optimizer.step_epochs) == ("step", 40)


def test_a_file_changes_what_it_names(tmp_path):
    path = write(tmp_path, "epochs: 3\nnetworks:\n  generator_filters: 8\noptimizer:\n  betas: [0.9, 0.99]\n")
    configuration = load_configuration(path)
    assert (configuration.epochs, configuration.networks.generator_filters) == (3, 8)
    assert configuration.optimizer.betas == (0.9, 0.99)
    assert configuration.networks.generator_depth == 8
    assert configuration.batch_size == 8


def test_an_empty_file_is_the_defaults(tmp_path):
    assert load_configuration(write(tmp_path, "# nothing\n")) == TrainingConfiguration()


def test_overrides_win_over_the_file(tmp_path):
    path = write(tmp_path, "epochs: 3\ndata:\n  size: 512\n")
    overrides = {
        "epochs": "7",
        "data.window_sizes": "[64, 128]",
        "optimizer.decay": "1e-1",
        "precision": "32",
    }
    configuration = load_configuration(path, overrides)
    assert (configuration.epochs, configuration.data.size) == (7, 512)
    assert configuration.data.window_sizes == (64, 128)
    assert configuration.optimizer.decay == 0.1
    assert configuration.precision == "32"


@pytest.mark.parametrize(
    "overrides",
    [
        {},
        {"data.patches_per_epoch": "5", "vgg19_weights": "vgg.pth", "losses.style": "0", "precision": "bf16"},
    ],
)
def test_what_is_written_reads_back(tmp_path, overrides):
    configuration = load_configuration(None, overrides)
    text = dump_configuration(configuration)
    assert load_configuration(write(tmp_path, text)) == configuration
    assert set(yaml.safe_load(text)) == set(asdict(configuration)), "every key is written, defaults too"


def test_all_mistakes_are_named_at_once(tmp_path):
    path = write(
        tmp_path,
        "epoch: 3\nbatch_size: many\nlosses:\n  mae: -1\n  mse: 2\ndata: 17\n"
        "networks:\n  filters: 8\n  generator_depth: true\nprecision: fp8\n",
    )
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(path, {"optimizer.decay": "fast", "seed": "[", "epochs.first": "1"})
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    for mistake in (
        "unknown key `epoch` (known here: batch_size,",
        "`batch_size`: expected a whole number ≥ 1, found 'many'",
        "loss weights {'mae': -1.0} are not usable",
        "unknown key `losses.mse`",
        "`data` is a section of keys, found 17",
        "unknown key `networks.filters`",
        "`networks.generator_depth`: expected a whole number ≥ 2, found True",
        "`precision`: expected one of auto, bf16, 32, found 'fp8'",
        "`optimizer.decay`: expected a number in (0, 1], found 'fast'",
        "`seed`: '[' cannot be read as YAML",
    ):
        assert mistake in message, mistake


def test_an_override_below_a_value():
    with pytest.raises(ConfigurationError, match=r"`epochs\.first`: `epochs` is a value, not a section"):
        load_configuration(None, {"epochs": "3", "epochs.first": "1"})


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("epochs", "2.5", "a whole number"),
        ("epochs", "null", "a whole number"),
        ("data.photos", "2024", "a text"),
        ("data.window_sizes", "64", "a list of whole numbers"),
        ("data.window_sizes", "[64, x]", "a list of whole numbers"),
        ("optimizer.betas", "[0.5]", "a list of 2 numbers in [0, 1)"),
        ("optimizer.decay", "true", "a number"),
        ("vgg19_weights", "[a]", "a text or null"),
        ("data.patches_per_epoch", "a", "a whole number ≥ 1 or null"),
    ],
)
def test_values_of_the_wrong_kind(key, text, expected):
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(None, {key: text})
    assert f"`{key}`: expected {expected}" in str(caught.value)


@pytest.mark.parametrize(
    ("key", "text", "complaint"),
    [
        ("data.size", "100", "`data.size` 100 must be a multiple of 256, as this network wants it"),
        ("data.size", "0", "`data.size`: expected a whole number ≥ 32, found 0"),
        ("data.window_sizes", "[]", "`data.window_sizes` must hold at least one size"),
        ("data.window_sizes", "[4, 64]", "`data.window_sizes`: expected a list of whole numbers ≥ 8, found"),
        ("data.margin", "-1", "`data.margin`: expected a whole number ≥ 0"),
        ("data.patches_per_epoch", "0", "`data.patches_per_epoch`: expected a whole number ≥ 1 or null"),
        ("data.validation_share", "0", "`data.validation_share`: expected a number between 0 and 1"),
        ("data.validation_share", "1", "`data.validation_share`: expected a number between 0 and 1"),
        ("networks.generator_depth", "1", "`networks.generator_depth`: expected a whole number ≥ 2"),
        ("networks.generator_depth", "-3", "`networks.generator_depth`: expected a whole number ≥ 2"),
        ("networks.discriminator_filters", "0", "`networks.discriminator_filters`: expected a whole number"),
        ("optimizer.generator_learning_rate", "0", "expected a number above 0"),
        ("optimizer.discriminator_learning_rate", ".nan", "expected a number above 0"),
        ("optimizer.generator_learning_rate", ".inf", "expected a number above 0"),
        ("optimizer.decay", "1.1", "`optimizer.decay`: expected a number in (0, 1]"),
        ("optimizer.decay", ".nan", "`optimizer.decay`: expected a number in (0, 1]"),
        ("optimizer.betas", "[0.5, 1]", "`optimizer.betas`: expected a list of 2 numbers in [0, 1)"),
        ("losses.style", ".inf", "`losses.style`: expected a number, found inf"),
        ("losses.style", "-1", "loss weights {'style': -1.0} are not usable"),
        ("losses.restoration", "0", "nothing to restore by"),
        ("batch_size", "0", "`batch_size`: expected a whole number ≥ 1"),
        ("epochs", "0", "`epochs`: expected a whole number ≥ 1"),
        ("patience", "0", "`patience`: expected a whole number ≥ 1"),
        ("sample_every", "0", "`sample_every`: expected a whole number ≥ 1"),
        ("workers", "-1", "`workers`: expected a whole number ≥ 0"),
        ("seed", "-1", "`seed`: expected a whole number from 0 to 4294967295"),
        ("seed", "4294967296", "`seed`: expected a whole number from 0 to 4294967295"),
    ],
)
def test_impossible_values(key, text, complaint):
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(None, {key: text})
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"epochs: [1\n", "cannot be read as YAML"),
        (b"epochs: \xff\n", "cannot be read as YAML"),
        (b"epochs: 1\nepochs: 2\n", "`epochs` stands twice; keep one of them"),
        (b"data: {size: 64, size: 128}\n", "`size` stands twice"),
        (b"- 1\n- 2\n", "expected `key: value` lines, found a list"),
        (b"!!python/object/apply:os.getcwd []\n", "cannot be read as YAML"),
    ],
)
def test_files_that_are_no_configuration(tmp_path, content, complaint):
    path = tmp_path / "run.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(path)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(ConfigurationError, match=r"none\.yaml: cannot be read as YAML \(No such file"):
        load_configuration(tmp_path / "none.yaml")


BOMB = "a: &a [x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 8)}]\n"
    for before, name in zip("abcdefghij", "bcdefghijk", strict=True)
)
HOSTILE = [
    *(BOMB, "epochs: &a [*a]", "[" * 5000, "epochs: 2024-13-45", "? [a]\n: 1", "epochs: !!int x", "\0"),
    *("epochs: !!python/name:os.system", "epochs: " + "1" * 5000, "epochs: 0x" + "f" * 500, "seed: .nan"),
    *("epochs: 0x" + "f" * 9000, "0x" + "f" * 9000 + ": 1", "networks: {generator_depth: 2147483648}"),
    "\n".join(f"{'ä' * 300}{number}: 1" for number in range(900)),
    *("optimizer: {decay: 1e999}", "epochs: [" + "1," * 9000 + "1]"),
]


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_yaml_ends_in_one_short_line(tmp_path, content):
    path = tmp_path / "c.yaml"
    for text in (content.encode(), content.encode("utf-16"), b"\xff" + content.encode()):
        path.write_bytes(text)
        with pytest.raises(ConfigurationError) as caught:
            load_configuration(path)
        assert len(str(caught.value)) < 1500
        assert "\n" not in str(caught.value)
