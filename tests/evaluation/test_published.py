import pytest

from upcracknet.evaluation.published import TABLES, PublishedRow, all_rows, published_rows, published_table

PREVALENCE = {
    "I": 5.590,
    "III": 5.590,
    "IV": 4.379,
    "V": 1.743,
    "VI": 4.350,
    "VII": 1.743,
    "VIII": 5.590,
}


def test_all_tables_are_there() -> None:
    sizes = {name: len(published_table(name)) for name in TABLES}
    assert sizes == {"I": 9, "II": 3, "III": 14, "IV": 14, "V": 14, "VI": 14, "VII": 14, "VIII": 14}
    assert len(all_rows()) == 96


def test_the_same_methods_stand_in_tables_iii_to_viii() -> None:
    methods = [row.row for row in published_table("III")]
    assert len(set(methods)) == 14
    for name in ("IV", "V", "VI", "VII", "VIII"):
        assert [row.row for row in published_table(name)] == methods


@pytest.mark.parametrize("row", all_rows(), ids=lambda row: f"{row.table}-{row.row}")
def test_iou_follows_from_f1(row: PublishedRow) -> None:
    f1 = row.f1 / 100
    assert row.iou == pytest.approx(100 * f1 / (2 - f1), abs=0.0015)


@pytest.mark.parametrize(
    "row", [row for row in all_rows() if row.precision], ids=lambda row: f"{row.table}-{row.row}"
)
def test_f1_is_the_harmonic_mean(row: PublishedRow) -> None:
    assert row.precision is not None
    assert row.recall is not None
    expected = 2 * row.precision * row.recall / (row.precision + row.recall)
    # Three decimals of precision and recall leave two of F1 where both are below 0.3 %.
    assert row.f1 == pytest.approx(expected, abs=0.003)


def test_one_prevalence_for_each_test_set_in_92_of_93_rows() -> None:
    rows = [row for row in all_rows() if row.prevalence is not None]
    off = [row for row in rows if row.prevalence != pytest.approx(PREVALENCE[row.table], abs=0.0025)]
    assert len(rows) == 93
    assert [(row.table, row.row) for row in off] == [("V", "ENet")]


def test_as_printed_precision_and_recall_agree_on_no_prevalence() -> None:
    """The proof that they are exchanged: as printed, the implied prevalence goes from 0.01 % to over 30 %."""
    rows = [row for row in all_rows() if row.precision is not None and row.recall is not None]
    printed = [
        PublishedRow(
            row.table,
            row.row,
            row.training_set,
            row.test_set,
            row.recall,
            row.precision,
            row.accuracy,
            row.f1,
            row.iou,
        )
        for row in rows
    ]
    prevalences = [row.prevalence for row in printed]
    assert min(prevalences) < 0.02
    assert max(prevalences) > 30
    assert (
        sum(
            p == pytest.approx(PREVALENCE[row.table], abs=0.0025)
            for p, row in zip(prevalences, rows, strict=True)
        )
        < 5
    )


def test_the_papers_own_rows() -> None:
    trained_on = {row.training_set: row for row in published_rows("UP-CrackNet", "DeepCrack")}
    assert set(trained_on) == {"DeepCrack", "Crack500"}
    assert (trained_on["DeepCrack"].precision, trained_on["DeepCrack"].recall) == (88.852, 63.412)
    assert trained_on["Crack500"].iou == 61.073


def test_unknown_table() -> None:
    with pytest.raises(ValueError, match="no table 'IX'"):
        published_table("IX")
