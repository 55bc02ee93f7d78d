from dataclasses import replace

import numpy as np
import pytest
from tests.measure.drawn import Drawn, Uniform, crack, grid, wavy

from upcracknet.errors import ConfigurationError
from upcracknet.measure.classes import classify
from upcracknet.measure.frame import Frame
from upcracknet.measure.lane import Lane
from upcracknet.measure.quantities import Quantity, Reading, book
from upcracknet.measure.severity import NOT_GRADED

FRAME = Frame(600, 800, Uniform(2.0))
CRACKS = [
    crack(wavy((100, 50), (100, 550), 1, 2.0), width=4.0),  # along, 8 mm
    crack(wavy((150, 50), (650, 50), 2, 2.0), width=6.0),  # across, 12 mm
    crack(wavy((200, 100), (300, 250), 3, 2.0), width=40.0),  # at 34 degrees, 80 mm
    crack(wavy((700, 50), (700, 250), 4, 2.0), width=2.0),  # along, too narrow
    crack(*grid(300, 300, 40, 5, 4), width=4.0),
]


def sheet(standard: str, **options: object) -> dict[tuple[str, str, str], float]:
    rows = book(classify(CRACKS, FRAME), standard, **options)
    return {(row.code, row.distress, row.severity): row.amount for row in rows}


def test_the_sheet_of_astm_d6433():
    found = sheet("astm-d6433")
    expected = {
        ("1", "alligator", "medium"): 0.4 * 0.32,
        ("10", "longitudinal and transverse", "low"): 1.0,
        ("10", "longitudinal and transverse", "medium"): 1.0,
        ("10", "longitudinal and transverse", "high"): 0.36,
        ("10", "longitudinal and transverse", NOT_GRADED): 0.4,
    }
    assert found == pytest.approx(expected, rel=0.06)
    assert list(found) == list(expected)


def test_the_sheet_of_fhwa_ltpp():
    assert sheet("fhwa-ltpp") == pytest.approx(
        {
            ("1", "fatigue", "moderate"): 0.4 * 0.32,
            ("4", "longitudinal", "moderate"): 1.0,
            ("4", "longitudinal", "high"): 0.36,
            ("4", "longitudinal", NOT_GRADED): 0.4,
            ("6", "transverse", "moderate"): 1.0,
        },
        rel=0.06,
    )


def test_transverse_cracks_are_counted_too():
    rows = book(classify([CRACKS[1], crack(wavy((150, 500), (650, 500), 5, 2.0))], FRAME), "fhwa-ltpp")
    assert [(row.code, row.count) for row in rows] == [("6", 2)]
    assert all(row.count is None for row in book(classify(CRACKS, FRAME)))


def test_block_cracking_is_graded_by_its_cracks():
    """Pieces of 40 pixels at 20 mm a pixel are blocks; cracks of 4 pixels are 80 mm wide."""
    block, *ends = book(classify(CRACKS[4:], Frame(600, 800, Uniform(20.0))))
    assert (block.code, block.distress, block.severity, block.unit) == ("3", "block", "high", "m²")
    assert block.amount == pytest.approx(4 * 3.2, rel=0.06)
    assert sum(row.amount for row in ends) < 0.01 * CRACKS[4].length_px * 0.02, "lines end a little outside"


def test_wheel_paths_of_a_lane():
    frame = Frame(600, 400, Uniform(10.0))
    lane = Lane((25.0, 0.0), (375.0, 0.0), frame)
    cracks = [crack(wavy((x, 100), (x, 300), 1, 1.0), width=3.0) for x in (110, 200, 290)]
    rows = book(classify(cracks, frame), "fhwa-ltpp", lane)
    assert [(row.code, row.distress) for row in rows] == [
        ("4a", "wheel path longitudinal"),
        ("4b", "non-wheel path longitudinal"),
    ]
    assert [row.amount for row in rows] == pytest.approx([4, 2], rel=0.05)


def test_nothing_is_counted_twice():
    """A network and a crack that crosses it: what is in the area is not in the length."""
    through = crack(wavy((100, 380), (700, 380), 6, 2.0))
    rows = book(classify([CRACKS[4], through], FRAME))
    length = next(row.amount for row in rows if row.code == "10")
    assert length == pytest.approx(2 * (600 - 200) / 1000, rel=0.08)


def test_joints_are_no_distress():
    joint = crack(wavy((0, 300), (799, 300), 0, 0.0))
    assert not book(classify([joint], FRAME))


def test_doubts_can_be_decided_either_way():
    def severities(moved: float) -> list[str]:
        return [row.severity for row in book(classify(CRACKS[:1], FRAME), reading=Reading(moved_px=moved))]

    assert severities(0.0) == ["low"]
    assert severities(1.1) == ["medium"]  # 5.1 pixels, 10.2 mm
    assert severities(-50.0) == ["low"]
    narrow = book(classify(CRACKS[3:4], FRAME), reading=Reading(moved_px=0.0))
    assert [row.severity for row in narrow] == ["low"]
    flat = book(classify([crack(CRACKS[0].axis[0], width=0.0)], FRAME), reading=Reading(moved_px=1.0))
    assert [row.severity for row in flat] == ["low"]
    network, *_ = book(classify(CRACKS[4:], FRAME), reading=Reading(network=2))
    assert (network.distress, network.severity) == ("alligator", "high")


def changing(*widths: float, length: int = 600) -> Drawn:
    """A crack across of one branch, whose width changes along it."""
    axis = wavy((100, 50), (100 + length, 50), 2, 2.0)
    return Drawn((axis,), (np.interp(np.arange(len(axis)), np.linspace(0, length, len(widths)), widths),))


@pytest.mark.parametrize(
    ("widths", "expected"),
    [
        ((4.0, 4.0, 20.0, 20.0), {"low": 0.44, "medium": 0.76}),  # from 5 pixels on, 10 mm
        ((3.0, 48.0), {"low": 0.05, "medium": 0.87, "high": 0.28}),  # above 37.5 pixels 75 mm
        ((6.0, 6.0), {"medium": 1.2}),
    ],
)
def test_a_branch_is_cut_where_its_width_changes_the_severity(widths, expected):
    rows = book(classify([changing(*widths)], FRAME))
    assert {row.severity: row.amount for row in rows} == pytest.approx(expected, abs=0.1)
    assert sum(row.amount for row in rows) == pytest.approx(1.2, rel=0.06)


def test_a_piece_too_narrow_to_be_graded_counts_where_the_crack_is_not():
    rows = book(classify([changing(1.0, 6.0)], FRAME))
    assert {row.severity: row.amount for row in rows} == pytest.approx({"low": 0.96, "medium": 0.24}, abs=0.1)
    wide = book(classify([changing(1.0, 1.0, 1.0, 1.0, 8.0)], FRAME))  # 2.1 pixels in the mean
    assert {row.severity: row.amount for row in wide} == pytest.approx(
        {NOT_GRADED: 0.98, "low": 0.09, "medium": 0.13}, abs=0.1
    )


def test_ltpp_finds_a_tenth_within_a_branch():
    (row,) = book(classify([changing(4.0, 4.0, 4.0, 20.0, 20.0)], FRAME), "fhwa-ltpp")
    assert (row.code, row.severity, row.count) == ("6", "high", 1)
    (row,) = book(classify([changing(*[4.0] * 12, 10.0)], FRAME), "fhwa-ltpp")  # above 9.5 pixels 19 mm
    assert row.severity == "moderate"


@pytest.mark.parametrize("where", [0.0, 0.4, 0.83])
@pytest.mark.parametrize(
    ("length", "share", "severity"),
    [(220, 0.15, "high"), (750, 0.13, "high"), (750, 0.07, "moderate"), (1400, 0.05, "moderate")],
)
def test_ltpp_finds_a_tenth_of_short_cracks_wherever_it_lies(where, length, share, severity):
    """Drawn at 2 mm a pixel, 8 mm wide and over a share 40 mm."""
    axis = wavy((20, 50), (20 + length, 50), 2, 2.0)
    along = np.linspace(0, 1, len(axis))
    widths = np.where((along >= where) & (along < where + share), 20.0, 4.0)
    (row,) = book(classify([Drawn((axis,), (widths,))], Frame(600, 1600, Uniform(2.0))), "fhwa-ltpp")
    assert row.severity == severity


def test_feet():
    assert Quantity("edge", "low", 0.3048, "m").in_feet() == Quantity("edge", "low", 1.0, "ft")
    assert Quantity("block", "low", 0.09290304, "m²").in_feet().amount == pytest.approx(1)
    already = Quantity("block", "low", 3.0, "ft²")
    assert already.in_feet() is already


def test_what_cannot_be_booked():
    with pytest.raises(ConfigurationError, match="no scale"):
        book(classify(CRACKS, Frame(600, 800)))
    with pytest.raises(ConfigurationError, match="no standard"):
        book(classify(CRACKS, FRAME), "din")
    with pytest.raises(ConfigurationError, match="0 or more"):
        Quantity("edge", "low", -1.0, "m")


def test_a_transverse_crack_is_one_and_has_the_highest_severity_of_a_tenth_of_it():
    """Branches of one crack: 8 mm wide, and 40 mm over a share of its length."""

    def rows(share: float) -> list[Quantity]:
        wide = 150 + round(500 * (1 - share))
        axes = [wavy((150, 50), (wide, 50), 2, 2.0), wavy((wide, 50), (650, 50), 3, 2.0)]
        parts = [crack(axes[0], width=4.0), crack(axes[1], width=20.0)]
        both = replace(
            parts[0],
            axis=(*parts[0].axis, *parts[1].axis),
            width_along_px=(*parts[0].width_along_px, *parts[1].width_along_px),
        )
        return book(classify([both], FRAME), "fhwa-ltpp")

    for share, severity in ((0.3, "high"), (0.08, "moderate")):
        (row,) = rows(share)
        assert (row.code, row.severity, row.count) == ("6", severity, 1)
        assert row.amount == pytest.approx(1.0, rel=0.06)
