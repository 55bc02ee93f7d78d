"""What a person says is saved, counts at once, and never overwrites what another tab said."""

import json
import threading

import numpy as np
import pytest
from tests.results.conftest import IN_MM, cracks, of, rows
from tests.serve.conftest import until
from tests.serve.review.conftest import NAME, as_png, decoded, line_mask, measures, send

from upcracknet.locks import claimed
from upcracknet.measure.scale import Scale
from upcracknet.measure.scale_file import SurveyScales
from upcracknet.results import MeasureOptions, read_results
from upcracknet.results.correcting import write_correction
from upcracknet.results.corrections import CORRECTION, Correction, read_correction
from upcracknet.results.effective_mask import effective_mask
from upcracknet.results.remeasuring import open_remeasuring
from upcracknet.serve.review import correction_paths, measurer


def mask_of(client, row: dict, of: str = "") -> np.ndarray:
    return decoded(client.get(f"/api/photos/{row['id']}/mask{of}").content) > 0


class TestDrawing:
    def test_a_drawn_mask_is_saved_beside_the_model_s(self, client, row, folder):
        before, models = row(), mask_of(client, row())
        answer = send(client, before, "corrected", line_mask(), note="  two cracks, not one ").json()
        measures(client, before)
        results = read_results(folder)
        correction = read_correction(results, NAME)
        assert (correction.status, correction.note) == ("corrected", "two cracks, not one")
        assert correction.source == "upcracknet review" and correction.time.endswith("+00:00")
        assert np.array_equal(mask_of(client, before), line_mask())
        assert np.array_equal(mask_of(client, before, "?of=model"), models)
        assert row()["revision"] == answer["photo"]["revision"] not in ("", before["revision"])

    def test_it_is_measured_at_once_as_before(self, client, row):
        """The oracle: a level bar of 60 pixels, at two millimetres a pixel."""
        send(client, row(), "corrected", line_mask())
        (crack,) = measures(client, row())["cracks"]
        assert crack["length_px"] == pytest.approx(60, abs=2)
        assert crack["length_mm"] == pytest.approx(2 * crack["length_px"], rel=1e-3)
        now = row()
        assert now["measured"] and now["crack_length_m"] == pytest.approx(0.12, abs=0.004)
        assert now["severity"] is not None

    def test_saving_does_not_wait_for_the_measures(self, client, row, folder, monkeypatch):
        """They hang: the answer is there all the same, and so is the correction."""
        go_on = threading.Event()
        real = measurer.measure_corrected

        def slow(name, results):
            go_on.wait(20)
            return real(name, results)

        monkeypatch.setattr(measurer, "measure_corrected", slow)
        monkeypatch.setattr(correction_paths, "MEASURE_SECONDS", 0.01)
        answer = send(client, row(), "corrected", line_mask())
        assert answer.status_code == 200 and not answer.json()["photo"]["measured"]
        assert read_correction(read_results(folder), NAME).status == "corrected"
        waiting = client.get(f"/api/photos/{row()['id']}/measures")
        assert (waiting.status_code, waiting.json()) == (202, {"pending": True, "why": None})
        go_on.set()
        until(lambda: row()["measured"])

    def test_what_another_program_saves_is_measured_when_it_is_asked_for(self, client, row, folder):
        before = measures(client, row())
        write_correction(read_results(folder), Correction(NAME, "rejected"))
        client.get("/api/survey")  # looks at the folder
        until(lambda: client.get(f"/api/photos/{row()['id']}/measures").status_code == 200)
        assert before["cracks"] and measures(client, row())["cracks"] == []

    def test_the_scale_and_all_settings_of_the_run_stay(self, start, folder, tmp_path):
        """The oracle: `measure` with the same options, after which nothing is left to do."""
        scale = Scale.from_rectangle(
            [(0.0, 0.0), (95.0, 0.0), (80.0, 63.0), (15.0, 63.0)], 400.0, 300.0, (64, 96), "a test"
        )
        SurveyScales(default=scale).write(tmp_path / "scale.json")
        options = MeasureOptions(
            scale=tmp_path / "scale.json", standard="fhwa-ltpp", direction=30.0, widths="mask",
            crack_pictures=True,
        )  # fmt: skip
        with open_remeasuring(folder, options) as remeasuring:
            remeasuring.run(lambda record: None)
        before = read_results(folder).record(NAME)
        client = start()
        row = next(row for row in client.get("/api/photos").json() if row["name"] == NAME)
        send(client, row, "corrected", line_mask())
        made = measures(client, row)
        assert (made["standard"], made["widths"]) == ("fhwa-ltpp", "mask")
        after = read_results(folder).record(NAME)
        checksum = after.measures.pop(CORRECTION)
        assert checksum and after.measures == before.measures and before.measures["direction"] == 30.0
        assert after.scale_source == before.scale_source and after.picture == before.picture
        # At the rectangle's far end a pixel is smaller than at its near end: no one factor gives this length.
        (crack,) = made["cracks"]
        ends = scale.to_road(np.array([[20.0, 11.5], [79.0, 11.5]]))
        assert crack["length_mm"] == pytest.approx(float(np.hypot(*(ends[1] - ends[0]))), rel=0.05)
        client.review.measurer.__exit__(None, None, None)
        with open_remeasuring(folder, options) as remeasuring:
            assert remeasuring.plan.to_measure == []

    def test_a_part_of_the_mask_takes_its_place(self, client, row):
        send(client, row(), "corrected", line_mask())
        part = np.ones((5, 7), bool)
        assert send(client, row(), "corrected", part, left="80", top="50").status_code == 200
        expected = line_mask()
        expected[50:55, 80:87] = True
        assert np.array_equal(mask_of(client, row()), expected)

    def test_a_note_alone_keeps_the_drawn_mask(self, client, row):
        send(client, row(), "corrected", line_mask())
        assert send(client, row(), "corrected", note="looked twice").json()["photo"]["note"] == "looked twice"
        assert np.array_equal(mask_of(client, row()), line_mask())

    def test_a_canvas_writes_four_channels(self, client, row):
        four = np.zeros((64, 96, 4), np.uint8)
        four[..., 2] = line_mask() * 255  # OpenCV's third channel is red
        four[..., 3] = 255
        import cv2

        content = cv2.imencode(".png", four)[1].tobytes()
        form = {"status": "corrected", "revision": ""}
        client.put(f"/api/photos/{row()['id']}/correction", data=form, files={"mask": ("m.png", content)})
        assert np.array_equal(mask_of(client, row()), line_mask())

    @pytest.mark.parametrize(
        ("mask", "more", "says"),
        [
            (np.zeros((60, 96), bool), {}, "96x60 pixels, expected 96x64"),
            (np.zeros((9, 9), bool), {"left": "90", "top": "0"}, "to x 99, y 9, expected within 96x64"),
            (np.zeros((9, 9), bool), {"left": "-1", "top": "0"}, "left"),
            (line_mask(), {"reason": "shadow"}, "a reason goes with the status `rejected`"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, client, row, folder, mask, more, says):
        answer = send(client, row(), "corrected", mask, **more)
        assert answer.status_code == 422 and says in answer.json()["detail"]
        assert not (folder / "corrections").exists()

    @pytest.mark.parametrize("content", [b"", b"no picture", as_png(line_mask())[:60], b"GIF89a" + bytes(40)])
    def test_a_damaged_mask_is_refused(self, client, row, folder, content):
        form = {"status": "corrected", "revision": ""}
        answer = client.put(
            f"/api/photos/{row()['id']}/correction", data=form, files={"mask": ("m.png", content)}
        )
        assert answer.status_code == 422 and "mask" in answer.json()["detail"]
        assert not (folder / "corrections").exists()


class TestSaying:
    def test_accepting_changes_no_measure(self, client, row):
        before = row()
        send(client, before, "accepted")
        measures(client, before)
        now = row()
        assert now["review_status"] == "accepted" and now["measured"]
        assert now["crack_length_m"] == before["crack_length_m"] > 0

    def test_a_rejected_photo_has_no_cracks(self, client, row, folder):
        send(client, row(), "rejected", reason="shadow", note="of a tree")
        assert measures(client, row())["cracks"] == []
        assert (row()["reason"], row()["crack_length_m"]) == ("shadow", 0)
        assert not mask_of(client, row()).any()

    def test_json_does_as_well_as_a_form(self, client, row):
        said = {"status": "rejected", "reason": "joint", "note": None, "revision": ""}
        assert client.put(f"/api/photos/{row()['id']}/correction", json=said).status_code == 200
        assert row()["reason"] == "joint"

    def test_withdrawing_leads_back_to_the_model(self, client, row):
        before, models = row(), mask_of(client, row())
        send(client, before, "corrected", line_mask())
        answer = client.delete(f"/api/photos/{before['id']}/correction?revision={row()['revision']}")
        assert answer.json()["photo"]["revision"] == ""
        measures(client, before)
        assert row() == before
        assert np.array_equal(mask_of(client, before), models)

    @pytest.mark.parametrize(
        "said", [{"status": "wrong"}, {"status": "rejected", "reason": "snow"}, {}, {"note": "x" * 5000}]
    )
    def test_unknown_words_are_refused(self, client, row, said):
        answer = client.put(f"/api/photos/{row()['id']}/correction", json=said)
        assert answer.status_code == 422 and isinstance(answer.json()["detail"], str)


class TestTwoTabs:
    def test_the_slower_one_gets_409_and_changes_nothing(self, client, row, folder):
        seen = row()
        assert send(client, seen, "corrected", line_mask()).status_code == 200
        measures(client, seen)  # from here on nothing changes by itself
        saved = row()
        assert saved["review_status"] == "corrected"
        slower = send(client, seen, "rejected", reason="shadow")
        assert slower.status_code == 409
        assert slower.json()["photo"] == row() == saved
        again = send(client, slower.json()["photo"], "rejected", reason="shadow")
        assert again.status_code == 200 and row()["review_status"] == "rejected"

    def test_withdrawing_too(self, client, row):
        seen = row()
        send(client, seen, "accepted")
        assert client.delete(f"/api/photos/{seen['id']}/correction?revision=").status_code == 409
        assert row()["review_status"] == "accepted"

    def test_another_program_is_seen(self, client, row, folder):
        """`upcracknet import`, say, while the page is open."""
        seen = row()
        write_correction(read_results(folder), Correction(NAME, "rejected", "sealed", time="x"))
        assert send(client, seen, "accepted").status_code == 409
        assert row()["reason"] == "sealed"

    def test_tabs_know_of_each_other(self, client):
        first, second = (client.get("/api/survey").json()["session"] for _ in range(2))
        assert first != second

        def others(session, photo):
            answer = client.post("/api/presence", json={"session": session, "photo": photo}).json()
            return answer["others"], answer["on_this_photo"]

        assert others(first, 1) == (0, 0)
        assert others(second, 2) == (1, 0)
        assert others(second, 1) == (1, 1)
        assert others(first, None) == (1, 0)


class TestMeasuring:
    def test_tables_are_written_when_the_server_stops(self, start, folder, row, client):
        before = rows(folder)
        send(client, row(), "rejected", reason="object")
        client.review.measurer.__exit__(None, None, None)
        now = rows(folder)
        assert now[NAME]["review_status"] == "rejected" and now[NAME]["crack_count"] == "0"
        assert {name: values for name, values in now.items() if name != NAME} == {
            name: values for name, values in before.items() if name != NAME
        }
        assert NAME not in {crack["name"] for crack in cracks(folder)}

    def test_measuring_with_the_same_options_finds_nothing_to_do(self, client, row, folder):
        send(client, row(), "corrected", line_mask())
        client.review.measurer.__exit__(None, None, None)
        with open_remeasuring(folder, IN_MM) as remeasuring:
            assert remeasuring.plan.to_measure == []

    def test_nobody_is_kept_out_while_it_is_only_looked_at(self, client, row, folder):
        client.get(f"/api/photos/{row()['id']}/thumbnail")
        with claimed(folder / ".upcracknet" / "lock") as holder:
            assert holder is None

    def test_while_another_program_works_the_correction_is_saved_and_measured_later(
        self, client, row, folder, monkeypatch
    ):
        monkeypatch.setattr(client.review.measurer, "retry_seconds", 0.05)
        with claimed(folder / ".upcracknet" / "lock") as holder:
            assert holder is None
            assert send(client, row(), "corrected", line_mask()).status_code == 200
            assert read_correction(read_results(folder), NAME).status == "corrected"
            waiting = client.get(f"/api/photos/{row()['id']}/measures")
            assert waiting.status_code == 202 and "in work by process" in waiting.json()["why"]
            assert not row()["measured"]
        until(lambda: row()["measured"])

    def test_what_was_not_measured_is_at_the_next_start(self, start, folder):
        write_correction(read_results(folder), Correction(NAME, "corrected", time="x"), line_mask())
        client = start()
        assert client.review.measurer.wait(NAME, 10.0)
        assert client.review.photos.named(NAME).measured

    def test_a_photo_that_is_gone_is_measured_by_its_mask(self, client, row, folder, tmp_path):
        (tmp_path / "photos" / NAME).unlink()
        send(client, row(), "corrected", line_mask())
        assert len(measures(client, row())["cracks"]) == 1
        assert "measured by the mask alone" in row()["warning"]

    def test_the_way_a_photo_was_measured_stays_when_it_cannot_be(self, client, row, folder):
        before = json.loads((folder / "records" / f"{NAME}.json").read_text())
        (folder / before["mask"]).write_bytes(b"no picture")
        send(client, row(), "accepted")
        answer = client.get(f"/api/photos/{row()['id']}/measures")
        assert answer.status_code == 404 and "not measured" in answer.json()["detail"]
        assert json.loads((folder / "records" / f"{NAME}.json").read_text()) == before

    def test_the_mask_counts_in_what_others_read(self, client, row, folder):
        send(client, row(), "corrected", line_mask())
        measures(client, row())
        results = read_results(folder)
        record = of([*results.records()])[NAME]
        assert record.crack_pixels == line_mask().sum()
        assert np.array_equal(effective_mask(results, record, read_correction(results, NAME)), line_mask())


def test_a_note_with_control_signs_is_refused_and_one_of_several_lines_is_not(client, row, folder):
    send(client, row(), "rejected", note="first\r\n\tline")
    assert send(client, row(), "rejected", note="a\0b").status_code == 422
    assert read_correction(read_results(folder), NAME).note == "first\r\n\tline"
