"""Requests that the page never sends. None is answered 5xx, none reaches a file beside the page's own."""

import json

import pytest
from tests.serve.review.conftest import as_png, line_mask

OF_A_PHOTO = ("mask", "score", "measures", "thumbnail", "tiles/0/0/0", "correction")
NUMBERS = (
    *("..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "0%2f..%2f1", "%00", "-1", "1e3", "0x0", "9" * 5000),
    *("NaN", "½", "٣٣"),
)


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_that_are_none(client, number):
    for what in OF_A_PHOTO:
        assert client.get(f"/api/photos/{number}/{what}").status_code in (400, 404, 405, 414, 422), what


@pytest.mark.parametrize("place", ["9" * 5000, "-9", "0%2f0", "%2e%2e", "NaN", "1.5"])
def test_tiles_that_are_none(client, place):
    for address in (f"{place}/0/0", f"0/{place}/0", f"0/0/{place}"):
        assert client.get(f"/api/photos/0/tiles/{address}").status_code in (404, 422)


@pytest.mark.parametrize(
    "path",
    [
        "..%2fapp.py", "%2e%2e%2fapp.py", "..%5capp.py", "%2fetc%2fpasswd", "//etc/passwd", "main.js%00.css",
        "%00", "....//app.py", "%252e%252e/app.py", "main.js/../../app.py", "n" * 5000, "", ".",
        "%2e%2e/%2e%2e/__init__.py",
    ],
)  # fmt: skip
@pytest.mark.parametrize("shared", ["page", "leaflet"])
def test_no_file_beside_the_page_s(client, shared, path):
    answer = client.get(f"/{shared}/{path}", follow_redirects=False)
    assert answer.status_code in (307, 400, 404)
    assert "import" not in answer.text and "root:" not in answer.text


@pytest.mark.parametrize(
    "content",
    [
        b'{"status": NaN}', b'{"status": "rejected", "note": NaN}',
        b'{"status": "corrected", "left": NaN, "top": 0}', b'{"status": "corrected", "left": Infinity}',
        b'{"status": "corrected", "left": 1e400, "top": -1e400}',
        b"[" * 200_000, b'{"status":' * 50_000, b"\xff\xfe\x00", b"null", b'"accepted"', b"",
        b'{"status": "accepted", "revision": {"a": 1}}', b'{"status": "accepted", "note": "\\ud800"}',
    ],
)  # fmt: skip
def test_json_that_says_nothing(client, row, folder, content):
    answer = client.put(
        f"/api/photos/{row()['id']}/correction",
        content=content,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code in (400, 422) and isinstance(answer.json()["detail"], str)
    json.loads(answer.text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert not (folder / "corrections").exists()


@pytest.mark.parametrize(
    "content", [b'{"session": "a", "photo": NaN}', b"[" * 200_000, b'{"session": ""}', b"{"]
)
def test_a_presence_that_is_none(client, content):
    answer = client.post("/api/presence", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize(
    "part",
    ['name="f{}"', 'name="mask"; filename="{}.png"', 'name="mask{}"; filename="a\\"b.png"', 'filename="{}"'],
)
def test_forms_of_ten_thousand_parts(client, row, folder, part):
    head = "--x\r\nContent-Disposition: form-data; "
    parts = "".join(f"{head}{part.format(number)}\r\n\r\n1\r\n" for number in range(10_000))
    answer = client.put(
        f"/api/photos/{row()['id']}/correction",
        content=(parts + "--x--\r\n").encode(),
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    assert answer.status_code == 400 and not (folder / "corrections").exists()


def test_a_long_field_and_many_fields_without_parts(client, row, folder):
    address = f"/api/photos/{row()['id']}/correction"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for content in (b"n" * 2_000_000 + b"=1", b"a=1&" * 100_000, b"note=" + b"x" * 2_000_000):
        assert client.put(address, content=content, headers=headers).status_code in (400, 422)
    assert not (folder / "corrections").exists()


@pytest.mark.parametrize("name", ['a"b.png', "a\r\nX-Injected: 1", "../../outside.png", "a\0b", ""])
def test_the_name_of_a_mask_s_file_means_nothing(client, row, folder, name):
    files = {"mask": (name, as_png(line_mask()), "image/png")}
    form = {"status": "corrected", "revision": ""}
    answer = client.put(f"/api/photos/{row()['id']}/correction", data=form, files=files)
    assert answer.status_code in (200, 400, 422) and "x-injected" not in answer.headers
    names = [path.name for path in folder.parent.rglob("*")]
    assert not [name for name in names if "outside" in name or "Injected" in name]


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PATCH", "POST", "PROPFIND"])
def test_other_methods(client, method):
    for path in ("photos", "photos/0", "photos/0/mask", "photos/0/correction", "survey"):
        assert client.request(method, f"/api/{path}").status_code in (404, 405)
    assert client.request(method, "/page/main.js").status_code == (200 if method == "HEAD" else 405)


def test_ranges_of_the_page_s_files(client):
    whole = len(client.get("/page/main.js").content)
    for wanted in ("bytes=0-4", "bytes=" + "0-," * 2000 + "0-", "bytes=5-2", "bytes=99999999-"):
        answer = client.get("/page/main.js", headers={"Range": wanted})
        assert answer.status_code in (200, 206, 400, 416) and len(answer.content) <= 2 * whole + 1000
