"""What each kind of failure means: one table a stage, read from the top; the first row that fits decides.

Every table ends with the safe side of its stage: before the request was written the call may be made again;
afterwards its effect is unknown. Exception classes do not decide alone, since aiobotocore gives a refused
connection and a reset after the whole request the same class.
"""

from __future__ import annotations

from typing import NamedTuple

from .failure import (
    Question,
    always,
    bad_configuration,
    bad_credentials,
    bad_signature,
    bad_tls,
    both,
    cause,
    code,
    either,
    expired_token,
    no_certificates,
    no_credentials,
    redirected,
    says,
    service_fault,
    signed_out,
    status,
    throttled,
    unreadable_credentials,
)
from .port import Kind, Stage


class Row(NamedTuple):
    """`reason` is for the user and says what to do; `classify` fills in its fields."""

    when: Question
    kind: Kind
    reason: str


_REDIRECT = Row(
    redirected,
    Kind.BROKEN,
    "{operation} was answered with a redirect, which AWS never sends and which is not followed. "
    "Check the endpoint URL and the proxy or portal in between.",
)
_EXPIRED = Row(
    expired_token,
    Kind.EXPIRED,
    "{operation} was refused because the credentials have expired {said}. "
    "They are renewed once; if that does not help, sign in again and resume.",
)
_SIGNATURE = Row(
    bad_signature, Kind.BROKEN, "{operation} was refused because of its signature {said}. {clock}"
)

_NOT_SENT = (
    _REDIRECT,
    Row(
        both(cause("ClientHttpProxyError"), status(400, 499)),
        Kind.BROKEN,
        "The proxy refused the connection (HTTP {status}); nothing was sent. "
        "Check HTTPS_PROXY, NO_PROXY and the proxy's user and password.",
    ),
    Row(
        cause("ClientHttpProxyError"),
        Kind.NOT_SENT,
        "The proxy could not connect (HTTP {status}); nothing was sent. Check the proxy if this lasts.",
    ),
    _EXPIRED,
    _SIGNATURE,
    Row(
        either(service_fault, throttled),
        Kind.NOT_SENT,
        "Credentials could not be had just now: {operation} failed {said}. Nothing was sent to Amplify.",
    ),
    Row(
        status(400, 499),
        Kind.CREDENTIALS,
        "{operation} was refused {said}. Nothing was sent to Amplify. "
        "Check the account's profile or role_arn, the role's trust policy and external_id.",
    ),
    Row(
        signed_out,
        Kind.CREDENTIALS,
        "The sign-in of the AWS profile is missing or has expired. "
        "Run `aws sso login --profile NAME` (or `aws login`) and resume.",
    ),
    Row(
        cause("ProfileNotFound"),
        Kind.CREDENTIALS,
        "The AWS profile does not exist. Compare `profile` in the plan, --profile and AWS_PROFILE with "
        "`aws configure list-profiles`.",
    ),
    Row(
        cause("EOFError", "RefreshWithMFAUnsupportedError"),
        Kind.CREDENTIALS,
        "The AWS profile asks for an MFA code, which nobody can give here. "
        "Use a role without MFA, or the credentials of a session that has it.",
    ),
    Row(
        no_credentials,
        Kind.CREDENTIALS,
        "There are no AWS credentials. "
        "Set a profile or role_arn in the plan, --profile, or the AWS environment variables.",
    ),
    Row(
        unreadable_credentials,
        Kind.CREDENTIALS,
        "The AWS credentials could not be read ({cause}). "
        "Check the profile with `aws sts get-caller-identity --profile NAME`.",
    ),
    Row(
        says("refreshed credentials are still expired"),
        Kind.CREDENTIALS,
        "The renewed credentials had already expired. Check where they come from, and this machine's clock.",
    ),
    Row(
        no_certificates,
        Kind.BROKEN,
        "The trusted certificates could not be read ({cause}). "
        "Check AWS_CA_BUNDLE and the profile's ca_bundle.",
    ),
    Row(
        bad_tls,
        Kind.BROKEN,
        "The TLS connection failed ({cause}): the certificate is not trusted or not this host's, or the port "
        "does not speak TLS. Check AWS_CA_BUNDLE, the endpoint URL and the proxy in between.",
    ),
    Row(
        cause("MissingParametersError", "ParamValidationError"),
        Kind.REJECTED,
        "{operation} was not sent: the target's values do not fit into a request. Correct the target.",
    ),
    Row(
        bad_configuration,
        Kind.BROKEN,
        "No request can be made with this configuration ({cause}). "
        "Check the region, the endpoint URL and the proxy settings.",
    ),
    Row(
        cause("ClientConnectorDNSError", "gaierror"),
        Kind.NOT_SENT,
        "The endpoint's name could not be resolved; nothing was sent. Check the region, DNS and the network.",
    ),
    Row(
        cause("ConnectTimeoutError", "TimeoutError"),
        Kind.NOT_SENT,
        "The endpoint could not be reached in time; nothing was sent. Check the network and the proxy.",
    ),
    Row(
        always,
        Kind.NOT_SENT,
        "{operation} failed before anything was sent ({cause}). Check the network and the proxy.",
    ),
)

_SENT = (
    _REDIRECT,
    Row(
        cause("ReadTimeoutError", "TimeoutError"),
        Kind.AMBIGUOUS,
        "{operation} was sent and not answered in time. {doubt}",
    ),
    Row(
        cause("ClientPayloadError"),
        Kind.AMBIGUOUS,
        "The answer to {operation} broke off in its middle. {doubt}",
    ),
    Row(
        cause("ConnectionClosedError", "EndpointConnectionError"),
        Kind.AMBIGUOUS,
        "The connection was lost after {operation} was sent ({cause}). {doubt}",
    ),
    Row(
        always,
        Kind.AMBIGUOUS,
        "{operation} was sent and its answer is of no use ({cause}). {doubt}",
    ),
)

_ANSWERED = (
    Row(
        service_fault,
        Kind.AMBIGUOUS,
        "{operation} was sent and failed on the service's side {said}. {doubt}",
    ),
    _REDIRECT,
    Row(
        lambda failure: not 400 <= failure.status <= 499,
        Kind.AMBIGUOUS,
        "{operation} was sent and its answer is of no use {said}. {doubt}",
    ),
    Row(
        says("pending or running job"),
        Kind.BUSY,
        "The branch already has a pending or running job {said}. Wait for it, or stop it in the console.",
    ),
    Row(
        throttled,
        Kind.THROTTLED,
        "{operation} was refused by a limit of the service {said}. It is tried again, more slowly.",
    ),
    _EXPIRED,
    _SIGNATURE,
    Row(
        bad_credentials,
        Kind.CREDENTIALS,
        "{operation} was refused: the service does not accept these credentials {said}. "
        "Check the access key and its session token, and that the account has this region enabled.",
    ),
    Row(
        lambda failure: not failure.code,
        Kind.REJECTED,
        "{operation} was answered with HTTP {status} and no AWS error code: a proxy, firewall or other "
        "middlebox answered in the service's place. Check the endpoint URL, HTTPS_PROXY and NO_PROXY.",
    ),
    Row(
        either(status(401, 401), status(403, 403), code("AccessDenied", "Unauthorized")),
        Kind.DENIED,
        "{operation} is not permitted {said}. "
        "Allow {permission}; `amplify-release iam-policy PLAN{option}` prints the policy.",
    ),
    Row(
        either(status(404, 404), code("NotFound")),
        Kind.REJECTED,
        "{operation} found no such app, branch or job {said}. "
        "Check the target's account, region, app and branch.",
    ),
    Row(
        always,
        Kind.REJECTED,
        "{operation} was refused for good {said}. Correct the target.",
    ),
)

TABLES = {Stage.NOT_SENT: _NOT_SENT, Stage.SENT: _SENT, Stage.ANSWERED: _ANSWERED}
