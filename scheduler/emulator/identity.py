"""Whose request it is: access keys and session tokens that carry their account, so nothing is remembered.

Signatures are not verified: the emulator listens on loopback and holds nothing worth stealing.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache
from math import inf

from ..model import LaneKey
from .answers import Answer, ApiError, unsigned

#: The account of every access key that was not made here.
UNKNOWN_ACCOUNT = "000000000000"
#: What accepts any signature needs no real secret.
SECRET_KEY = "emulated"  # noqa: S105 - not a secret

_KEY = re.compile(r"A[KS]IAEMUL([0-9]{12})")
_SCOPE = re.compile(r"Credential=([^/,\s]+)/[0-9]{8}/([a-z0-9-]+)/[a-z0-9-]+/aws4_request")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):role/(?:.*/)?([^/]+)")


@dataclass(frozen=True, slots=True)
class Caller:
    """An account in a region, as somebody. `expires_at` is seconds since the epoch on the service's clock."""

    account: str
    region: str
    arn: str
    expires_at: float = inf

    @property
    def lane(self) -> LaneKey:
        return LaneKey(self.account, self.region)


def access_key(account: str, *, temporary: bool = False) -> str:
    """Return an access key id, in AWS's form, that the emulator takes for the account's (twelve digits)."""
    return f"A{'S' if temporary else 'K'}IAEMUL{account}"


def caller(account: str, region: str) -> Caller:
    """Return a caller with the account's own keys, as a client without assumed role has."""
    return Caller(account, region, f"arn:aws:iam::{account}:user/emulator")


def caller_of(authorization: str, token: str) -> Caller:
    """Return who signed a request, from its Authorization and X-Amz-Security-Token headers.

    Raises ApiError where there is no signature.
    """
    scope = _SCOPE.search(authorization)
    if scope is None:
        raise unsigned()
    return _caller(scope[1], scope[2], token)


@lru_cache(maxsize=4096)
def _caller(key: str, region: str, token: str) -> Caller:
    match = _KEY.fullmatch(key)
    account = match[1] if match else UNKNOWN_ACCOUNT
    try:
        session = json.loads(urlsafe_b64decode(token))
        return Caller(account, region, session["arn"], session["expires"])
    except (ValueError, KeyError, TypeError):  # a token of somebody else's, or none
        return caller(account, region)


def assume(role_arn: str, session_name: str, expires_at: float) -> Answer:
    """Return AssumeRole's result: credentials of the role's account, valid until `expires_at`."""
    role = _ROLE.fullmatch(role_arn)
    if role is None:
        raise ApiError("ValidationError", 400, f"{role_arn} is invalid")
    if not session_name:
        raise ApiError("ValidationError", 400, "Value null at 'roleSessionName' failed to satisfy constraint")
    account, name = role.groups()
    arn = f"arn:aws:sts::{account}:assumed-role/{name}/{session_name}"
    token = urlsafe_b64encode(json.dumps({"arn": arn, "expires": expires_at}).encode()).decode()
    return {
        "Credentials": {
            "AccessKeyId": access_key(account, temporary=True),
            "SecretAccessKey": SECRET_KEY,
            "SessionToken": token,
            "Expiration": expires_at,
        },
        "AssumedRoleUser": {"AssumedRoleId": f"AROAEMULATED:{session_name}", "Arn": arn},
    }
