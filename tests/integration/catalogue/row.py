"""A row of the catalogue: what is out of order, and what that is seen as, means and leads to."""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.amplify.port import Kind, Stage
from tests.integration.scene import Scene
from tests.integration.watch import Action

#: How the client sees an answer that is no HTTP; what follows tells why.
GARBAGE = "HTTPClientError > ClientResponseError > HttpProcessingError > "


@dataclass(frozen=True)
class Row:
    """`seen` are the exceptions, the outermost first; `starts` counts the StartJobs that the service read.

    `operation` is the one that failed; `says` is a part of the sentence for the user.
    """

    name: str
    scene: Scene
    stage: Stage
    seen: str
    kind: Kind
    starts: int = 0
    status: int = 0
    code: str = ""
    operation: str = "StartJob"
    says: str = ""


#: What the engine does, by what a failure means.
ACTIONS = {
    Kind.NOT_SENT: Action.RETRY,
    Kind.THROTTLED: Action.SLOW_DOWN,
    Kind.EXPIRED: Action.RENEW,
    Kind.BUSY: Action.WAIT,
    Kind.REJECTED: Action.FAIL,
    Kind.DENIED: Action.FAIL,
    Kind.CREDENTIALS: Action.STOP,
    Kind.BROKEN: Action.STOP,
    Kind.AMBIGUOUS: Action.RECONCILE,
}
