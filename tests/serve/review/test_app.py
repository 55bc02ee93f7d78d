"""The page's lists, its map, and who may ask."""

import json

import pytest
from starlette.testclient import TestClient
from tests.serve.review.conftest import NAME, as_png, line_mask, send

from upcracknet.results import read_results
from upcracknet.results.correcting import write_correction
from upcracknet.results.corrections import OUTDATED, Correction, read_correction
from upcracknet.results.suggesting import suggest
from upcracknet.serve.review.app import review_app
from upcracknet.serve.review.review import Review
from upcracknet.survey.records import Position, Section, Survey, SurveyPhoto
from upcracknet.survey.survey_file import write_survey


class TestRows:
    def test_they_say_what_the_records_say(self, client, folder):
        rows = client.get("/api/photos").json()
        assert [row["name"] for row in rows] == sorted(row["name"] for row in rows) and len(rows) == 6
        for row in rows:
            record = json.loads((folder / "records" / f"{row['name']}.json").read_text())
            for field in ("status", "width", "height", "severity", "crack_length_m", "area_share"):
                assert row[field] == record[field]
            assert row["review_status"] is None and row["revision"] == "" and row["measured"]
            assert client.get(f"/api/photos/{row['id']}").json() == row

    def test_only_what_has_changed(self, client, row):
        revision = client.get("/api/survey").json()["revision"]
        assert client.get(f"/api/photos?since={revision}").json() == []
        send(client, row(), "accepted")
        changed = client.get(f"/api/photos?since={revision}").json()
        assert [row["name"] for row in changed] == [NAME]
        assert client.get("/api/survey").json()["revision"] > revision

    def test_photos_that_are_added_or_deleted_meanwhile(self, client, folder):
        """By `detect` in the same folder: numbers of the others stay."""
        before = {row["name"]: row["id"] for row in client.get("/api/photos").json()}
        record = json.loads((folder / "records" / f"{NAME}.json").read_text())
        (folder / "records" / f"{NAME}.json").unlink()
        new = record | {"name": "day-0/00.png", "status": "failed", "error": "no photo", "mask": None}
        (folder / "records" / "day-0/00.png.json").write_text(json.dumps(new))
        now = {row["name"]: row["id"] for row in client.get("/api/photos").json()}
        assert now.pop("day-0/00.png") == 6
        assert now == {name: number for name, number in before.items() if name != NAME}
        assert client.get(f"/api/photos/{before[NAME]}").status_code == 404
        assert client.get("/api/photos/6/mask").json()["detail"].endswith("no photo")

    def test_a_damaged_correction_is_said(self, client, row, folder):
        (folder / "corrections/day-0").mkdir(parents=True)
        (folder / "corrections" / f"{NAME}.json").write_text("{}")
        assert "no correction of version 1" in row()["warning"]

    def test_doubt_is_worked_out(self, client):
        assert {row["doubt"] for row in client.get("/api/photos").json()} == {None}
        client.review.work_out_doubts()
        assert all(0 <= row["doubt"] <= 1 for row in client.get("/api/photos").json())

    def test_suggestions(self, client, folder):
        write_correction(read_results(folder), Correction(NAME, "accepted", time="x"))
        names = suggest(read_results(folder), 3)
        assert len(names) == 3 and NAME not in names
        client.review.photos.suggested = names
        rows = {row["id"]: row for row in client.get("/api/photos").json()}
        numbers = client.get("/api/survey").json()["suggested"]
        assert [rows[number]["name"] for number in numbers] == names
        assert [rows[number]["suggested"] for number in numbers] == [1, 2, 3]

    def test_no_such_photo(self, client):
        for address in ("/api/photos/99", "/api/photos/-1", "/api/photos/99/thumbnail", "/api/photos/x"):
            answer = client.get(address)
            assert answer.status_code in (404, 422) and isinstance(answer.json()["detail"], str)


class TestMap:
    def test_without_one(self, client):
        assert client.get("/api/survey").json()["has_map"] is False
        assert client.get("/api/map").status_code == 404

    @pytest.fixture
    def mapped(self, folder):
        results = read_results(folder)
        photos = [
            SurveyPhoto(
                record,
                Position(48.0, 11.0 + number / 1000, "exif", "photo"),
                section=1,
                chainage_m=float(number),
            )
            for number, record in enumerate(results.records())
        ]
        section = Section(1, 0.0, 100.0, ((11.0, 48.0), (11.01, 48.0)), 6, length_m=1.5, pci=88.0)
        write_survey(results, Survey((*photos[:5], SurveyPhoto(photos[5].record)), (section,), {}))
        cracks = {"type": "FeatureCollection", "features": []}
        (folder / "cracks.geojson").write_text(json.dumps(cracks))
        return cracks

    def test_photos_sections_and_cracks(self, mapped, client):
        content = client.get("/api/map").json()
        assert client.get("/api/survey").json()["has_map"] is True
        points = content["photos"]["features"]
        assert [point["geometry"]["coordinates"] for point in points] == [
            [pytest.approx(11 + number / 1000), 48.0] for number in range(5)
        ]
        assert [point["properties"]["id"] for point in points] == [0, 1, 2, 3, 4]
        (section,) = content["sections"]["features"]
        assert section["geometry"]["coordinates"] == [[11.0, 48.0], [11.01, 48.0]]
        assert section["properties"]["pci"] == 88.0
        assert content["cracks"] == mapped and content["outdated"] is None

    def test_rows_have_their_places(self, mapped, client, row):
        rows = client.get("/api/photos").json()
        assert [row["chainage_m"] for row in rows] == [0, 1, 2, 3, 4, None]
        assert rows[5]["latitude"] is None and rows[0]["section"] == 1

    def test_a_damaged_survey_costs_only_the_map(self, folder, client):
        (folder / "survey.json").write_text("{")
        assert len(client.get("/api/photos").json()) == 6
        answer = client.get("/api/map")
        assert answer.status_code == 422 and "survey.json" in answer.json()["detail"]


class TestAccess:
    def test_the_address_with_its_token_lets_in(self, start):
        client = start(token="secret")
        assert client.get("/api/survey").status_code == 401
        answer = client.get("/?token=secret", follow_redirects=False)
        assert answer.status_code == 303 and answer.headers["location"] == "/"
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=strict" in cookie
        assert client.get("/api/survey").status_code == 200

    @pytest.mark.parametrize("token", ["", "wrong", "secre", "sécret"])
    def test_another_token_does_not(self, start, token):
        client = start(token="secret")
        assert client.get(f"/?token={token}", follow_redirects=False).status_code == 401
        assert client.get("/api/photos").status_code == 401

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/api/photos"), ("GET", "/api/photos/0"), ("GET", "/api/photos/0/mask"),
            ("GET", "/api/photos/0/thumbnail"), ("GET", "/api/photos/0/tiles/0/0/0"), ("GET", "/api/map"),
            ("GET", "/api/photos/0/measures"), ("PUT", "/api/photos/0/correction"),
            ("DELETE", "/api/photos/0/correction"), ("POST", "/api/presence"),
        ],
    )  # fmt: skip
    def test_nothing_of_the_survey_goes_out_without_it(self, start, method, path):
        assert start(token="secret").request(method, path).status_code == 401

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"Host": "evil.example"}, 421),
            ({"Origin": "http://evil.example"}, 403),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
        ],
    )
    def test_other_sites_are_refused(self, client, row, headers, status, folder):
        """DNS rebinding, and posts of another site's page."""
        said = {"status": "rejected", "revision": ""}
        answer = client.put(f"/api/photos/{row()['id']}/correction", json=said, headers=headers)
        assert answer.status_code == status and not (folder / "corrections").exists()

    @pytest.mark.parametrize("path", ["/page/../app.py", "/page/..%2fapp.py", "/page/%2e%2e/app.py"])
    def test_no_file_beside_the_page(self, client, path):
        assert client.get(path).status_code == 404

    def test_a_body_that_is_too_large(self, client, row, folder):
        answer = client.put(
            f"/api/photos/{row()['id']}/correction",
            content=bytes(65_000_000),
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == 413 and not (folder / "corrections").exists()


def test_an_answer_to_a_mask_that_is_replaced_later_is_asked_for_again(client, row, folder):
    """Also where record and correction stay as they were when they were read."""
    write_correction(read_results(folder), Correction(NAME, "accepted"))
    assert row()["review_status"] == "accepted"
    mask = folder / "masks" / f"{NAME}.png"
    mask.write_bytes(as_png(line_mask()))
    assert row()["review_status"] is None
    assert OUTDATED in row()["warning"]


def test_what_was_drawn_on_another_photo_of_the_name_is_not_shown(client, row, folder):
    models = client.get(f"/api/photos/{row()['id']}/mask").content
    send(client, row(), "corrected", line_mask())
    path = folder / "corrections" / f"{NAME}.json"
    said = json.loads(path.read_bytes())
    path.write_text(json.dumps(said | {"photo_bytes": "7"}))
    assert row()["review_status"] is None and OUTDATED in row()["warning"]
    assert client.get(f"/api/photos/{row()['id']}/mask").content == models
    # A new answer takes its place.
    assert send(client, row(), "rejected", reason="joint").status_code == 200
    assert row()["review_status"] == "rejected" and OUTDATED not in str(row()["warning"])


def test_a_mask_that_the_person_has_not_seen_is_not_accepted(client, row, folder):
    """`detect` replaced it while the photo was open."""
    seen = row()
    (folder / "masks" / f"{NAME}.png").write_bytes(as_png(line_mask()))
    answer = send(client, seen, "accepted", mask_stamp=seen["mask_stamp"])
    assert answer.status_code == 409
    assert read_correction(read_results(folder), NAME) is None
    now = answer.json()["photo"]
    assert now["mask_stamp"] != seen["mask_stamp"] and now["revision"] == seen["revision"]
    assert send(client, now, "accepted", mask_stamp=now["mask_stamp"]).status_code == 200


def test_the_address_that_a_browser_is_started_with_counts_once(folder):
    """Others of the machine can read it in the list of processes."""
    review = Review(folder)
    with review.measurer:
        app = review_app(review, "secret", "once")
        browser, other = (TestClient(app, base_url="http://127.0.0.1:8000") for _ in range(2))
        assert browser.get("/?token=once", follow_redirects=False).status_code == 303
        assert browser.get("/api/survey").status_code == 200
        assert other.get("/?token=once", follow_redirects=False).status_code == 401
        assert other.get("/?token=secret", follow_redirects=False).status_code == 303
