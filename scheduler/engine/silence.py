"""The silence after a refusal that neither pace nor slots explain: the one call after it decides."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Why(StrEnum):
    """Why a lane is silent, and so what the call after the silence tells."""

    WHICH = "finding out which limit refused"
    STARVED = "refused though none of our jobs runs"
    SHORT = "refused a moment ago, with none of our jobs running"


@dataclass(slots=True)
class Silence:
    """No call until `opens`, after a refusal of the call sent at `refused`, which took `answered` seconds."""

    opens: float
    refused: float
    answered: float
    pace: float
    why: Why
