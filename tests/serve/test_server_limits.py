"""The protocol alone, with a transport that notes what becomes of it."""

import asyncio

import pytest
import uvicorn
from uvicorn.server import ServerState

from upcracknet.errors import ConfigurationError
from upcracknet.serve import server
from upcracknet.serve.server import PatientProtocol, serve_app


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})


class Transport(asyncio.Transport):
    closed, written = False, b""

    def write(self, data):
        self.written += data

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed

    def pause_reading(self):
        pass

    def resume_reading(self):
        pass


@pytest.mark.parametrize(
    ("sent", "closed"),
    [
        ([], True),
        ([b"GET / HTTP/1.1\r\nHost: "], True),
        ([b"GET / HTTP/1.1\r\n", b"Host: a\r\n", b"X: y\r\n"], True),
        ([b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"], False),
        ([b"GET / HTTP/1.1\r\n", b"Host: a\r\n\r\n"], False),
        ([b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"GET / HT"], True),
    ],
)
def test_connections_whose_headers_do_not_come_are_closed(monkeypatch, sent, closed):
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.05)

    async def talk() -> Transport:
        configuration = uvicorn.Config(
            app, http=PatientProtocol, ws="none", lifespan="off", log_config=None, log_level="critical"
        )
        transport = Transport()
        protocol = PatientProtocol(configuration, ServerState(), {})
        protocol.connection_made(transport)
        for piece in sent:
            protocol.data_received(piece)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        await asyncio.sleep(0.2)
        done = transport.closed
        protocol.connection_lost(None)
        return done

    assert asyncio.run(talk()) == closed


def test_a_port_that_is_taken_is_named():
    with pytest.raises(ConfigurationError, match=r"cannot listen at 192\.0\.2\.1, port 80"):
        serve_app(app, "192.0.2.1", 80, lambda address: None)
