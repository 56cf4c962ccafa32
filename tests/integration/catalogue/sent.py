"""The request was written, and no answer came that says anything: a job may have been started."""

from __future__ import annotations

from scheduler.amplify.port import Kind, Stage
from scheduler.amplify.session import Timeouts
from tests.integration.acts import (
    HTML,
    OK,
    after_request,
    broken_off,
    close,
    drip,
    hang,
    hang_after,
    redirect,
    reset_unread,
    stale,
)
from tests.integration.catalogue.row import GARBAGE, Row
from tests.integration.scene import AMPLE, SHORT_CALL, SHORT_READ, Scene
from tests.integration.wire import Script, answering, reply

RESET = "EndpointConnectionError > ClientOSError > ConnectionResetError"
CLOSED = "ConnectionClosedError > ServerDisconnectedError"
CUT = "ConnectionClosedError > ClientPayloadError > ContentLengthError"


def lost(name: str, seen: str, script: Script, timeouts: Timeouts = AMPLE, starts: int = 1) -> Row:
    scene = Scene(server=script, timeouts=timeouts)
    return Row(name, scene, Stage.SENT, seen, Kind.AMBIGUOUS, starts, says="nothing is sent again by itself")


def summary(content: object) -> Script:
    return answering(reply({"jobSummary": content}))


SENT = (
    # The connection breaks.
    lost("RST unread", RESET, reset_unread, starts=0),
    lost("RST after the request", RESET, broken_off(b"", by_reset=True)),
    lost("FIN after the request", CLOSED, broken_off(b"", by_reset=False)),
    lost("RST mid header", RESET, broken_off(OK + b"Content-", by_reset=True)),
    lost("FIN mid header", CLOSED, broken_off(OK + b"Content-", by_reset=False)),
    lost("RST mid body", CUT, broken_off(reply(b"{", length=99), by_reset=True)),
    lost("FIN mid body", CUT, broken_off(reply(b"{", length=99), by_reset=False)),
    lost("FIN after a 100", CLOSED, broken_off(b"HTTP/1.1 100 Continue\r\n\r\n", by_reset=False)),
    *(
        Row(
            f"{name} on a kept connection",
            Scene(server=stale(act), fenced=True),
            Stage.SENT,
            seen,
            Kind.AMBIGUOUS,
            says="nothing is sent again by itself",
        )
        for name, seen, act in (("RST", RESET, reset_unread), ("FIN", CLOSED, close))
    ),
    # The answer takes too long.
    lost("no answer", "ReadTimeoutError > SocketTimeoutError", after_request(hang), SHORT_READ),
    lost(
        "no answer mid body",
        "ReadTimeoutError > SocketTimeoutError",
        hang_after(reply(b"{", length=99)),
        SHORT_READ,
    ),
    lost("byte by byte", "TimeoutError", after_request(drip), SHORT_CALL),
    # The answer is no HTTP.
    lost(
        "garbage",
        GARBAGE + "BadStatusLine",
        broken_off(b"\x16\x03\x01 not http\r\n\r\n", by_reset=False),
    ),
    lost(
        "no number for a length",
        GARBAGE + "BadHttpMessage",
        broken_off(OK + b"Content-Length: x\r\n\r\n", by_reset=False),
    ),
    lost(
        "endless header",
        GARBAGE + "LineTooLong",
        broken_off(OK + b"Padding: " + b"x" * 20_000 + b"\r\n\r\n", by_reset=False),
    ),
    lost(
        "bad chunks",
        GARBAGE + "BadHttpMessage",
        broken_off(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", by_reset=False),
    ),
    # The answer says nothing.
    lost("empty 200", "Unusable", answering(reply(b""))),
    lost("204", "Unusable", answering(reply(status=204))),
    lost("101", "Unusable", broken_off(b"HTTP/1.1 101 Switching\r\n\r\n", by_reset=False)),
    lost("page with 200", "Unusable", answering(reply(HTML))),
    lost(
        "compressed, or so it says", "Unusable", answering(reply(HTML, headers={"Content-Encoding": "gzip"}))
    ),
    lost("half of the JSON", "Unusable", answering(reply(b'{"jobSummary": {"jobId"'))),
    lost(
        "half of the JSON, no length", "Unusable", broken_off(OK + b'\r\n{"jobSummary": {"jo', by_reset=False)
    ),
    lost("no JSON but UTF-16", "UnicodeDecodeError", answering(reply('{"jobSummary": {}}'.encode("utf-16")))),
    lost("deep JSON", "RecursionError", answering(reply(b"[" * 100_000))),
    lost("list", "AttributeError", answering(reply([1]))),
    lost("list with 400", "AttributeError", answering(reply([1], status=400))),
    lost("no summary", "Unusable", answering(reply({}))),
    lost("summary is null", "Unusable", summary(None)),
    lost("summary is a list", "AttributeError", summary([1])),
    lost("no job id", "Unusable", summary({"status": "PENDING"})),
    lost("job id is no string", "Unusable", summary({"jobId": 1})),
    lost("job id is a path", "Unusable", summary({"jobId": "../1"})),
    lost("job id is a foreign digit", "Unusable", summary({"jobId": "\u0661"})),
    lost("time is no time", "ValueError", summary({"jobId": "1", "startTime": "soon"})),
    # Redirects are never followed: neither request nor token goes there.
    *(
        Row(
            f"{status} to {'another server' if away else 'the same server'}",
            Scene(server=redirect(status, away=away)),
            Stage.SENT,
            "HTTPClientError > RedirectRefused",
            Kind.BROKEN,
            starts=1,
            says="redirect",
        )
        for status in (300, 301, 302, 303, 304, 307, 308)
        for away in (False, True)
    ),
)
