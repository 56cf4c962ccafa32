"""What is known of a call that failed, and the questions that classification asks of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .port import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A call that failed.

    `operation` is the one that failed, which may be another service's, called to get credentials. `code`,
    `status` and `message` are those of the answer, empty or 0 without one. `causes` are exception class names
    from the outermost to the innermost. `skew` is this machine's clock minus the service's, in seconds.
    """

    stage: Stage
    operation: str
    code: str = ""
    status: int = 0
    message: str = ""
    causes: tuple[str, ...] = ()
    skew: float | None = None


Question = Callable[[Failure], bool]


def cause(*names: str) -> Question:
    """Whether one of these exception classes is among the causes."""
    return lambda failure: not set(names).isdisjoint(failure.causes)


def raised(*names: str) -> Question:
    """Whether the outermost exception is one of these. What the transport raises is wrapped in botocore's."""
    return lambda failure: bool(failure.causes) and failure.causes[0] in names


def code(*names: str) -> Question:
    """Whether the answer's code is one of these; some services append `Exception`, others do not."""
    return lambda failure: failure.code.removesuffix("Exception") in names


def says(text: str) -> Question:
    """Whether the answer's message holds this lower-case text."""
    return lambda failure: text in failure.message.lower()


def status(low: int, high: int) -> Question:
    """Whether the answer's HTTP status is between these two, or is one of them."""
    return lambda failure: low <= failure.status <= high


def either(*questions: Question) -> Question:
    return lambda failure: any(question(failure) for question in questions)


def both(*questions: Question) -> Question:
    return lambda failure: all(question(failure) for question in questions)


def always(_failure: Failure) -> bool:
    return True


def throttled(failure: Failure) -> bool:
    """Whether a limit refused the call.

    Limits are reported as 429, under many codes, and as `BadRequestException: Rate exceeded while calling …`.
    An unknown exceeded limit counts too: to slow down is harmless, to give up is not.
    """
    text = f"{failure.code} {failure.message}".lower()
    return (
        failure.status == 429
        or failure.code.startswith(("Throttl", "RequestThrottl", "TooManyRequests", "SlowDown"))
        or any(part in failure.code for part in ("LimitExceeded", "QuotaExceeded"))
        or "rate exceeded" in text
    )


#: 408 comes from a front end that gave up waiting; what stood behind it may have gone on.
service_fault = either(status(500, 599), status(408, 408))

redirected = either(cause("RedirectRefused"), status(300, 399))

expired_token = code("ExpiredToken", "TokenRefreshRequired")

bad_signature = code(
    "InvalidSignature",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "RequestInTheFuture",
)

#: The profile lives from a sign-in by a person, which is missing or over.
signed_out = cause(
    "LoginAuthorizationCodeError",
    "LoginError",
    "LoginInsufficientPermissions",
    "LoginRefreshRequired",
    "LoginTokenLoadError",
    "SSOError",
    "SSOTokenLoadError",
    "TokenRetrievalError",
    "UnauthorizedSSOTokenError",
)

#: Nobody gave any credentials.
no_credentials = cause("NoAuthTokenError", "NoCredentialsError")

#: A file that the configuration names is missing or must not be read.
_UNREADABLE = ("FileNotFoundError", "IsADirectoryError", "NotADirectoryError", "PermissionError")

#: The credentials cannot be had: a broken file, a failing credential process, a dead metadata service. Bare
#: exceptions are those of a process that is none or babbles, or of a missing file with a token.
unreadable_credentials = either(
    cause(
        "ConfigNotFound",
        "ConfigParseError",
        "CredentialRetrievalError",
        "InfiniteLoopConfigError",
        "InvalidConfigError",
        "InvalidIMDSEndpointError",
        "InvalidIMDSEndpointModeError",
        "MetadataRetrievalError",
        "MissingDependencyException",
        "PartialCredentialsError",
        "UnknownCredentialError",
    ),
    raised("JSONDecodeError", *_UNREADABLE),
)

#: The file of trusted certificates cannot be read.
no_certificates = both(raised("HTTPClientError"), cause(*_UNREADABLE))

#: The other side is not who it should be, or does not speak TLS.
bad_tls = cause(
    "ClientConnectorCertificateError",
    "ClientConnectorSSLError",
    "SSLCertVerificationError",
    "SSLError",
)

#: No request can be made at all. `ValueError` is what botocore and aiohttp say to an unusable URL.
bad_configuration = cause(
    "EndpointProviderError",
    "EndpointResolutionError",
    "EndpointVariantError",
    "InvalidProxiesConfigError",
    "InvalidRegionError",
    "InvalidRetryConfigurationError",
    "InvalidRetryModeError",
    "InvalidURL",
    "LocationParseError",
    "NoRegionError",
    "UnknownEndpointError",
    "UnknownRegionError",
    "ValueError",
)

#: The service does not accept the keys, or the account has not enabled the region.
bad_credentials = code(
    "AuthFailure",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "MissingAuthenticationToken",
    "NotSignedUp",
    "OptInRequired",
    "UnrecognizedClient",
)
