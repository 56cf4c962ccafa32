"""The protocols: Amplify's REST with JSON, STS's forms with XML, and JSON with a target. Bytes in and out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

from ..plan.scenario import Operation
from ..spoken import rfc3339
from .answers import Answer, ApiError, unknown_operation

_STS = frozenset({Operation.ASSUME_ROLE, Operation.GET_CALLER_IDENTITY})
_JSON = json.JSONEncoder(separators=(",", ":"))
_TARGETS = {
    "ServiceQuotasV20190624.ListServiceQuotas": Operation.LIST_SERVICE_QUOTAS,
    "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents": Operation.LOOKUP_EVENTS,
}
_STS_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


def route(method: str, target: str) -> tuple[Operation, dict[str, str]]:
    """Return the Amplify operation that a request line means, and the parameters in it.

    `target` must be raw: `feature%2Fx` is one branch, and decoding it first would make it two segments.
    Raises ApiError for a line that is no operation.
    """
    path, _, query = target.partition("?")
    match method, [unquote(segment) for segment in path.split("/")[1:]]:
        case "POST", ["apps", app, "branches", branch, "jobs"]:
            return Operation.START_JOB, {"appId": app, "branchName": branch}
        case "GET", ["apps", app, "branches", branch, "jobs", job]:
            return Operation.GET_JOB, {"appId": app, "branchName": branch, "jobId": job}
        case "GET", ["apps", app, "branches", branch, "jobs"]:
            return Operation.LIST_JOBS, {"appId": app, "branchName": branch, **dict(parse_qsl(query))}
        case "DELETE", ["apps", app, "branches", branch, "jobs", job, "stop"]:
            return Operation.STOP_JOB, {"appId": app, "branchName": branch, "jobId": job}
        case "GET", ["apps"]:
            return Operation.LIST_APPS, dict(parse_qsl(query))
        case "GET", ["apps", app]:
            return Operation.GET_APP, {"appId": app}
        case "GET", ["apps", app, "branches"]:
            return Operation.LIST_BRANCHES, {"appId": app, **dict(parse_qsl(query))}
        case "GET", ["apps", app, "branches", branch]:
            return Operation.GET_BRANCH, {"appId": app, "branchName": branch}
        case _:
            raise unknown_operation()


def parse_body(body: bytes) -> dict[str, Any]:
    """Return the parameters of a JSON body: text, but for `commitTime`. Raises ApiError for anything else."""
    try:
        parameters = json.loads(body)
    except ValueError:
        raise ApiError("SerializationException", 400, "The body is not JSON") from None
    if not isinstance(parameters, dict):
        raise ApiError("SerializationException", 400, "The body is not an object")
    for name, value in parameters.items():
        if not isinstance(value, int | float if name == "commitTime" else str):
            raise ApiError("SerializationException", 400, f"The type of {name} is wrong")
    return parameters


def parse_target(target: str, body: bytes) -> tuple[Operation, dict[str, Any]]:
    """Return the operation of an X-Amz-Target header, Service Quotas' or CloudTrail's, and its parameters.

    Raises ApiError for an operation not known.
    """
    if target not in _TARGETS:
        raise unknown_operation()
    try:
        return _TARGETS[target], dict(json.loads(body))
    except (ValueError, TypeError):
        raise ApiError("SerializationException", 400, "The body is not a JSON object") from None


def render(answer: Answer) -> bytes:
    return _JSON.encode(answer).encode()


def render_error(error: ApiError, *, typed: bool = False) -> bytes:
    """Return the body of an error; `typed`: the protocols with a target tell the code there too."""
    return render(({"__type": error.code} if typed else {}) | {"message": error.message})


def parse_form(body: bytes) -> tuple[Operation, dict[str, str]]:
    """Return the STS operation of a form, and its parameters. Raises ApiError for an operation not known."""
    parameters = dict(parse_qsl(body.decode(errors="replace")))
    action = parameters.pop("Action", "")
    if action not in _STS:
        raise ApiError("InvalidAction", 400, f"Could not find operation {action}")
    return Operation(action), parameters


def render_xml(operation: Operation, answer: Answer) -> bytes:
    """Return an STS answer as XML; numbers are times."""
    result = _elements(answer)
    return (
        f'<{operation}Response xmlns="{_STS_NAMESPACE}"><{operation}Result>{result}</{operation}Result>'
        f"</{operation}Response>"
    ).encode()


def render_xml_error(error: ApiError) -> bytes:
    fault = _elements({"Type": "Sender", "Code": error.code, "Message": error.message})
    return f'<ErrorResponse xmlns="{_STS_NAMESPACE}"><Error>{fault}</Error></ErrorResponse>'.encode()


def _elements(fields: Mapping[str, Any]) -> str:
    return "".join(f"<{name}>{_text(value)}</{name}>" for name, value in fields.items())


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return _elements(value)
    return escape(rfc3339(value) or "" if isinstance(value, float) else str(value))
