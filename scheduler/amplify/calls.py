"""Make one call: bounded in time, observed, and with every error turned into `CallFailed`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from ..redact import redact
from .answers import server_at
from .classify import classify
from .failure import Failure
from .port import CallFailed, Stage
from .transport import CALL, Call

#: Characters of a service's message that are kept; the rest is repetition or a web page.
_MESSAGE = 500

T = TypeVar("T")


async def attempt(
    operation: str,
    call: Callable[[], Awaitable[T]],
    *,
    deadline: float,
    clock: Callable[[], float],
    intent: str = "",
) -> T:
    """Await `call()` for at most `deadline` seconds and return what it returns.

    The client's own timeouts bound single reads and not a slow drip of bytes, so this is the only bound of
    the whole call. `clock` gives seconds since the epoch. Raises CallFailed for every exception; cancellation
    passes through.
    """
    record = Call(intent)
    token = CALL.set(record)
    try:
        async with asyncio.timeout(deadline):
            return await call()
    except Exception as error:  # aiobotocore's parsers raise anything on an odd answer
        raise _failed(error, operation, record, clock) from error
    finally:
        CALL.reset(token)


def _failed(error: Exception, operation: str, record: Call, clock: Callable[[], float]) -> CallFailed:
    failure = _failure(error, operation, record, clock)
    kind, reason = classify(failure)
    return CallFailed(
        kind,
        reason,
        stage=failure.stage,
        operation=failure.operation,
        code=failure.code,
        status=failure.status,
        # What a library says may quote a credential process or a URL; only the service's words are passed on.
        message=failure.message if isinstance(error, ClientError) else "",
        cause=failure.causes[-1],
    )


def _failure(error: Exception, operation: str, record: Call, clock: Callable[[], float]) -> Failure:
    chain = list(_chain(error))
    causes = tuple(type(link).__name__ for link in chain)
    stage = Stage.SENT if record.sent else Stage.NOT_SENT
    if not isinstance(error, ClientError):
        proxy = next((link.status for link in chain if type(link).__name__ == "ClientHttpProxyError"), 0)
        return Failure(
            stage=stage, operation=operation, status=proxy, message=_message(str(error)), causes=causes
        )
    if record.sent and error.operation_name == operation:
        stage = Stage.ANSWERED
    answer: dict[str, Any] = dict(error.response)
    status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    code = str(answer.get("Error", {}).get("Code") or "")
    date = server_at(answer)
    return Failure(
        stage=stage,
        operation=error.operation_name,
        # botocore gives the HTTP status for a code where the answer has none.
        code="" if code == str(status) else _message(code),
        status=status,
        message=_message(str(answer.get("Error", {}).get("Message") or "")),
        causes=causes,
        skew=None if date is None else clock() - date,
    )


def _chain(error: BaseException) -> Iterator[Any]:
    """Yield an exception and those underneath. botocore keeps the transport's own in `kwargs["error"]`."""
    link: BaseException | None = error
    for _ in range(8):  # chains can be circular
        if link is None or isinstance(link, asyncio.CancelledError):  # the deadline's own means
            return
        yield link
        inner = getattr(link, "kwargs", {}).get("error")
        link = inner if isinstance(inner, BaseException) else link.__cause__


def _message(text: str) -> str:
    """Return the first line without secrets; further lines quote requests, tokens included."""
    line = text.strip().partition("\n")[0]
    return redact(line[: 4 * _MESSAGE])[:_MESSAGE]  # cut last: half a secret would not be known for one
