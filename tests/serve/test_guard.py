import asyncio

import pytest
from fastapi import FastAPI, Request
from starlette.testclient import TestClient, WebSocketDenialResponse

from upcracknet.serve.guard import Guard, GuardOptions

TOKEN = "0123456789abcdef"


def guarded(**options) -> TestClient:
    app = FastAPI()

    @app.get("/open")
    @app.get("/closed")
    def read() -> str:
        return "read"

    @app.post("/closed")
    async def write(request: Request) -> int:
        return len(await request.body())

    return TestClient(Guard(app, GuardOptions(**options)), base_url="http://127.0.0.1:8000")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8000", "localhost:1", "LOCALHOST", "[::1]", "[::1]:8000"]
)
def test_names_of_this_machine_are_served(host):
    assert guarded().get("/closed", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example", ""),
        *("127.0.0.1@evil.example", "evil.example#127.0.0.1", "[::1].evil.example", "127.0.0.1:8000:x"),
        *("0.0.0.0", "127.0.0.2", "127.1", "[::1", "127.0.0.1:", " 127.0.0.1.", "127.0.0.1:80a"),
    ],
)
def test_other_names_are_not_served_whatever_they_lead_to(host):
    """DNS rebinding: a foreign name that leads to this machine."""
    answer = guarded().get("/closed", headers={"Host": host})
    if host == "127.0.0.1:":  # RFC 9110, 7.2: an empty port is none
        assert answer.status_code == 200
    else:
        assert answer.status_code == 421
        assert "--allowed-host" in answer.json()["detail"]


def test_a_host_that_was_allowed_is_served():
    assert guarded(hosts=frozenset({"roads.example"})).get(
        "/closed", headers={"Host": "roads.example:80"}
    ).status_code == 200  # fmt: skip


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://127.0.0.1:8001", "https://127.0.0.1:8000.evil.example",
     "file://", "http://", "http://[", "http://127.0.0.1:x", ""],
)  # fmt: skip
def test_pages_of_other_sites_are_not_served(method, origin):
    assert getattr(guarded(), method)("/closed", headers={"Origin": origin}).status_code == 403


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8000", "http://127.0.0.1:8000/"])
def test_the_own_page_is_served(origin):
    assert guarded().post("/closed", headers={"Origin": origin}).status_code == 200


def test_the_usual_port_may_be_left_out():
    headers = {"Origin": "https://localhost", "Host": "localhost:443"}
    assert guarded().post("/closed", headers=headers).status_code == 200


@pytest.mark.parametrize(("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200),
                                              ("none", 200)])  # fmt: skip
def test_a_form_of_another_site_is_not_served(site, status):
    assert guarded().post("/closed", headers={"Sec-Fetch-Site": site}).status_code == status


def test_a_link_of_another_site_may_lead_here():
    assert guarded().get("/open", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


@pytest.mark.parametrize(
    ("authorization", "status"),
    [(f"Bearer {TOKEN}", 200), (f"bearer  {TOKEN}", 200), (f"Bearer {TOKEN}x", 401), ("Bearer ", 401),
     (f"Basic {TOKEN}", 401), (TOKEN, 401), ("Bearer tökän", 401)],
)  # fmt: skip
def test_a_token_is_needed(authorization, status):
    answer = guarded(token=TOKEN).get("/closed", headers={"Authorization": authorization.encode()})
    assert answer.status_code == status
    assert status == 200 or answer.headers["WWW-Authenticate"] == "Bearer"


def test_open_paths_need_no_token():
    client = guarded(token=TOKEN, open_paths=frozenset({"/open"}))
    assert (client.get("/open").status_code, client.get("/closed").status_code) == (200, 401)


@pytest.mark.parametrize("path", ["/closed", "/nothing"])
def test_all_answers_have_security_headers(path):
    for headers in ({}, {"Host": "evil.example"}):
        answer = guarded().get(path, headers=headers)
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"


def test_websockets_are_not_served():
    with pytest.raises(WebSocketDenialResponse) as refusal, guarded().websocket_connect("/closed"):
        pass
    assert refusal.value.status_code == 403


@pytest.mark.parametrize("limit", [{"pause_seconds": 0.05}, {"body_seconds": 0.05}])
def test_a_body_that_does_not_come_is_not_waited_for(limit):
    """As uvicorn hands it on: a piece, and then nothing."""
    app = FastAPI()

    @app.post("/")
    async def write(request: Request) -> int:
        return len(await request.body())

    sent, pieces = [], [{"type": "http.request", "body": b"half", "more_body": True}]

    async def receive():
        if pieces:
            return pieces.pop()
        return await asyncio.sleep(60)

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "raw_path": b"/", "query_string": b"",
             "headers": [(b"host", b"localhost")], "http_version": "1.1", "scheme": "http"}  # fmt: skip
    asyncio.run(Guard(app, GuardOptions(**limit))(scope, receive, send))
    assert sent[0]["status"] == 408
