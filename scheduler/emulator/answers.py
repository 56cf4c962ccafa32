"""What the emulator answers: results, and errors in Amplify's own words where public sightings give them."""

from __future__ import annotations

from typing import Any

from ..plan.scenario import Operation, Refusal

#: A result in the API's shape; times are seconds since the epoch.
Answer = dict[str, Any]

#: Whose the operations are that are not Amplify's, as permissions name it.
_SERVICES = {
    Operation.ASSUME_ROLE: "sts",
    Operation.GET_CALLER_IDENTITY: "sts",
    Operation.LIST_SERVICE_QUOTAS: "servicequotas",
    Operation.LOOKUP_EVENTS: "cloudtrail",
}


class ApiError(Exception):
    """An error answer of the service: its code, HTTP status and message."""

    def __init__(self, code: str, status: int, message: str) -> None:
        super().__init__(f"{code} ({status}): {message}")
        self.code = code
        self.status = status
        self.message = message


def busy(branch: str) -> ApiError:
    """The refusal of a branch that has a job already; verbatim, grammar included."""
    return ApiError(
        "LimitExceededException",
        429,
        f"The requested branch {branch} already have pending or running jobs",
    )


def slots_taken(slots: int) -> ApiError:
    """The refusal of a full account in mode `refuse`. Amplify queues instead, so these words are invented."""
    return ApiError(
        "LimitExceededException", 429, f"The maximum number of concurrent jobs ({slots}) has been reached"
    )


def rate_exceeded(operation: Operation, refusal: Refusal) -> ApiError:
    """The refusal of a call that came too soon after others."""
    message = f"Rate exceeded while calling {operation}, please slow down or try again later."
    match refusal:
        case Refusal.LIMIT_EXCEEDED:
            return ApiError("LimitExceededException", 429, message)
        case Refusal.BAD_REQUEST:
            return ApiError("BadRequestException", 400, message)
        case Refusal.THROTTLING:
            return ApiError("ThrottlingException", 400, "Rate exceeded")
        case Refusal.TOO_MANY_REQUESTS:
            return ApiError("TooManyRequestsException", 429, "Too Many Requests")


def bad_request(message: str) -> ApiError:
    return ApiError("BadRequestException", 400, message)


def not_found(what: str, name: str) -> ApiError:
    """`what` is App, Branch or Job."""
    return ApiError("NotFoundException", 404, f"{what} {name} not found.")


def denied(operation: Operation, arn: str) -> ApiError:
    """The refusal of a caller without permission; the code is not in Amplify's model, yet it comes."""
    service = _SERVICES.get(operation, "amplify")
    return ApiError(
        "AccessDeniedException", 403, f"User: {arn} is not authorized to perform: {service}:{operation}"
    )


def expired_token() -> ApiError:
    return ApiError("ExpiredTokenException", 403, "The security token included in the request is expired")


def unsigned() -> ApiError:
    return ApiError("MissingAuthenticationTokenException", 403, "Missing Authentication Token")


def unknown_operation() -> ApiError:
    return ApiError("UnknownOperationException", 404, "The emulator does not answer this operation")
