"""Videos: the right frames at the right times, upright, each a photo like any other."""

from contextlib import closing
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

pytest.importorskip("av")

from tests.results.conftest import LIGHT, content, of
from tests.results.videos import (
    HEIGHT,
    IRREGULAR,
    METRES_PER_DEGREE,
    STEADY,
    WIDTH,
    grey,
    write_sound,
    write_video,
)  # fmt: skip

from upcracknet.errors import ConfigurationError, DataError, PhotoError
from upcracknet.results import MeasureOptions, open_detection, read_results
from upcracknet.results import video as video_module
from upcracknet.results.video import read_frames, read_timeline


def with_options(**options):
    return replace(LIGHT, **options)


def read(path, milliseconds):
    return dict(read_frames(path, milliseconds))


def brightness(frame):
    return float(np.median(frame))


def gpx(path, metres_by_second):
    points = "".join(
        f'<trkpt lat="{45 + m / METRES_PER_DEGREE:.8f}" lon="7"><time>2024-05-01T10:00:{s:02}Z</time></trkpt>'
        for s, m in enumerate(metres_by_second)
    )
    path.write_text(
        f'<gpx xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>{points}</trkseg></trk></gpx>'
    )
    return path


class TestReading:
    def test_times_are_those_of_presentation(self, tmp_path):
        assert read_timeline(write_video(tmp_path / "a.mp4", IRREGULAR)).milliseconds == tuple(IRREGULAR)

    @pytest.mark.parametrize(
        ("name", "codec"),
        [("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.ts", "libx264"), ("a.avi", "mpeg4")],
    )
    def test_each_frame_is_the_one_of_its_time(self, tmp_path, name, codec):
        path = write_video(tmp_path / name, STEADY, codec=codec)
        assert read_timeline(path).milliseconds == tuple(STEADY)
        frames = read(path, [400, 440, 2000, 3960])
        expected = [grey(at // 40) for at in (400, 440, 2000, 3960)]
        assert [brightness(frame) for frame in frames.values()] == pytest.approx(expected, abs=6)

    @pytest.mark.parametrize(
        ("rotation", "corner"), [(0, (0, 0)), (90, (-1, 0)), (180, (-1, -1)), (-90, (0, -1))]
    )
    def test_frames_are_upright(self, tmp_path, rotation, corner):
        path = write_video(tmp_path / "a.mp4", [0, 40, 80], rotation=rotation)
        frame = read(path, [40])[40]
        assert frame.shape == ((WIDTH, HEIGHT, 3) if rotation % 180 else (HEIGHT, WIDTH, 3))
        red, green, _ = frame[corner]
        assert red > 180 and green < 90

    def test_a_track_of_sound_alone(self, tmp_path):
        with pytest.raises(PhotoError, match=r"sound.mp4: has no video in it"):
            read_timeline(write_sound(tmp_path / "sound.mp4"))

    def test_a_playlist_does_not_lead_elsewhere(self, tmp_path):
        write_video(tmp_path / "secret.ts", STEADY)
        (tmp_path / "a.mp4").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nsecret.ts\n")
        with pytest.raises(PhotoError, match="cannot be read as a video"):
            read_timeline(tmp_path / "a.mp4")

    def test_without_pyav(self, tmp_path, monkeypatch):
        monkeypatch.setattr(video_module, "find_spec", lambda name: None)
        with pytest.raises(ConfigurationError, match=r"pip install 'upcracknet\[video\]'"):
            read_timeline(write_video(tmp_path / "a.mp4", STEADY))


class TestResults:
    def test_frames_are_photos_with_times(self, detect, tmp_path):
        video = write_video(tmp_path / "drive.mp4", STEADY)
        records, counts = detect(video)
        assert (counts.photos, counts.done) == (4, 4)
        found = of(records)
        assert [*found] == [f"drive.mp4/{second}000ms".replace("/", "/00000") for second in range(4)]
        record = found["drive.mp4/000002000ms"]
        assert record.taken_at == "2024-05-01T10:00:02.000Z" and record.photo == f"{video}/000002000ms"
        assert (record.width, record.height) == (WIDTH, HEIGHT) and record.crack_length_px > 50
        assert (tmp_path / "out" / "overlays" / "drive.mp4" / "000002000ms.jpg").exists()
        assert not (tmp_path / "out" / "frames").exists()
        assert detect(video)[0] == []

    def test_frames_are_kept_where_asked(self, detect, tmp_path):
        video = write_video(tmp_path / "drive.mp4", STEADY)
        detect(video)
        records, _ = detect(video, options=with_options(keep_frames=True))
        assert [record.frame for record in records][:1] == ["frames/drive.mp4/000000000ms.jpg"]
        assert all((tmp_path / "out" / record.frame).exists() for record in records)

    def test_an_interrupted_run_goes_on_to_the_same_results(self, detect, tmp_path):
        video = write_video(tmp_path / "drive.mp4", STEADY)
        detect(video, out=tmp_path / "whole", options=with_options(every="0.2s"))
        with (
            open_detection([str(video)], tmp_path / "out", with_options(every="0.2s")) as detection,
            closing(detection.records()) as records,
        ):
            assert next(records).status == "done"
        records, counts = detect(video, options=with_options(every="0.2s"))
        assert 0 < len(records) < 20 and counts.photos == 20
        assert content(tmp_path / "out") == content(tmp_path / "whole")

    def test_measured_again_from_the_video(self, detect, measure, tmp_path):
        video = write_video(tmp_path / "drive.mp4", STEADY)
        first, _ = detect(video)
        again, _, _ = measure(MeasureOptions(), overwrite=True)
        assert again == sorted(first, key=lambda record: record.name)
        video.unlink()
        again, _, _ = measure(MeasureOptions(), overwrite=True)
        assert all("by the mask alone" in record.measure_warning for record in again)

    def test_moved_together(self, detect, measure, tmp_path):
        (tmp_path / "a").mkdir()
        detect(write_video(tmp_path / "a" / "drive.mp4", STEADY), out=tmp_path / "a" / "out")
        (tmp_path / "a").rename(tmp_path / "b")
        again, _, _ = measure(MeasureOptions(), tmp_path / "b" / "out", overwrite=True)
        assert [record.measure_warning for record in again] == [None] * 4

    def test_by_distance_from_a_gpx_file(self, detect, tmp_path):
        video = write_video(tmp_path / "drive.mp4", STEADY)
        road = gpx(tmp_path / "track.gpx", [0, 10, 20, 30, 40])
        _, counts = detect(video, options=with_options(every="5m"), measure=MeasureOptions(gpx=road))
        assert counts.done == 8

    def test_a_broken_file_gives_what_can_be_read(self, detect, tmp_path):
        whole = write_video(tmp_path / "a.mp4", STEADY, options={"movflags": "faststart"}).read_bytes()
        (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) * 2 // 3])
        records, counts = detect(tmp_path / "cut.mp4")
        assert counts.done == 3
        assert "is cut off: its header tells 4.0 s, and 2." in records[0].warning
        assert [record.warning for record in records[1:]] == [None, None]

    def test_a_broken_video_costs_no_other(self, detect, tmp_path):
        good = write_video(tmp_path / "good.mp4", STEADY)
        whole = write_video(tmp_path / "tail.mp4", STEADY).read_bytes()
        (tmp_path / "headless.mp4").write_bytes(whole[: len(whole) // 2])  # the camera lost power
        records, counts = detect(
            good, tmp_path / "headless.mp4", tmp_path / "gone.mp4", write_sound(tmp_path / "s.mp4")
        )
        assert (counts.done, counts.failed) == (4, 3)
        errors = {name: record.error for name, record in of(records).items() if record.error}
        assert "cannot be read as a video" in errors["headless.mp4"]
        assert "no such file" in errors["gone.mp4"]
        assert "has no video in it" in errors["s.mp4"]

    def test_a_failure_is_over_once_there_are_frames(self, detect, tmp_path):
        """By distance it fails, as it says no time; by time it does not, and counts no longer as failed."""
        video = write_video(tmp_path / "a.mp4", STEADY, began=None)
        measure = MeasureOptions(gpx=gpx(tmp_path / "a.gpx", range(0, 50, 10)))
        _, counts = detect(video, options=with_options(every="2m"), measure=measure)
        assert (counts.photos, counts.failed) == (1, 1)
        detect(video, options=with_options(every="1s"))
        names = [record.name for record in read_results(tmp_path / "out").records()]
        assert len(names) == 4 and "a.mp4" not in names

    def test_a_name_with_a_line_break(self, detect, tmp_path):
        _, counts = detect(write_video(tmp_path / "a\nb.mp4", STEADY))
        assert (counts.done, counts.failed) == (4, 0)

    def test_damage_in_the_middle(self, tmp_path):
        path = write_video(tmp_path / "a.ts", STEADY)
        damaged = bytearray(path.read_bytes())
        middle = len(damaged) // 2
        damaged[middle : middle + 2000] = bytes(2000)
        path.write_bytes(damaged)
        wanted = read_timeline(path).milliseconds
        frames = read(path, wanted)
        assert [*frames] == [*wanted]
        good = [at for at, frame in frames.items() if not isinstance(frame, PhotoError)]
        assert min(good) == 0 and max(good) == 3960 and len(good) > 60

    def test_a_video_that_changes_meanwhile(self, detect, tmp_path):
        video = write_video(tmp_path / "drive.mp4", STEADY)
        detect(video)
        write_video(video, range(0, 3000, 40))
        records, counts = detect(video)
        assert len(records) == counts.done == 3

    def test_videos_in_folders_are_left_out(self, detect, photos, tmp_path):
        write_video(photos / "drive.mp4", STEADY)
        _, counts = detect(photos)
        assert counts.photos == 6

    def test_a_folder_of_videos_says_what_to_do(self, detect, tmp_path):
        (tmp_path / "films").mkdir()
        write_video(tmp_path / "films" / "drive.mp4", STEADY)
        with pytest.raises(DataError, match=r"1 \.mp4; name videos themselves"):
            detect(tmp_path / "films")


@pytest.mark.parametrize("aspect", [1_000_000, 9, -2, "1/1000"])
def test_pixels_of_impossible_shapes_are_one_named_failure(tmp_path, monkeypatch, aspect):
    path = write_video(tmp_path / "a.mp4", STEADY[:3])

    class Stream:
        sample_aspect_ratio = Fraction(aspect)

    decoded = video_module._decoded

    def stretched(*arguments):
        yield from ((at, frame, Stream()) for at, frame, _ in decoded(*arguments))

    monkeypatch.setattr(video_module, "_decoded", stretched)
    ((_, frame),) = read_frames(path, [0])
    assert isinstance(frame, PhotoError)
    assert "times as wide as high" in str(frame)


@pytest.mark.parametrize("began", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_beginning_far_away_is_none(tmp_path, began):
    assert read_timeline(write_video(tmp_path / "a.mkv", STEADY[:3], began=began)).began is None
