import json
import signal
from contextlib import contextmanager
from dataclasses import replace

import pytest

from upcracknet.errors import DataError, WeightsError
from upcracknet.files import claimed
from upcracknet.reproduction import run as run_module
from upcracknet.reproduction.ablations import table1, table2
from upcracknet.reproduction.gap import gap
from upcracknet.reproduction.run import Work, reproduce, seconds_left
from upcracknet.training.callbacks import RestoredSamples


@pytest.fixture
def work(files, made_datasets):
    return Work(files, made_datasets, accelerator="cpu")


@pytest.fixture
def pretended(monkeypatch, result_of):
    """Rows that take no time; gives the names of those trained and measured, and what goes wrong."""
    done, faults = [], {}

    def train_row(row, files, **_):
        done.append(("train", row.name))
        if row.name in faults:
            raise faults[row.name]
        return True

    monkeypatch.setattr(run_module, "train_row", train_row)
    monkeypatch.setattr(
        run_module,
        "measure",
        lambda row, *_: done.append(("measure", row.name)) or result_of(row),
    )
    return done, faults


def statuses(states):
    return [state.status for state in states]


class Recorder:
    """A watcher that remembers."""

    def __init__(self):
        self.rows, self.measured = [], []

    def row(self, number, total, row, seconds_left):
        self.rows.append((number, total, row.name))

    @contextmanager
    def evaluation(self, dataset):
        yield lambda done, total: self.measured.append((dataset, done, total))


def test_a_table_from_photos_to_figures_and_the_shared_row_of_the_next(work, files, budget, base):
    masks = table2(budget, base=base)
    assert statuses(reproduce(masks, masks.rows, work)) == ["done"] * 3
    content = json.loads((files.folder / "table2.json").read_text())
    assert content["complete"]
    for row in content["rows"]:
        assert row["tests"]["crack500"]["images"] == 2
        assert 0 <= row["tests"]["crack500"]["ours"]["iou"] <= 100
        assert row["patches_seen"] == 4
        assert (files.folder / row["run"] / "generator.safetensors").is_file()
    assert len({row["weights_sha256"] for row in content["rows"]}) == 3

    losses = table1(budget, base=base)
    before = sorted((files.folder / "runs").rglob("*"))
    work.watcher = Recorder()
    assert statuses(reproduce(losses, losses.rows[-1:], work)) == ["done"]
    assert sorted((files.folder / "runs").rglob("*")) == before, "trained once"
    assert work.watcher.rows == [(1, 1, losses.rows[-1].name)]
    assert not work.watcher.measured, "measured once"
    [*_, last] = json.loads((files.folder / "table1.json").read_text())["rows"]
    assert last["weights_sha256"] == content["rows"][-1]["weights_sha256"]


def test_other_ways_to_detect_use_the_run_of_the_base(work, files, budget, gap_base):
    experiment = gap(budget, base=gap_base)
    states = reproduce(experiment, experiment.chosen(["base", "absolute-error"]), work)
    assert statuses(states) == ["done", "done"]
    assert len(list((files.folder / "runs").iterdir())) == 1
    first, second = (state.result for state in states)
    assert first.weights_sha256 == second.weights_sha256
    assert [report["dataset"] for report in first.evaluations] == ["deepcrack", "cfd"]
    assert first.evaluations != second.evaluations


def test_an_interrupted_row_goes_on_and_a_finished_one_is_skipped(
    work, files, budget, base, monkeypatch, result_of
):
    experiment = table1(replace(budget, epochs=2), base=base)
    rows = experiment.rows[:2]
    files.write(rows[0], result_of(rows[0]))

    def interrupt(callback, trainer, pl_module):
        if trainer.current_epoch == 1:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(RestoredSamples, "on_validation_epoch_end", interrupt)
        reproduce(experiment, rows, work)
    lines = (files.folder / "table1.md").read_text().splitlines()
    assert any(line.startswith("| MAE+SSIM | – | not yet: 1 of 2 epochs trained |") for line in lines)

    states = reproduce(experiment, rows, work)
    assert statuses(states) == ["done", "done"]
    assert len(files.metrics(rows[1])) == 2
    assert states[0].result == result_of(rows[0])
    assert not files.run_folder(rows[0]).exists()


def test_a_time_limit_within_a_row_leaves_it_to_go_on(files, made_datasets, budget, base, monkeypatch):
    experiment = table1(replace(budget, epochs=3), base=base)
    work = Work(files, made_datasets, accelerator="cpu", maximum_minutes=60.0)
    monkeypatch.setattr(Work, "minutes_left", 1e-6)
    states = reproduce(experiment, experiment.rows[:1], work)
    assert [(state.status, state.note) for state in states] == [("not yet", "1 of 3 epochs trained")]
    assert not files.result_file(experiment.rows[0]).exists()


def test_no_row_begins_after_the_time_limit(files, made_datasets, budget, base, pretended):
    experiment = table2(budget, base=base)
    over = Work(files, made_datasets, maximum_minutes=1e-9)
    assert statuses(reproduce(experiment, experiment.rows, over)) == ["not yet"] * 3
    assert not pretended[0]
    assert (files.folder / "table2.md").is_file()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(WeightsError("damaged"), "damaged"), (RuntimeError("out of memory"), "RuntimeError: out of memory")],
)
def test_a_failing_row_is_told_and_the_rest_goes_on(work, files, budget, base, pretended, fault, reason):
    done, faults = pretended
    experiment = table2(budget, base=base)
    faults["stripes"] = fault
    states = reproduce(experiment, experiment.rows, work)
    assert [(state.status, state.note) for state in states] == [
        ("done", ""),
        ("failed", reason),
        ("done", ""),
    ]
    assert f"failed: {reason}" in (files.folder / "table2.md").read_text()
    faults.clear()
    done.clear()
    assert statuses(reproduce(experiment, experiment.rows, work)) == ["done"] * 3
    assert done == [("train", "stripes"), ("measure", "stripes")], "only the failed row is tried again"


def test_a_row_that_others_work_on_is_left_to_them_and_looked_at_again(work, files, budget, base, pretended):
    done, _ = pretended
    experiment = table2(budget, base=base)
    first = experiment.rows[0]
    with claimed(files.lock_file(first)):
        states = reproduce(experiment, experiment.rows, work)
    assert statuses(states) == ["not yet", "done", "done"]
    assert states[0].note.startswith("in work by process ")
    assert ("train", first.name) not in done
    work.watcher = Recorder()
    assert statuses(reproduce(experiment, experiment.rows, work)) == ["done"] * 3
    assert work.watcher.rows[0] == (1, 3, first.name)


def test_a_row_that_others_finish_meanwhile_is_not_done_again(
    work, files, budget, base, pretended, monkeypatch, result_of
):
    done, _ = pretended
    experiment = table2(budget, base=base)
    row = experiment.rows[0]

    @contextmanager
    def just_finished(path):
        files.write(row, result_of(row))
        yield None

    monkeypatch.setattr(run_module, "claimed", just_finished)
    assert statuses(reproduce(experiment, [row], work)) == ["done"]
    assert not done


def test_rows_that_lack_a_file_are_skipped_with_the_reason(work, budget, gap_base, pretended, tmp_path):
    experiment = gap(budget, base=replace(gap_base, vgg19_weights=str(tmp_path / "none.pth")))
    [state] = reproduce(experiment, experiment.chosen(["vgg19-style"]), work)
    assert state.status == "skipped"
    assert "no VGG-19 weights at" in state.note
    assert not pretended[0]


def test_missing_data_is_told_before_anything_is_trained(files, budget, base, pretended, tmp_path):
    experiment = table2(budget, base=base)
    with pytest.raises(DataError, match="no Crack500"):
        reproduce(experiment, experiment.rows, Work(files, tmp_path))
    assert not pretended[0]


def test_figures_of_a_part_of_the_photos_are_no_figures(
    work, files, made_datasets, budget, base, tmp_path, monkeypatch
):
    experiment = table2(budget, base=base)
    for part in ("train_img", "train_lab", "test_img", "test_lab"):
        (tmp_path / "Crack500" / part).mkdir(parents=True)
        for path in (made_datasets / "Crack500" / part).iterdir():
            (tmp_path / "Crack500" / part / path.name).write_bytes(path.read_bytes())
    damaged = tmp_path / "Crack500" / "test_img" / "1.jpg"
    damaged.write_bytes(damaged.read_bytes()[:1200])
    work.data_root = tmp_path
    [state] = reproduce(experiment, experiment.rows[:1], work)
    assert state.status == "failed"
    assert state.note.startswith("1 photos of crack500 could not be measured; the first: ")


def test_the_time_left_follows_from_what_is_done(files, budget, gap_base, result_of):
    experiment = gap(budget, base=gap_base)
    rows = {row.name: row for row in experiment.rows}
    some = [rows[name] for name in ("base", "sharp-masks", "doubled-budget", "absolute-error")]
    assert seconds_left(some, files) is None
    files.write(rows["base"], result_of(rows["base"]))
    # Once and twice the base's training of 100 seconds, and three measurements of 10.
    assert seconds_left(some, files) == pytest.approx(100 + 200 + 30)
