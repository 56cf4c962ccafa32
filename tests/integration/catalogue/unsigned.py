"""There are no credentials to sign a request with, so none was written."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from scheduler.amplify.port import Kind, Stage
from tests.integration.acts import after_request, broken_off, hang, page, redirect, sts, sts_error
from tests.integration.catalogue.row import Row
from tests.integration.scene import ROLE, SHORT_CALL, Scene
from tests.integration.wire import answering

SIGN_IN = """
sso_session = corp
sso_account_id = 111122223333
sso_role_name = release
[sso-session corp]
sso_region = eu-west-1
sso_start_url = https://corp.invalid/start
"""
CIRCLE = f"""
role_arn = {ROLE}
source_profile = other
[profile other]
role_arn = {ROLE}
source_profile = default
"""


def unsigned(
    name: str, seen: str, profile: str = "", *, says: str = "could not be read", **environment: str
) -> Row:
    """`profile` are lines of the default one."""
    scene = Scene(profile=profile, environment=environment)
    return Row(name, scene, Stage.NOT_SENT, seen, Kind.CREDENTIALS, says=says)


def unopened(name: str, seen: str, says: str, **scene: Any) -> Row:
    """The lane itself cannot be opened."""
    return Row(
        name, Scene(**scene), Stage.NOT_SENT, seen, Kind.CREDENTIALS, operation="CreateClient", says=says
    )


def metadata(endpoint: str) -> dict[str, str]:
    """Where an instance asks for its credentials."""
    return {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": endpoint}


def no_role(kind: Kind, status: int, code: str, says: str) -> Row:
    """STS answers with an error."""
    scene = Scene(sts=sts_error(status, code))
    return Row(
        f"STS: {status} {code}",
        scene,
        Stage.NOT_SENT,
        "ClientError",
        kind,
        status=status,
        code=code,
        operation="AssumeRole",
        says=says,
    )


def no_answer(name: str, seen: str, kind: Kind, says: str, **scene: Any) -> Row:
    """STS gives no usable answer."""
    return Row(f"STS: {name}", Scene(**scene), Stage.NOT_SENT, seen, kind, says=says)


UNSIGNED = (
    # Nobody gave any, or what gives them is out of order.
    unsigned("no credentials", "NoCredentialsError", says="no AWS credentials"),
    unsigned(
        "no instance", "NoCredentialsError", says="no AWS credentials", **metadata("http://127.0.0.1:1")
    ),
    unsigned("no URL of the instance", "InvalidIMDSEndpointError", **metadata("here")),
    unsigned(
        "no container", "CredentialRetrievalError", AWS_CONTAINER_CREDENTIALS_FULL_URI="http://127.0.0.1:1/"
    ),
    unsigned("half a key", "PartialCredentialsError", AWS_ACCESS_KEY_ID="EXAMPLE"),
    unsigned("a process that fails", "CredentialRetrievalError", "credential_process = false"),
    unsigned("a process that babbles", "JSONDecodeError", "credential_process = echo no"),
    unsigned("a process that is none", "FileNotFoundError", "credential_process = /nonexistent"),
    unsigned(
        "no token of a web identity",
        "FileNotFoundError",
        AWS_ROLE_ARN=ROLE,
        AWS_WEB_IDENTITY_TOKEN_FILE="/nonexistent",
    ),
    unsigned("a role of nobody", "PartialCredentialsError", f"role_arn = {ROLE}"),
    unsigned("a role from nowhere", "InvalidConfigError", f"role_arn = {ROLE}\ncredential_source = Nowhere"),
    unsigned(
        "a role from an empty environment",
        "CredentialRetrievalError",
        f"role_arn = {ROLE}\ncredential_source = Environment",
    ),
    unsigned("roles in a circle", "InfiniteLoopConfigError", CIRCLE),
    unsigned("a sign-in without its library", "MissingDependencyException", "login_session = corp"),
    unsigned("nobody signed in", "SSOTokenLoadError", SIGN_IN, says="aws sso login"),
    unopened("no such profile", "ProfileNotFound", "list-profiles", environment={"AWS_PROFILE": "missing"}),
    unopened("no configuration", "ConfigParseError > ParsingError", "could not be read", profile="]"),
    # STS gives none.
    no_role(Kind.CREDENTIALS, 403, "AccessDenied", "trust policy"),
    no_role(Kind.CREDENTIALS, 400, "ValidationError", "role_arn"),
    no_role(Kind.CREDENTIALS, 403, "InvalidClientTokenId", "profile"),
    no_role(Kind.EXPIRED, 403, "ExpiredToken", "have expired"),
    no_role(Kind.BROKEN, 403, "SignatureDoesNotMatch", "because of its signature"),
    no_role(Kind.NOT_SENT, 400, "Throttling", "could not be had just now"),
    no_role(Kind.NOT_SENT, 408, "RequestTimeout", "could not be had just now"),
    no_role(Kind.NOT_SENT, 500, "InternalFailure", "could not be had just now"),
    no_role(Kind.NOT_SENT, 503, "ServiceUnavailable", "could not be had just now"),
    no_answer(
        "RST",
        "EndpointConnectionError > ClientOSError > ConnectionResetError",
        Kind.NOT_SENT,
        "before anything was sent",
        sts=broken_off(b"", by_reset=True),
    ),
    no_answer(
        "hang",
        "TimeoutError",
        Kind.NOT_SENT,
        "nothing was sent",
        sts=after_request(hang),
        timeouts=SHORT_CALL,
    ),
    no_answer("page", "KeyError", Kind.NOT_SENT, "before anything was sent", sts=answering(page(200))),
    no_answer(
        "redirect",
        "HTTPClientError > RedirectRefused",
        Kind.BROKEN,
        "redirect",
        sts=redirect(307, away=True),
    ),
    no_answer(
        "old credentials", "RuntimeError", Kind.CREDENTIALS, "already expired", sts=sts(timedelta(hours=-1))
    ),
)
