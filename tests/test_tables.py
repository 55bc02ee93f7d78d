import pytest

from upcracknet.tables import NOT_GIVEN, figure, markdown_table, percent


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (figure(1234567.891), "1,234,567.89"),
        (figure(2, 0), "2"),
        (figure(0.5, 1, signed=True), "+0.5"),
        (figure(-0.5, 1, signed=True), "-0.5"),
        (figure(None), NOT_GIVEN),
        (percent(0.12345), "12.35"),
        (percent(0.00134, 3), "0.134"),
        (percent(-0.0446, signed=True), "-4.46"),
        (percent(None), NOT_GIVEN),
    ],
)
def test_figures(written: str, expected: str) -> None:
    assert written == expected


def test_a_table_is_markdown_whatever_its_cells_hold() -> None:
    table = markdown_table(("what", "how much"), [("a|b", "1"), ("two\nlines", "2")])
    assert table.splitlines() == [
        "| what | how much |",
        "| --- | ---: |",
        "| a\\|b | 1 |",
        "| two lines | 2 |",
    ]


def test_a_row_of_another_length_is_an_error() -> None:
    with pytest.raises(ValueError, match="a row of 1 cells, expected 2: alone"):
        markdown_table(("what", "how much"), [("alone",)])
