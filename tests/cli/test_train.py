import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from tests.cli.printed import error_line

from upcracknet import CrackDetector
from upcracknet.cli.console import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE
from upcracknet.cli.main import run
from upcracknet.data.photo import save_image_atomically
from upcracknet.weights import load_weights

TINY = (
    "data.size=64",
    "data.window_sizes=[48, 64]",
    "data.validation_share=0.34",
    "networks.generator_filters=4",
    "data.patches_per_epoch=4",
    "networks.generator_depth=5",
    "networks.discriminator_filters=4",
    "batch_size=2",
    "epochs=1",
    "workers=0",
    "precision=32",
)


@pytest.fixture
def crack_free(tmp_path) -> Path:
    """Six small made photos without cracks, in a folder whose name YAML takes for a date."""
    random = np.random.default_rng(0)
    for number in range(6):
        photo = random.normal(130, 20, (80, 96, 3)).clip(0, 255).astype(np.uint8)
        save_image_atomically(tmp_path / "2024-05-01" / f"{number}.png", photo)
    return tmp_path / "2024-05-01"


@pytest.fixture
def train(crack_free, tmp_path, monkeypatch):
    """Runs the command on the crack-free photos; gives the exit code."""
    monkeypatch.chdir(tmp_path)

    def run_train(*arguments):
        return run(
            ["train", *map(str, arguments), "--photos", crack_free.name, "-o", "run", "--device", "cpu"]
        )

    return run_train


def test_one_command_from_photos_to_a_detector(train, tmp_path, photo, capsys):
    assert train(*TINY) == 0
    printed = capsys.readouterr()
    result = json.loads(printed.out)
    assert result == {"run": "run", "weights": "run/generator.safetensors"}
    assert "epoch 1/1" in printed.err
    assert CrackDetector.from_pretrained(result["run"]).detect(photo).mask.shape == (100, 150)
    assert (
        yaml.safe_load((tmp_path / "run" / "configuration.yaml").read_text())["data"]["photos"]
        == "2024-05-01"
    )


def test_a_file_and_overrides_and_going_on(train, tmp_path, capsys):
    values: dict = {}
    for text in TINY:
        key, value = text.split("=")
        *section, name = key.split(".")
        (values.setdefault(section[0], {}) if section else values)[name] = yaml.safe_load(value)
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(values))
    for epochs in (1, 2):
        assert train("tiny.yaml", f"epochs={epochs}", "--tensorboard") == 0
        assert len((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()) == epochs
    assert list((tmp_path / "run" / "tensorboard").iterdir())


INTERRUPTED = """
import signal, sys
from unittest.mock import patch
from upcracknet.cli.main import run
from upcracknet.training.callbacks import RestoredSamples
with patch.object(RestoredSamples, "on_validation_epoch_end", lambda *_: signal.raise_signal(signal.SIGINT)):
    first = run(sys.argv[1:])
print(first, flush=True)
sys.exit(run(sys.argv[1:]))
"""


def test_an_interruption_has_its_exit_code_and_is_resumed(crack_free, tmp_path):
    """In a process of its own: what other tests leave in theirs may turn the signal into its end."""
    words = ["train", *TINY, "--photos", crack_free.name, "-o", "run", "--device", "cpu"]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", INTERRUPTED, *words],
        cwd=tmp_path, capture_output=True, text=True, timeout=170, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, result = done.stdout.split("\n", 1)
    assert first == str(EXIT_INTERRUPTED)
    assert "interrupted; finished results are whole" in " ".join(done.stderr.split())
    assert json.loads(result) == {"run": "run", "weights": "run/generator.safetensors"}
    assert len((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()) == 1


def test_all_unknown_keys_are_named_at_once(train, tmp_path, capsys):
    (tmp_path / "wrong.yaml").write_text("epoch: 3\nnetworks:\n  filters: 2\n")
    assert train("wrong.yaml", "batchsize=2") == EXIT_FAILED
    line = error_line(capsys)
    assert line.startswith("error: wrong.yaml: ")
    for key in ("epoch", "networks.filters", "batchsize"):
        assert f"unknown key `{key}`" in line
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("none.yaml",), "none.yaml: cannot be read as YAML (No such file or directory)"),
        ((*TINY, "quickly"), "quickly: expected KEY=VALUE, such as epochs=50"),
        ((*TINY, "data.split="), "`data.split`: expected a text, found None"),
        ((*TINY, "style_features=vgg19", "vgg19_weights=none.pth"), "no VGG-19 weights at none.pth"),
        ((*TINY, "data.window_sizes=[512]"), "no undamaged window of sizes 512"),
    ],
)
def test_mistakes_are_one_clear_error(train, capsys, arguments, reason):
    assert train(*arguments) == EXIT_FAILED
    assert reason in error_line(capsys)


@pytest.mark.parametrize(
    "arguments",
    [("--devices", "0"), ("--maximum-minutes", "0"), ("--device", "abacus"), ("--epochs", "3")],
)
def test_wrong_usage(train, tmp_path, capsys, arguments):
    assert train(*TINY, *arguments) == EXIT_USAGE
    assert arguments[0] in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_another_configuration_is_not_resumed(train, capsys):
    assert train(*TINY) == 0
    capsys.readouterr()
    assert train(*TINY, "batch_size=4") == EXIT_FAILED
    assert "run: holds a run of another configuration (different: batch_size)" in error_line(capsys)


def test_without_the_extra_the_remedy_is_named(train, monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "upcracknet.training.recipe", raising=False)
    monkeypatch.setitem(sys.modules, "pytorch_lightning", None)
    assert train(*TINY) == EXIT_FAILED
    assert "pip install 'upcracknet[train]'" in error_line(capsys)


# The command, with the weights of each process written down at the end.
SCRIPT = """
from pathlib import Path
import torch
from upcracknet.cli.main import run
from upcracknet.training.up_cracknet import AdversarialRestoration

def keep(module):
    torch.save(dict(module.named_parameters()), Path(__file__).with_name(f"process-{module.global_rank}.pt"))

AdversarialRestoration.on_train_end = keep
raise SystemExit(run())
"""


def shared_run(crack_free, tmp_path, *more: str) -> tuple[list[str], dict[str, str]]:
    """Words after ``upcracknet`` and the environment of a run that two processes share."""
    folders = ("--photos", str(crack_free), "-o", str(tmp_path / "run"), "--device", "cpu")
    # Ten patches: five a process, of which the incomplete third batch is left out.
    words = ["train", *TINY, "data.patches_per_epoch=10", "epochs=2", *folders, *more]
    inherited = {key: value for key, value in os.environ.items() if key not in ("LOCAL_RANK", "WORLD_SIZE")}
    return words, inherited | {"OMP_NUM_THREADS": "1"}


def check_shared_run(folder: Path) -> None:
    """Two processes made the records and the weights of one run."""
    assert json.loads((folder / "run.json").read_text())["devices"] == 2
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2]
    _, record = load_weights(folder / "generator.safetensors")
    assert record.provenance["images_seen"] == 8 * record.provenance["epoch"]


def test_two_processes_share_one_run(crack_free, tmp_path, photo):
    script = tmp_path / "command.py"
    script.write_text(SCRIPT)
    words, environment = shared_run(crack_free, tmp_path, "--devices", "2")
    command = [sys.executable, str(script), *words]
    answer = subprocess.run(
        command, capture_output=True, text=True, timeout=170, env=environment, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["weights"] == str(tmp_path / "run" / "generator.safetensors")
    assert "Warning" not in answer.stderr

    files = {path.relative_to(tmp_path / "run").as_posix() for path in (tmp_path / "run").rglob("*.*")}
    assert files == {
        *("configuration.yaml", "run.json", "metrics.jsonl", "generator.safetensors"),
        *("checkpoints/last.ckpt", "samples/epoch-0001.png", ".upcracknet"),
    }
    check_shared_run(tmp_path / "run")
    assert CrackDetector.from_pretrained(tmp_path / "run").detect(photo).score.shape == (100, 150)

    # Both processes took the same steps, the mean of what each saw.
    first, second = (torch.load(tmp_path / f"process-{rank}.pt", weights_only=True) for rank in (0, 1))
    assert first.keys() == second.keys()
    assert all(torch.equal(value, second[name]) for name, value in first.items())


def test_two_machines_share_one_run(crack_free, tmp_path):
    """Two nodes of one process each, both on this machine, as torchrun starts them on two."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words, environment = shared_run(crack_free, tmp_path, "--nodes", "2")
    rendezvous = ["--nnodes", "2", "--nproc-per-node", "1", "--rdzv-backend", "c10d"]
    command = [
        *(sys.executable, "-m", "torch.distributed.run", *rendezvous),
        *("--rdzv-endpoint", f"127.0.0.1:{port}", "--local-addr", "127.0.0.1", "-m", "upcracknet"),
        *words,
    ]
    environment |= {"PYTHONWARNINGS": "ignore"}
    nodes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        for _ in range(2)
    ]
    answers = [node.communicate(timeout=170) for node in nodes]
    assert [node.returncode for node in nodes] == [0, 0], answers[0][1] + answers[1][1]
    spoken = [output for output, _ in answers if "weights" in output]
    assert len(spoken) == 1  # one of the processes speaks for all
    check_shared_run(tmp_path / "run")
