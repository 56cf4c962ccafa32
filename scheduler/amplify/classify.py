"""Decide what a failed call means: by stage first, then by code, status and message."""

from __future__ import annotations

from .failure import Failure, bad_signature
from .port import Kind
from .tables import TABLES

#: Permissions that a run can do without, by operation, and the option that puts them into the policy.
_OPTIONAL = {
    "LookupEvents": ("cloudtrail:LookupEvents", " --for cloudtrail"),
    "ListServiceQuotas": ("servicequotas:ListServiceQuotas", " --for quotas"),
}

#: A clock further off than this is named as the cause of a refused signature; AWS bears five minutes.
_SKEW_SECONDS = 60


def classify(failure: Failure) -> tuple[Kind, str]:
    """Return what the failure means, and a sentence or two for the user on what happened and what to do."""
    row = next(row for row in TABLES[failure.stage] if row.when(failure))
    return row.kind, row.reason.format(
        operation=failure.operation,
        status=failure.status,
        said=_said(failure),
        cause=failure.causes[-1] if failure.causes else "no cause known",
        doubt=_doubt(failure),
        permission=_OPTIONAL.get(failure.operation, (f"amplify:{failure.operation} on this branch", ""))[0],
        option=_OPTIONAL.get(failure.operation, ("", ""))[1],
        clock=_clock(failure),
    )


def _said(failure: Failure) -> str:
    if not failure.code:  # then the message is a middlebox's web page
        return f"(HTTP {failure.status})"
    # A refused signature is explained with the request's own headers, the session token among them.
    message = "" if bad_signature(failure) or not failure.message else f": {failure.message}"
    return f"({failure.code}, HTTP {failure.status}{message})"


def _doubt(failure: Failure) -> str:
    if failure.operation == "StartJob":
        return (
            "Whether a job was started is not known; it is looked for, and nothing is sent again by itself."
        )
    return "To ask again does no harm."


def _clock(failure: Failure) -> str:
    if failure.skew is None:
        return "Compare this machine's clock with the true time, then check the secret access key."
    if abs(failure.skew) < _SKEW_SECONDS:
        return (
            "The clock is right, so the secret access key is wrong or something in between alters requests."
        )
    side = "ahead of" if failure.skew > 0 else "behind"
    return (
        f"This machine's clock is {abs(failure.skew):.0f} s {side} the service's. "
        "Set it right (NTP) and resume."
    )
