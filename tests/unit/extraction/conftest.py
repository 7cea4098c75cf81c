"""A portal in a thread, on an ephemeral loopback port: it answers what a test scripted, byte for byte."""

import json
import threading
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from acces_soins import extraction
from acces_soins.extraction import policy
from acces_soins.settings import get_settings


@dataclass(frozen=True)
class Reply:
    """One scripted answer.

    Attributes:
        announced: Content-Length sent, when it is not the body's own (a truncated answer).
        chunked: send the body as one chunk and close without the last one (a truncated export).
        silent: say nothing until the portal stops (a read timeout).
        drip: then one byte at a time until the client leaves, without end.
        validators: answer 304 to a request that carries this ETag or Last-Modified.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    announced: int | None = None
    chunked: bool = False
    silent: bool = False
    drip: bool = False
    validators: bool = True


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]


class Portal:
    """Replies by path (query included); the last reply of a path is given for ever."""

    def __init__(self):
        self.replies: dict[str, list[Reply]] = {}
        self.requests: list[Request] = []
        self.stopping = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.server.server_port}"

    def reply(self, path: str, *replies: Reply) -> str:
        self.replies[path] = list(replies)
        return self.base + path

    def reply_json(self, path: str, content, **options) -> str:
        headers = {"Content-Type": "application/json"}
        return self.reply(path, Reply(json.dumps(content).encode(), headers=headers, **options))

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def _next(self, path: str) -> Reply:
        queue = self.replies.get(path, [Reply(b"introuvable", 404)])
        return queue.pop(0) if len(queue) > 1 else queue[0]

    def _handler(portal):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                headers = {name.lower(): value for name, value in self.headers.items()}
                portal.requests.append(Request(self.path, headers))
                self.close_connection = True
                portal._send(self, portal._next(self.path), headers)

            def log_message(self, *args):
                """Nothing on the test's output."""

        return Handler

    def _send(self, handler: BaseHTTPRequestHandler, reply: Reply, asked: dict[str, str]) -> None:
        if reply.silent:
            self.stopping.wait(30)
            return
        if reply.validators and self._same(reply, asked):
            reply = replace(reply, body=b"", status=304)
        handler.send_response(reply.status)
        handler.send_header("Connection", "close")
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        if reply.chunked:
            handler.send_header("Transfer-Encoding", "chunked")
        elif reply.status != 304:
            announced = len(reply.body) if reply.announced is None else reply.announced
            handler.send_header("Content-Length", str(announced))
        handler.end_headers()
        if reply.drip:
            self._drip(handler)
            return
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(reply.body), reply.body) if reply.chunked else reply.body)

    def _drip(self, handler: BaseHTTPRequestHandler) -> None:
        try:
            while not self.stopping.wait(0.005):
                handler.wfile.write(b"1\r\nx\r\n")
        except OSError:
            """The client has left, as it should."""

    @staticmethod
    def _same(reply: Reply, asked: dict[str, str]) -> bool:
        pairs = (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified"))
        return any(
            asked.get(sent.lower()) == reply.headers[held] for sent, held in pairs if held in reply.headers
        )


@pytest.fixture
def portal():
    portal = Portal()
    thread = threading.Thread(target=portal.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield portal
    portal.stopping.set()
    portal.server.shutdown()
    portal.server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def settings(portal, tmp_path, monkeypatch):
    """Trial settings whose replica is the scripted portal."""
    monkeypatch.setenv("ACCES_SOINS_DONNEES", str(tmp_path / "donnees"))
    monkeypatch.setenv("ACCES_SOINS_SOURCES", "essai")
    monkeypatch.setenv("ACCES_SOINS_REPLIQUE", portal.base)
    get_settings.cache_clear()
    yield get_settings()
    get_settings.cache_clear()


@pytest.fixture(autouse=True)
def waits(monkeypatch) -> list[float]:
    """Seconds that retries would have slept; nothing sleeps."""
    slept: list[float] = []
    quick = policy.Policy(attempts=3, connect_timeout_s=2, read_timeout_s=0.3, sleep=slept.append)
    monkeypatch.setattr(policy, "POLICY", quick)
    return slept


@pytest.fixture(autouse=True)
def trusting(monkeypatch):
    """No verification day, whatever the day of the test."""
    monkeypatch.setattr(extraction, "VERIFICATION_DAYS", 10**9)


@pytest.fixture
def patience(monkeypatch):
    """Change the policy in a test; ``step`` seconds pass each time that the clock is read."""

    def change(step=0.0, **values):
        ticks = iter(range(1_000_000))
        clock = (lambda: next(ticks) * step) if step else policy.POLICY.clock
        monkeypatch.setattr(policy, "POLICY", replace(policy.POLICY, clock=clock, **values))

    return change


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "recus"


@pytest.fixture
def reply():
    """The class of scripted answers (a conftest cannot be imported)."""
    return Reply
