from hypothesis import given
from hypothesis import strategies as st

from upcracknet.results.names import photo_names


def test_names_are_below_the_common_folder_with_their_suffix():
    assert photo_names(["/p/day-0/a.jpg", "/p/day-1/b/a.png"], {}, set()) == {
        "/p/day-0/a.jpg": "day-0/a.jpg", "/p/day-1/b/a.png": "day-1/b/a.png",
    }  # fmt: skip
    assert photo_names(["s3://roads/2026/a.jpg"], {}, set()) == {"s3://roads/2026/a.jpg": "a.jpg"}


def test_photos_of_this_machine_and_of_others_can_be_named_together():
    addresses = ["/photos/a.jpg", "s3://roads/2026/a.jpg", "https://example.org/b.jpg"]
    found = photo_names(addresses, {}, set())
    names = [found[address] for address in addresses]
    assert names == ["photos/a.jpg", "roads/2026/a.jpg", "example.org/b.jpg"]


def test_a_name_that_another_photo_has_gets_a_number():
    taken = {"a.jpg"}
    assert photo_names(["/p/A.jpg"], {}, taken) == {"/p/A.jpg": "A.jpg~2"}
    assert taken == {"a.jpg", "a.jpg~2"}


def test_a_photo_keeps_the_name_that_it_has():
    found = photo_names(["/p/q/a.jpg", "/p/r/b.jpg"], {"/p/q/a.jpg": "a.jpg"}, {"a.jpg"})
    assert found == {"/p/q/a.jpg": "a.jpg", "/p/r/b.jpg": "r/b.jpg"}


@given(st.lists(st.text("aA~/.道\udcff", min_size=1, max_size=120), min_size=1, max_size=6, unique=True))
def test_no_two_photos_share_a_name_and_each_fits_a_disk(names):
    addresses = ["/photos/" + name.strip("/.") + "x" for name in names]
    found = photo_names([*dict.fromkeys(addresses)], {}, set())
    assert len({name.casefold() for name in found.values()}) == len(found)
    for name in found.values():
        assert all(len(part.encode()) <= 220 for part in name.split("/"))
