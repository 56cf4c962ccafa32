"""An error came back, of the service or of something in its place."""

from __future__ import annotations

from scheduler.amplify.port import Kind, Stage
from tests.integration.acts import error, page, refusing
from tests.integration.catalogue.row import Row
from tests.integration.scene import Certificate, Scene

BUSY = "The requested branch main already have pending or running jobs"
RATE = "Rate exceeded while calling StartJob, please slow down or try again later."

#: Errors of the API model have classes of their own; all others are plain ones.
MODELLED = {
    "BadRequestException",
    "InternalFailureException",
    "LimitExceededException",
    "NotFoundException",
    "UnauthorizedException",
}


def refused(
    kind: Kind, status: int, code: str, message: str = "no", *, says: str = "", **headers: str
) -> Row:
    """The service refuses."""
    scene = Scene(server=refusing(error(status, code, message, **headers), busy=kind is Kind.BUSY))
    seen = code if code in MODELLED else "ClientError"
    name = f"{status} {code}" + ("" if message == "no" else f": {message[:24]}…")
    return Row(name, scene, Stage.ANSWERED, seen, kind, 1, status, code, says=says or code)


def in_its_place(kind: Kind, status: int, *, empty: bool = False, says: str = "") -> Row:
    """Something else answers: no code of AWS."""
    scene = Scene(server=refusing(page(status, b"") if empty else page(status)))
    name = f"{status} {'empty' if empty else 'page'}"
    return Row(name, scene, Stage.ANSWERED, "ClientError", kind, 1, status, says=says or f"HTTP {status}")


ANSWERED = (
    # Refused for good.
    refused(Kind.REJECTED, 400, "BadRequestException", "The requested jobType MANUAL does not support."),
    refused(Kind.REJECTED, 404, "NotFoundException", "Branch main not found.", says="found no such app"),
    refused(Kind.REJECTED, 409, "ConflictException"),
    refused(Kind.DENIED, 401, "UnauthorizedException", says="iam-policy"),
    refused(Kind.DENIED, 403, "AccessDeniedException", says="Allow amplify:StartJob"),
    # Credentials and signatures.
    refused(Kind.EXPIRED, 403, "ExpiredTokenException", says="renewed once"),
    refused(Kind.EXPIRED, 403, "ExpiredToken"),
    refused(Kind.CREDENTIALS, 403, "UnrecognizedClientException", says="does not accept these credentials"),
    refused(Kind.CREDENTIALS, 403, "InvalidClientTokenId"),
    refused(Kind.CREDENTIALS, 403, "MissingAuthenticationTokenException"),
    *(
        refused(
            kind,
            403,
            code,
            says="s ahead of the service's. Set it right (NTP)",
            Date="Sat, 01 Jan 2000 00:00:00 GMT",
        )
        for kind, code in (
            (Kind.BROKEN, "InvalidSignatureException"),
            (Kind.BROKEN, "SignatureDoesNotMatch"),
        )
    ),
    refused(
        Kind.BROKEN,
        400,
        "RequestExpired",
        says="s behind the service's",
        Date="Fri, 01 Jan 2100 00:00:00 GMT",
    ),
    refused(Kind.BROKEN, 403, "IncompleteSignature", says="because of its signature"),
    # The branch has a job: no limit, whatever the code.
    refused(Kind.BUSY, 429, "LimitExceededException", BUSY),
    refused(Kind.BUSY, 400, "LimitExceededException", BUSY.upper()),
    refused(Kind.BUSY, 400, "BadRequestException", BUSY),
    # A limit, however it is put.
    refused(Kind.THROTTLED, 429, "LimitExceededException"),
    refused(Kind.THROTTLED, 400, "LimitExceededException"),
    refused(Kind.THROTTLED, 400, "BadRequestException", RATE),
    refused(Kind.THROTTLED, 429, "TooManyRequestsException"),
    refused(Kind.THROTTLED, 400, "ThrottlingException"),
    refused(Kind.THROTTLED, 400, "Throttling"),
    refused(Kind.THROTTLED, 400, "RequestLimitExceeded"),
    refused(Kind.THROTTLED, 402, "ServiceQuotaExceededException"),
    in_its_place(Kind.THROTTLED, 429, says="more slowly"),
    in_its_place(Kind.THROTTLED, 429, empty=True),
    # Something in the service's place refuses: it did not get there.
    *(in_its_place(Kind.REJECTED, status, says="middlebox") for status in (400, 401, 403, 404, 413, 451)),
    in_its_place(Kind.REJECTED, 403, empty=True, says="middlebox"),
    # It failed on the way, and nobody knows how far it got.
    refused(Kind.AMBIGUOUS, 500, "InternalFailureException"),
    refused(Kind.AMBIGUOUS, 503, "ServiceUnavailable"),
    refused(Kind.AMBIGUOUS, 503, "ThrottlingException", RATE),
    refused(Kind.AMBIGUOUS, 500, "LimitExceededException", BUSY),
    refused(Kind.AMBIGUOUS, 408, "RequestTimeoutException"),
    in_its_place(Kind.AMBIGUOUS, 408),
    *(in_its_place(Kind.AMBIGUOUS, status) for status in (500, 502, 503, 504, 520)),
    *(in_its_place(Kind.AMBIGUOUS, status, empty=True) for status in (500, 502, 503, 504)),
    # The same through TLS that is in order.
    Row(
        "404 NotFoundException through TLS",
        Scene(certificate=Certificate.OWN, server=refusing(error(404, "NotFoundException"))),
        Stage.ANSWERED,
        "NotFoundException",
        Kind.REJECTED,
        starts=1,
        status=404,
        code="NotFoundException",
    ),
)
