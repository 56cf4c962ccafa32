"""Nothing was written: whatever the exception, nothing was started."""

from __future__ import annotations

from typing import Any

from scheduler.amplify.port import Kind, Stage
from tests.integration.acts import (
    after_request,
    broken_off,
    close,
    hang,
    in_handshake,
    reset_unread,
    speak_plain,
)
from tests.integration.catalogue.row import GARBAGE, Row
from tests.integration.scene import SHORT_CALL, SHORT_CONNECT, Address, Certificate, Scene
from tests.integration.wire import Script, answering, reply

CONNECT = "EndpointConnectionError > ClientConnectorError > "
DNS = "EndpointConnectionError > ClientConnectorDNSError > gaierror"
TOO_LATE = "ConnectTimeoutError > ConnectionTimeoutError > TimeoutError"
CERTIFICATE = "SSLError > ClientConnectorCertificateError > SSLCertVerificationError"
PROXY = "ProxyConnectionError > "
NO_BUNDLE = {"AWS_CA_BUNDLE": "/nonexistent"}


def unsent(name: str, seen: str, kind: Kind = Kind.NOT_SENT, *, says: str = "sent", **scene: Any) -> Row:
    return Row(name, Scene(**scene), Stage.NOT_SENT, seen, kind, says=says)


def proxied(name: str, seen: str, script: Script, **scene: Any) -> Row:
    return unsent(f"proxy: {name}", seen, says="the proxy", address=Address.PROXIED, server=script, **scene)


def proxy_says(kind: Kind, status: int, says: str) -> Row:
    scene = Scene(address=Address.PROXIED, server=answering(reply(status=status)))
    seen = PROXY + "ClientHttpProxyError"
    return Row(f"proxy: {status}", scene, Stage.NOT_SENT, seen, kind, status=status, says=says)


def unopened(name: str, seen: str, says: str, **scene: Any) -> Row:
    """The lane itself cannot be opened."""
    return Row(name, Scene(**scene), Stage.NOT_SENT, seen, Kind.BROKEN, operation="CreateClient", says=says)


UNSENT = (
    # The endpoint is not reached.
    unsent("nobody listens", CONNECT + "ConnectionRefusedError", address=Address.REFUSED),
    unsent("no route", CONNECT + "OSError", address=Address.UNREACHABLE),
    unsent("nobody accepts", TOO_LATE, says="in time", address=Address.DEAF, timeouts=SHORT_CONNECT),
    unsent("no such name", DNS, says="could not be resolved", address=Address.UNKNOWN),
    unsent("no resolver", DNS, says="could not be resolved", address=Address.UNRESOLVED),
    # TLS.
    unsent("TLS: no answer", TOO_LATE, says="in time", server=hang, tls=True, timeouts=SHORT_CONNECT),
    unsent("TLS: RST", CONNECT + "ConnectionResetError", server=in_handshake(reset_unread), tls=True),
    unsent("TLS: FIN", CONNECT + "ConnectionResetError", server=in_handshake(close), tls=True),
    unsent(
        "TLS: a port that speaks HTTP",
        "SSLError > ClientConnectorSSLError > SSLError",
        Kind.BROKEN,
        says="does not speak TLS",
        server=in_handshake(speak_plain),
        tls=True,
    ),
    *(
        unsent(
            f"TLS: the certificate is {certificate.value}",
            CERTIFICATE,
            Kind.BROKEN,
            says="AWS_CA_BUNDLE",
            certificate=certificate,
        )
        for certificate in (Certificate.UNTRUSTED, Certificate.FOREIGN, Certificate.EXPIRED)
    ),
    unsent(
        "TLS: no bundle of authorities",
        "HTTPClientError > FileNotFoundError",
        Kind.BROKEN,
        says="AWS_CA_BUNDLE",
        environment=NO_BUNDLE,
    ),
    # Proxies.
    unsent(
        "proxy: nobody listens",
        PROXY + "ClientProxyConnectionError > ConnectionRefusedError",
        address=Address.PROXIED_BY_NOBODY,
    ),
    proxied("no answer", "TimeoutError", after_request(hang), timeouts=SHORT_CALL),
    proxied(
        "RST",
        "EndpointConnectionError > ClientOSError > ConnectionResetError",
        broken_off(b"", by_reset=True),
    ),
    proxied("FIN", "ConnectionClosedError > ServerDisconnectedError", broken_off(b"", by_reset=False)),
    proxied("garbage", GARBAGE + "BadStatusLine", broken_off(b"\x16\x03\x01 no\r\n\r\n", by_reset=False)),
    proxy_says(Kind.BROKEN, 301, "redirect"),
    proxy_says(Kind.BROKEN, 403, "HTTPS_PROXY"),
    proxy_says(Kind.BROKEN, 407, "user and password"),
    proxy_says(Kind.NOT_SENT, 502, "could not connect"),
    proxy_says(Kind.NOT_SENT, 503, "could not connect"),
    # There is no request to be made.
    unsent(
        "no name of a branch", "ParamValidationError", Kind.REJECTED, says="Correct the target", branch=""
    ),
    unopened("no region", "InvalidRegionError", "Check the region", region="eu_west/1"),
    unopened("no URL", "ValueError", "the endpoint URL", address=Address.INVALID),
)
