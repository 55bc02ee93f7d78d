"""How the server listens, in this process."""

import logging
import signal
import socket
import threading

import httpx2
import pytest
from starlette.responses import PlainTextResponse

from upcracknet.serve.server import PatientProtocol, serve_app


def test_answers_do_not_wait_for_acknowledgements(monkeypatch):
    """By Nagle's algorithm the body of an answer waits 40 ms on a connection that is kept open."""
    made, at_once = PatientProtocol.connection_made, []

    def note(protocol, transport):
        connection = transport.get_extra_info("socket")
        at_once.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        made(protocol, transport)

    monkeypatch.setattr(PatientProtocol, "connection_made", note)
    answers = []

    def ask(address):
        answers.append(httpx2.get(address).text)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        serve_app(
            PlainTextResponse("whole"), "127.0.0.1", 0,
            lambda address: threading.Thread(target=ask, args=(address,)).start(),
        )  # fmt: skip
    assert answers == ["whole"] and all(at_once)


def test_logs_that_others_have_opened_stay_open(tmp_path):
    """Handlers that uvicorn does not know would be closed by its own configuration of logs."""

    class Handler(logging.FileHandler):
        closed = False

        def close(self):
            self.closed = True
            super().close()

    handler = Handler(tmp_path / "log.txt")
    with pytest.raises(KeyboardInterrupt):
        serve_app(PlainTextResponse(""), "127.0.0.1", 0, lambda _: signal.raise_signal(signal.SIGINT))
    assert not handler.closed
    handler.close()
