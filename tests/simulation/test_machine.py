"""Hypothesis looks for the sequence of events after which an invariant does not hold.

CI runs the same examples every time; a longer search, with examples of its own:

    AMPLIFY_RELEASE_TEST_EXAMPLES=5000 python -m pytest tests/simulation/test_machine.py
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from tests.simulation.machine import Releasing

#: How many sequences are tried with each service; the variable asks for a longer search than CI's.
EXAMPLES = os.environ.get("AMPLIFY_RELEASE_TEST_EXAMPLES")

SETTINGS = settings(
    max_examples=int(EXAMPLES or 300),
    stateful_step_count=100 if EXAMPLES else 50,
    derandomize=EXAMPLES is None,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


pytestmark = pytest.mark.timeout(60 + 3 * SETTINGS.max_examples)


class Forgetful(Releasing):
    """The service does not keep commit messages."""

    echo = False


TestMarkersKept = Releasing.TestCase
TestMarkersKept.settings = SETTINGS
TestMarkersLost = Forgetful.TestCase
TestMarkersLost.settings = SETTINGS
