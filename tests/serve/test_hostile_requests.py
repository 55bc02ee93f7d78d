"""Requests that no honest program sends: forms, JSON, names, ranges and methods. None is answered 5xx."""

import json

import pytest

NAMES = (
    *('a"b.png', "a\r\nX-Injected: 1.png", "a\0b.png", "../../outside.png", "a;b=c.png", "\u202egnp.a", "\\"),
)


def multipart(*parts: tuple[str, bytes]) -> dict:
    """A body of parts, each of its headers as they are and its content."""
    content = b"".join(
        b"--x\r\n" + headers.encode("utf-8", "surrogateescape") + b"\r\n\r\n" + part + b"\r\n"
        for headers, part in parts
    )
    return {
        "content": content + b"--x--\r\n",
        "headers": {"Content-Type": "multipart/form-data; boundary=x"},
    }


def photo(name: str, content: bytes) -> tuple[str, bytes]:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'Content-Disposition: form-data; name="photo"; filename="{quoted}"', content


@pytest.mark.parametrize("name", NAMES)
def test_a_name_does_not_become_part_of_an_answer_s_headers(client, road, name):
    answer = client.post("/photos", **multipart(photo(name, road)))
    assert answer.status_code in (200, 400, 422)
    assert "x-injected" not in answer.headers
    if answer.status_code == 200:
        assert answer.json()["file_name"].isprintable()
        for address in (answer.json()["mask"], answer.json()["overlay"]):
            assert "x-injected" not in client.get(address).headers


@pytest.mark.parametrize("path", ["/photos", "/jobs"])
@pytest.mark.parametrize(
    "part",
    [
        ('Content-Disposition: form-data; name="f{}"', b"x"),
        ('Content-Disposition: form-data; name="photo"; filename="{}.png"', b"x"),
        ("X-Odd: {}", b"x"),
    ],
)
def test_ten_thousand_parts(client, path, part):
    parts = [(part[0].format(number), part[1]) for number in range(10_000)]
    answer = client.post(path, **multipart(*parts))
    assert answer.status_code in (400, 413, 422) and answer.json()["detail"]


@pytest.mark.parametrize("length", [5_000, 500_000])
def test_a_long_field_name(client, length):
    name = f'Content-Disposition: form-data; name="{"n" * length}"'
    assert client.post("/photos", **multipart((name, b"x"))).status_code in (400, 413, 422)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = client.post("/photos", content=b"n" * length + b"=1", headers=headers)
    assert answer.status_code in (400, 413, 422)


def test_a_long_header_in_a_part(client, road):
    part = (f"X-Long: {'x' * 300_000}\r\n{photo('a.png', b'')[0]}", road)
    assert client.post("/photos", **multipart(part)).status_code in (200, 400, 413, 422)


@pytest.mark.parametrize("path", ["/setup", "/predict"])
@pytest.mark.parametrize(
    "content",
    [
        b"[" * 200_000, b'{"tasks":' * 50_000, b"[" * 900 + b"]" * 900,
        b'{"project": NaN, "tasks": [{"id": NaN, "data": {"image": Infinity}}]}', b'{"project": 1e999}',
        b"\xff\xfe", b'"\\ud800"',
    ],
)  # fmt: skip
def test_json_that_is_deep_or_no_json(client, path, content):
    answer = client.post(path, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 413, 422)
    json.loads(answer.text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


@pytest.mark.parametrize(
    ("wanted", "statuses"),
    [
        ("bytes=0-9", (206,)), ("bytes=-1", (206,)), ("bytes=999999999-", (416,)),
        ("bytes=9-0", (200, 400, 416)), ("bytes=a-b", (200, 400, 416)), ("lines=0-1", (200, 400, 416)),
        ("bytes=" + "0-,5-,9-," * 1000 + "0-", (200, 206, 400, 416)),
    ],
)  # fmt: skip
def test_ranges(client, road, wanted, statuses):
    mask = client.post("/photos", files={"photo": road}).json()["mask"]
    whole = client.get(mask).content
    answer = client.get(mask, headers={"Range": wanted})
    assert answer.status_code in statuses
    # Overlapping ranges must not make a small file large: RFC 9110, 14.2.
    assert len(answer.content) <= 2 * len(whole) + 1000
    if wanted == "bytes=0-9":
        assert answer.content == whole[:10]


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PATCH", "CONNECT", "PROPFIND"])
def test_other_methods(client, method):
    for path in ("/health", "/photos", "/jobs", "/docs", "/openapi.json", "/nothing"):
        answer = client.request(method, path)
        # HEAD is GET without content: RFC 9110, 9.3.2.
        assert answer.status_code in ((200, 404, 405) if method == "HEAD" else (404, 405)), path
        assert "access-control-allow-origin" not in answer.headers


def test_of_two_origins_none_counts(client, road):
    headers = [("Origin", "http://127.0.0.1:8000"), ("Origin", "http://evil.example")]
    assert client.post("/photos", files={"photo": road}, headers=headers).status_code == 403
