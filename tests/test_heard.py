import logging
import threading
import warnings

import cv2
import numpy as np
import pytest
from PIL import Image

from upcracknet.data.photo import load_photo
from upcracknet.files import without_warnings
from upcracknet.heard import MOST, hearing
from upcracknet.results import DetectionOptions, open_detection


@pytest.fixture(autouse=True)
def as_in_use():
    """Warnings are shown, not raised, and where they are shown is put back."""
    before = warnings.showwarning
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        yield
    warnings.showwarning = before


def odd_photo(path):
    """A photo that Pillow reads, with EXIF that it warns of: it ends within a tag."""
    road = np.random.default_rng(0).integers(90, 160, (64, 80, 3), np.uint8)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + b"\x03\0" + b"\x0f\x01\x02\0\x40\0\0\0\x90\0\0\0"
    Image.fromarray(road).save(path, exif=exif)
    return path


def test_each_text_is_heard_once_and_only_while_it_is_asked_for():
    with hearing() as heard:
        for _ in range(2):
            warnings.warn("odd; quite odd", stacklevel=1)
        for number in range(2 * MOST):
            warnings.warn(f"more {number}", stacklevel=1)
    assert heard[0] == "UserWarning: odd, quite odd"
    assert len(heard) == MOST
    with pytest.warns(UserWarning, match="later"):
        warnings.warn("later", stacklevel=1)
    assert len(heard) == MOST


def test_threads_hear_their_own():
    both, found = threading.Barrier(2), {}

    def read(name):
        with hearing() as heard:
            both.wait()
            warnings.warn(f"of {name}", stacklevel=1)
            logging.getLogger("rasterio._env").warning("CPLE_AppDefined in %s", name)
            both.wait()
        found[name] = heard

    threads = [threading.Thread(target=read, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {
        name: [f"UserWarning: of {name}", f"GDAL: CPLE_AppDefined in {name}"] for name in ("a", "b")
    }


def test_what_is_of_no_photo_goes_where_it_went(monkeypatch):
    shown = []
    monkeypatch.setattr(warnings, "showwarning", lambda message, *rest: shown.append(str(message)))
    with hearing():
        pass
    warnings.warn("of no photo", stacklevel=1)
    assert shown == ["of no photo"]


def test_what_is_left_out_elsewhere_is_heard_of_a_photo(tmp_path, capsys):
    photo = odd_photo(tmp_path / "odd.jpg")
    load_photo(photo)
    assert capsys.readouterr().err == ""
    with hearing() as heard:
        load_photo(photo)
    assert heard and all(text.startswith("Pillow: ") for text in heard)
    with hearing() as heard, without_warnings(DeprecationWarning):
        warnings.warn("left out", DeprecationWarning, stacklevel=1)
    assert heard == []


def test_records_show_what_was_heard_of_their_photo(tmp_path, capsys):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("odd-1.jpg", "odd-2.jpg"):
        odd_photo(folder / name)
    cv2.imwrite(str(folder / "sound.png"), np.random.default_rng(0).integers(90, 160, (64, 80, 3)))
    options = DetectionOptions("sauvola", runtime="torch")
    with open_detection([str(folder)], tmp_path / "out", options, None) as detection:
        found = {record.name: record.warning for record in detection.records()}
    assert found["sound.png"] is None or "Pillow" not in found["sound.png"]
    assert all("Pillow: " in found[name] for name in ("odd-1.jpg", "odd-2.jpg"))
    assert "EXIF" not in capsys.readouterr().err
