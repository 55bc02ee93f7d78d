import pytest
from tests.survey.roads import add_photo, crack, cracks_file, quantity, result_folder

from upcracknet.measure.condition import cracking_pci
from upcracknet.measure.quantities import Quantity
from upcracknet.survey.records import Section, SurveyPhoto
from upcracknet.survey.sums import SectionSums, cracking_class, sum_sections

EMPTY = (
    Section(1, 0.0, 100.0, ((7.0, 45.0), (7.0, 45.1)), 0),
    Section(2, 100.0, 200.0, ((7.0, 45.1),) * 2, 0),
)


@pytest.fixture
def folder(tmp_path):
    return result_folder(tmp_path / "out")


def summed(folder, *photos):
    """Sections of photos, each a record with the section and the share that counts."""
    counted = [SurveyPhoto(record, section=section, counted=share) for record, section, share in photos]
    return sum_sections(folder, counted, EMPTY)


def low(metres):
    return quantity("longitudinal and transverse", "low", metres, "m", "10")


def test_hand_made_truth(folder):
    """Two photos of 12 m²: 3 m + 1 m of cracks of 5 and 20 mm, a joint, and 0.6 m² of alligator cracking."""
    joint = crack(4.0, kind="joint", severity=None)
    wide = crack(1.0, kind="transverse", severity="medium", width_mean_mm=20.0, width_max_mm=31.0)
    alligator = quantity("alligator", "medium", 0.6, "m²", "1")
    medium = quantity("longitudinal and transverse", "medium", 1.0, "m", "10")
    first = add_photo(folder, "a", cracks_file([crack(3.0), joint], [low(3.0)]))
    second = add_photo(folder, "b", cracks_file([wide], [alligator, medium], networks_m2=0.6))
    (section, other), notes = summed(folder, (first, 1, 1.0), (second, 1, 1.0))
    assert (section.photos, section.seen_area_m2) == (2, 24.0)
    assert (section.length_m, section.length_px) == (4.0, 2000.0)
    assert section.severity_length_m == {"low": 3.0, "medium": 1.0}
    assert section.class_length_m == {"longitudinal": 3.0, "transverse": 1.0}
    assert section.network_area_m2 == 0.6
    assert section.width_mean_mm == (3 * 5 + 1 * 20) / 4
    assert section.width_max_mm == 31.0
    assert section.severity == "medium"
    assert (section.cracking_percent, section.cracking_class) == (2.5, "good")
    rows = [(row.code, row.severity, row.amount, row.unit) for row in section.quantities]
    assert rows == [("1", "medium", 0.6, "m²"), ("10", "low", 3.0, "m"), ("10", "medium", 1.0, "m")]
    expected = cracking_pci(
        [
            Quantity("alligator", "medium", 0.6, "m²"),
            Quantity("longitudinal and transverse", "low", 3.0, "m"),
            Quantity("longitudinal and transverse", "medium", 1.0, "m"),
        ],
        24.0,
    )
    assert section.pci == pytest.approx(expected.pci, abs=0.05)
    assert section.pci_lowest < section.pci < section.pci_highest
    assert other == EMPTY[1]
    assert notes == [
        "The condition index is an estimate from cracks alone, of the road that photos show. In 1 of 1 "
        "sections that is less than a sample unit of ASTM D6433 (225 ± 90 m²)."
    ]


def test_photos_count_by_their_new_share(folder):
    record = add_photo(folder, "a", cracks_file([crack(2.0)], [low(2.0)], networks_m2=1.0))
    (section, _), _ = summed(folder, (record, 1, 0.25))
    assert (section.photos, section.seen_area_m2, section.length_m) == (1, 3.0, 0.5)
    assert section.quantities[0].amount == 0.5
    assert section.network_area_m2 == 0.25
    assert section.width_mean_mm == 5.0


def test_photos_that_show_nothing_new_do_not_count(folder):
    record = add_photo(folder, "a", cracks_file([crack(2.0)], [low(2.0)]))
    (section, _), _ = summed(folder, (record, 1, 0.0))
    assert section == EMPTY[0]


def test_a_clean_section_is_not_an_unseen_one(folder):
    record = add_photo(folder, "a", cracks_file([], []))
    (clean, unseen), _ = summed(folder, (record, 1, 1.0))
    assert (clean.photos, clean.length_m, clean.severity, clean.pci, clean.cracking_class) == (
        1,
        0.0,
        None,
        100.0,
        "good",
    )
    assert (clean.width_mean_mm, clean.width_max_mm) == (None, None)
    assert (unseen.photos, unseen.length_m, unseen.pci, unseen.cracking_class) == (0, None, None, None)


def test_doubtful_readings_make_the_range(folder):
    content = cracks_file([], [low(5.0)])
    content["readings"]["gravest"] = [
        quantity("longitudinal and transverse", "high", 5.0, "m", "10"),
    ]
    record = add_photo(folder, "a", content)
    (section, _), _ = summed(folder, (record, 1, 1.0))
    worst = cracking_pci([Quantity("longitudinal and transverse", "high", 5.0, "m")], 12.0).pci
    assert section.pci_lowest <= worst < section.pci - 5


def test_without_a_scale_there_are_pixels_alone(folder):
    content = cracks_file([crack(2.0, length_mm=None, severity=None)], [], scale=None, readings=None)
    record = add_photo(folder, "a", content, scale_source=None)
    (section, _), notes = summed(folder, (record, 1, 1.0))
    assert (section.photos, section.length_px) == (1, 1000.0)
    assert (section.length_m, section.seen_area_m2, section.pci, section.severity) == (None,) * 4
    assert "Photos without a scale: 1" in notes[0]


def test_another_standard_has_no_index(folder):
    fatigue = quantity("fatigue", "moderate", 3.0, "m²", "1")
    content = cracks_file([], [fatigue], networks_m2=3.0, standard="fhwa-ltpp", readings=None)
    record = add_photo(folder, "a", content)
    (section, _), notes = summed(folder, (record, 1, 1.0))
    assert section.pci is None
    assert (section.cracking_percent, section.cracking_class) == (25.0, "poor")
    assert section.severity == "moderate"
    assert notes == []


def test_a_crack_that_leaves_the_scale_has_no_metres(folder):
    beyond = crack(2.0, length_mm=None, width_mean_mm=None, width_max_mm=None, severity=None)
    record = add_photo(folder, "a", cracks_file([crack(1.0), beyond], [low(1.5)]))
    (section, _), _ = summed(folder, (record, 1, 1.0))
    assert (section.length_m, section.length_px) == (1.0, 1500.0)
    assert section.severity_length_m == {"low": 1.0}


def test_the_seen_area_of_an_oblique_photo_ends_with_its_scale(folder):
    """A pixel's side grows from 1 mm at the top; 2 mm at most count."""
    scale = {"matrix": [[1, 0, 0], [0, 1, 0], [0, -4e-4, 1]], "coarsest_millimetres_per_pixel": 2.0}
    record = add_photo(folder, "a", cracks_file([], [], scale=scale, width=1000, height=2000))
    (section, _), _ = summed(folder, (record, 1, 1.0))
    # A pixel's area is 1 / (1 - 4e-4 y)³ mm², below 4 mm² where 1 - 4e-4 y > 4^(-1/3): y < 925.
    last = (1 - 4 ** (-1 / 3)) / 4e-4
    expected_mm2 = 1000 * ((1 - 4e-4 * last) ** -2 - 1) / (2 * 4e-4)
    assert section.seen_area_m2 == pytest.approx(expected_mm2 / 1e6, rel=0.03)


def test_only_road_is_seen_area():
    """A region in the picture leaves a quarter of 12 m² out."""
    sums = SectionSums()
    sums.add(cracks_file([], [], networks_m2=0.9), share=0.5, road_share=0.75)
    assert sums.complete(EMPTY[0]).seen_area_m2 == 4.5
    assert sums.complete(EMPTY[0]).network_area_m2 == 0.45


def test_one_bad_file_is_one_named_failure(folder):
    good = add_photo(folder, "a", cracks_file([crack(2.0)], [low(2.0)]))
    bad = add_photo(folder, "b", cracks_file([crack(2.0)], [low(2.0)]))
    (folder.path / "cracks/b.json").write_text('{"format"')
    lacking = add_photo(folder, "c", {"format": "upcracknet cracks", "version": 1})
    unmeasured = add_photo(folder, "d", None)
    failed = add_photo(folder, "e", None, status="failed")
    (section, _), notes = summed(folder, *((one, 1, 1.0) for one in (good, bad, lacking, unmeasured, failed)))
    assert (section.photos, section.length_m) == (1, 2.0)
    assert "cracks are not measured, and do not count: 1." in notes[0]
    assert "cannot be read, and do not count: 2, the first cracks/b.json" in notes[1]


@pytest.mark.parametrize(
    ("percent", "word"),
    [(0, "good"), (4.99, "good"), (5, "fair"), (20, "fair"), (20.1, "poor"), (100, "poor")],
)
def test_classes_of_cracking(percent, word):
    """23 CFR 490.313 (b) (2) (i): below 5 good, 5 up to and with 20 fair, above poor."""
    assert cracking_class(float(percent)) == word
