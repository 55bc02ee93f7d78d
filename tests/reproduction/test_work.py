import json
import subprocess
import sys
from dataclasses import replace

import pytest

from upcracknet.errors import WeightsError
from upcracknet.locks import claimed
from upcracknet.reproduction import run as run_module
from upcracknet.reproduction import work as work_module
from upcracknet.reproduction.measurement import is_trained, trained_epochs
from upcracknet.reproduction.plan import experiments_of, plan, status
from upcracknet.reproduction.run import Run
from upcracknet.reproduction.work import Shared, work_through, work_together

# Begins a process that goes on for a minute, and says which.
PARENT = """
import multiprocessing, os, time
from upcracknet.reproduction.work import _end_with_parent

def work():
    _end_with_parent()
    print(os.getpid(), flush=True)
    time.sleep(60)

if __name__ == "__main__":
    multiprocessing.get_context("spawn").Process(target=work).start()
    time.sleep(60)
"""


@pytest.fixture
def experiments(budget, base):
    return experiments_of(budget, base=base)


@pytest.fixture
def pieces(experiments):
    """Of UP-CrackNet on DeepCrack: a training, and its tests on three data sets."""
    return plan(experiments, names=["up-cracknet"])[:4]


@pytest.fixture
def run(files, made_datasets):
    return Run(files, made_datasets, device="cpu")


@pytest.fixture
def pretended(monkeypatch, result_of):
    """Pieces that take no time; gives what was done, which trainings end, and which fail."""
    done, ends, faults = [], set(), {}

    def train_row(row, folder, **_):
        done.append(("train", row.name, row.photos))
        if row.name in faults:
            raise faults[row.name]
        ends.add(row.run_name)

    def measure(row, *_):
        done.append(("test", row.name, row.tests))
        return result_of(row)

    monkeypatch.setattr(run_module, "train_row", train_row)
    monkeypatch.setattr(run_module, "measure", measure)
    for module in (run_module, work_module):
        monkeypatch.setattr(module, "is_trained", lambda row, folder: row.run_name in ends or not row.photos)
    return done, ends, faults


def statuses(pieces, run):
    return [status(piece, run.files)[0] for piece in pieces]


def test_a_training_and_its_tests_at_their_smallest(pieces, experiments, run):
    work_through(pieces, experiments, run)
    assert statuses(pieces, run) == ["done"] * 4
    content = json.loads((run.files.folder / "table4.json").read_text())
    row = next(row for row in content["rows"] if row["row"] == "up-cracknet")
    former = row["tests"]["deepcrack"]["report"]["former_ruler"]
    assert 0 <= former["iou"] <= former["best_threshold_iou"] <= 1
    folder = run.files.run_folder(pieces[0].row)
    assert not (folder / "checkpoints").exists(), "what is trained needs no checkpoint"
    before = (folder / "generator.safetensors").stat().st_mtime_ns
    work_through(pieces, experiments, run)
    assert (folder / "generator.safetensors").stat().st_mtime_ns == before


def test_a_training_that_is_not_done_in_its_minutes_goes_on_in_the_next_call(budget, base, run):
    experiments = experiments_of(replace(budget, epochs=2), base=base)
    train, *_ = pieces = plan(experiments, names=["up-cracknet"])[:2]
    run.piece_minutes = 1e-6
    folder = run.files.run_folder(train.row)
    work_through(pieces, experiments, run)
    assert len(trained_epochs(folder)) == 1
    assert not is_trained(train.row, folder)
    assert status(train, run.files) == ("not yet", "1 of 2 epochs trained")
    work_through(pieces, experiments, run)
    assert len(trained_epochs(folder)) == 2
    assert is_trained(train.row, folder)


def test_all_pieces_in_their_order(experiments, run, pretended):
    done, _, _ = pretended
    pieces = plan(experiments, names=["enet", "riad", "sauvola", "mae+ssim", "seed-0"])
    work_through(pieces, experiments, run)
    assert statuses(pieces, run) == ["done"] * len(pieces)
    assert done == [
        (piece.kind, piece.row.name, piece.row.photos if piece.kind == "train" else piece.row.tests)
        for piece in pieces
    ]


def test_a_failing_training_fails_its_rows_and_not_the_others(experiments, run, pretended):
    done, _, faults = pretended
    faults["up-cracknet"] = WeightsError("damaged")
    pieces = plan(experiments, names=["up-cracknet", "enet"])
    work_through(pieces, experiments, run)
    by_name = {piece.name: status(piece, run.files) for piece in pieces}
    assert {state for name, state in by_name.items() if "UP-CrackNet" in name} == {("failed", "damaged")}
    assert {state for name, state in by_name.items() if "ENet" in name} == {("done", "")}
    faults.clear()
    done.clear()
    work_through(pieces, experiments, run)
    assert statuses(pieces, run) == ["done"] * len(pieces)
    assert {name for _, name, _ in done} == {"up-cracknet"}


def test_what_another_process_has_is_left_to_it(pieces, experiments, run, pretended):
    done, _, _ = pretended
    with claimed(run.files.lock_file(pieces[0].row)):
        work_through(pieces, experiments, run)
        assert not done
        assert status(pieces[1], run.files, run.notes)[1].startswith("in work by process ")


def test_without_photos_the_rest_goes_on(experiments, files, made_datasets, tmp_path, pretended):
    done, _, _ = pretended
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "DeepCrack").symlink_to(made_datasets / "DeepCrack")
    run = Run(files, tmp_path / "data", device="cpu")
    pieces = plan(experiments, names=["up-cracknet"])
    work_through(pieces, experiments, run)
    assert set(done) == {
        ("train", "up-cracknet", ("deepcrack",)),
        ("test", "up-cracknet", ("deepcrack",)),
    }
    assert any("no photos: no Crack500" in status(piece, files, run.notes)[1] for piece in pieces)


def test_processes_share_the_plan(experiments, files, made_datasets):
    pieces = plan(experiments, names=["local-contrast", "sauvola"])
    shared = Shared(files.folder, made_datasets, "cpu", None, None, None)
    work_together(pieces, experiments, shared, 2)
    assert [status(piece, files)[0] for piece in pieces] == ["done"] * len(pieces)


def test_a_process_ends_with_the_one_that_began_it(tmp_path):
    (tmp_path / "parent.py").write_text(PARENT)
    with subprocess.Popen([sys.executable, tmp_path / "parent.py"], stdout=subprocess.PIPE) as parent:
        assert int(parent.stdout.readline())
        parent.kill()
        assert parent.communicate(timeout=30)[0] == b""  # the other process has the pipe until it ends
