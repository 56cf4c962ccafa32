"""The fields of a plan that hold text, and the sentence for what each may not hold.

In the published schema they also take what YAML editors see there: to them an unquoted `1.10` is a number and
`on` a boolean.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from .fault import did_you_mean, show
from .regions import known_regions

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def _schema(pattern: str = "", least: int = 0, most: int = 0) -> WithJsonSchema:
    schema: dict[str, object] = {"type": ["string", "number", "boolean"]}
    if pattern:
        schema["pattern"] = f"^{pattern}$"
    if most:
        schema |= {"minLength": least, "maxLength": most}
    return WithJsonSchema(schema)


def _matching(pattern: str, sentence: str, *, secret: bool = False) -> AfterValidator:
    compiled = re.compile(pattern, re.ASCII)

    def check(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise ValueError(sentence if secret else f"{show(text)} {sentence}")
        return text

    return AfterValidator(check)


def _sized(least: int, most: int) -> AfterValidator:
    def check(text: str) -> str:
        if len(text) > most:
            raise ValueError(f"has {len(text):,} characters; {most:,} are the most")
        if len(text) < least:
            raise ValueError("is an empty text; leave it out, or write something")
        return text

    return AfterValidator(check)


def _branch(text: str) -> str:
    if text in {".", ".."}:
        raise ValueError(f"no branch can be called {show(text)}")
    if _CONTROL.search(text):
        raise ValueError(f"{show(text)} has a control character, which no branch can have")
    return text


def _commit_message(text: str) -> str:
    if "[amplify-release:" in text:
        # Copied from an earlier job, it would make a search for that job's start find this one.
        raise ValueError("has the marker [amplify-release:…] of an earlier start; leave that out")
    return text


def _account_name(text: str) -> str:
    if text == "default":
        raise ValueError("default stands for the ambient credentials; choose another name")
    if not text or "/" in text or _CONTROL.search(text):
        raise ValueError("the name of an account is not empty and has neither slash nor control character")
    return text


def _region(text: str) -> str:
    regions = known_regions()
    if text not in regions:
        hint = did_you_mean(text, sorted(regions)) or "; if the region is new, upgrade this program"
        raise ValueError(f"unknown region {show(text)}{hint}")
    return text


#: Sizes and patterns are those of the API models of Amplify, IAM and STS. A commit message leaves room for
#: the marker in the 10,000 characters of the service.
AppId = Annotated[
    str,
    _matching(r"d[a-z0-9]{1,19}", "is not an app id, such as d2p7kq0example"),
    _schema(r"d[a-z0-9]{1,19}"),
]
Branch = Annotated[str, _sized(1, 255), AfterValidator(_branch), _schema(least=1, most=255)]
Region = Annotated[str, AfterValidator(_region), WithJsonSchema({"type": "string"})]
Name = Annotated[str, _sized(1, 255), _schema(least=1, most=255)]
Text255 = Annotated[str, _sized(0, 255), _schema(most=255)]
CommitMessage = Annotated[str, _sized(0, 9_950), AfterValidator(_commit_message), _schema(most=9_950)]
JobId = Annotated[
    str, _matching(r"[0-9]{1,255}", "is not a job id; it has only digits"), _schema("[0-9]{1,255}")
]
LabelText = Annotated[str, _schema()]

AccountName = Annotated[str, AfterValidator(_account_name), WithJsonSchema({"type": "string"})]
AccountId = Annotated[
    str,
    _matching("[0-9]{12}", "is not an account id; it has 12 digits"),
    _schema("[0-9]{12}"),
]
Profile = Annotated[str, _sized(1, 255), _schema(least=1, most=255)]
RoleArn = Annotated[
    str,
    _matching(
        r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]{1,576}",
        "is not the ARN of a role, such as arn:aws:iam::012345670123:role/release",
    ),
    WithJsonSchema({"type": "string", "pattern": "^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$"}),
]
ExternalId = Annotated[
    str,
    _matching(
        r"[\w+=,.@:/-]{2,1224}",
        "expected 2 to 1,224 letters, digits and any of _+=,.@:/-",
        secret=True,
    ),
    _schema(least=2, most=1224),
]
