from dataclasses import replace

import pytest

from upcracknet.reproduction.experiment import BUDGETS, Pretrained, budget_named
from upcracknet.reproduction.plan import experiments_of, listing, missing_data, plan, status
from upcracknet.reproduction.tables import COMPARISONS


@pytest.fixture
def experiments(budget):
    return experiments_of(budget)


def test_the_plan_has_every_training_and_every_test_once(experiments):
    pieces = plan(experiments)
    rows = [row for experiment in experiments for row in experiment.rows]
    trained = [piece.row.run_name for piece in pieces if piece.kind == "train"]
    tested = [piece.row.result_name for piece in pieces if piece.kind == "test"]
    assert len(trained) == len(set(trained)) == 2 * 16 + 8 + 2 + 3
    assert set(trained) == {row.run_name for row in rows if row.photos}
    assert len(tested) == len(set(tested))
    assert set(tested) == {row.result_name for row in rows}


def test_the_papers_network_is_first_then_ours_and_chance_is_last(experiments):
    trained = [piece for piece in plan(experiments) if piece.kind == "train"]
    assert [(piece.row.name, piece.row.photos) for piece in trained[:4]] == [
        ("up-cracknet", ("deepcrack",)),
        ("up-cracknet", ("crack500",)),
        ("crack-remover", ("deepcrack",)),
        ("crack-remover", ("crack500",)),
    ]
    assert [piece.table for piece in trained[-3:]] == ["seeds"] * 3
    compared = [piece.row.name for piece in trained if piece.table in COMPARISONS]
    assert set(compared[-4:]) == {"scadn", "riad"}, "the slow ones are last"


def test_a_test_comes_after_its_training(experiments):
    seen = set()
    for piece in plan(experiments):
        if piece.kind == "train":
            seen.add(piece.row.run_name)
        else:
            assert isinstance(piece.row.training, Pretrained) or piece.row.run_name in seen


def test_what_is_cheap_by_the_estimate_comes_first(experiments):
    pieces = plan(experiments)
    unet, enet = (
        next(p.row.run_name for p in pieces if p.kind == "train" and p.row.name == name)
        for name in ("unet", "enet")
    )
    order = [piece.row.run_name for piece in plan(experiments, {unet: 10.0, enet: 20.0})]
    assert order.index(unet) < order.index(enet)
    order = [piece.row.run_name for piece in plan(experiments, {unet: 10.0, enet: 2.0})]
    assert order.index(enet) < order.index(unet)


def test_rows_can_be_chosen_by_name(experiments):
    assert {piece.row.name for piece in plan(experiments, names=["enet"])} == {"enet"}


@pytest.mark.parametrize("budget", [BUDGETS["paper"], budget_named("1500")], ids=str)
def test_tables_1_2_and_3_share_up_cracknet(budget):
    runs = {}
    for experiment in experiments_of(budget):
        runs |= {(experiment.name, row.label): row.run_name for row in experiment.rows}
    assert (
        runs["table3", "UP-CrackNet"]
        == runs["table1", "MAE+SSIM+MSGMS+style+adversarial"]
        == runs["table2", "multi-scale squares"]
    )


def test_slow_rows_may_be_tested_on_fewer_photos_and_say_so(budget):
    whole, thinned = experiments_of(budget), experiments_of(budget, slow_one_in=4)
    before, after = ({row.name: row for row in made[0].rows} for made in (whole, thinned))
    assert after["riad"].label == "RIAD, 1 test photo in 4"
    assert after["riad"].run_name == before["riad"].run_name
    assert after["riad"].result_name != before["riad"].result_name
    assert {name for name in before if after[name] != before[name]} == {"riad", "scadn"}


def test_the_state_of_a_piece(experiments, files, result_of):
    train, test, *_ = pieces = plan(experiments, names=["up-cracknet"])
    assert status(train, files) == ("not yet", "0 of 1 epochs trained")
    assert status(test, files) == ("not yet", "")
    for row in train.rows:
        files.write_failure(row, "no memory")
    assert status(train, files) == status(test, files) == ("failed", "no memory")
    for row in train.rows:
        files.write(row, result_of(row))
    assert status(train, files) == status(test, files) == ("done", "")
    line = listing(pieces, files, {train.row.run_name: 1234.5})[0]
    assert line == ("table4: train UP-CrackNet on deepcrack", "1,234", "done")


def test_a_piece_needs_its_own_photos_alone(experiments, made_datasets, tmp_path):
    (tmp_path / "DeepCrack").mkdir()
    for part in ("train_img", "train_lab"):
        (tmp_path / "DeepCrack" / part).symlink_to(made_datasets / "DeepCrack" / part)
    train, test, *_ = plan(experiments, names=["up-cracknet"])
    missing = missing_data(tmp_path)
    assert missing(train) is None
    assert "no DeepCrack" in missing(test)
    assert missing_data(made_datasets)(test) is None
    other = replace(test, rows=(replace(test.row, tests=("cfd",)),))
    assert "no CFD" in missing(other)


def test_what_is_compared_with_slow_rows_is_tested_on_their_photos_too(budget):
    table = next(each for each in experiments_of(budget, slow_one_in=4) if each.name == "table4")
    few = {row.label for row in table.rows if row.one_in == 4}
    names = ("SCADN", "RIAD", "UP-CrackNet", "ours, at this budget")
    assert few == {f"{name}, 1 test photo in 4" for name in names}
    assert len({row.name for row in table.rows}) == len(table.rows)
    whole = {row.run_name for row in table.rows if row.one_in == 1}
    both = {row.label.partition(",")[0] for row in table.rows if row.one_in == 4 and row.run_name in whole}
    assert both == {"UP-CrackNet", "ours"}
