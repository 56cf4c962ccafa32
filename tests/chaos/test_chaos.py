"""The chaos command, at the length that every change has to bear."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

import pytest

#: On a machine that does other things besides.
pytestmark = pytest.mark.timeout(600)


def chaos(*arguments: str) -> tuple[int, str]:
    """Run the command in an interpreter without threads, which this one may have; return code and output.

    It is content with what tests that run beside it leave of the machine.
    """
    process = subprocess.Popen(
        ["nice", sys.executable, "-m", "tests.chaos", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        told = process.communicate()[0]
        return process.returncode, told
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def test_200_kills_start_nothing_twice_and_lose_nothing() -> None:
    code, told = chaos("--kills", "200")
    assert code == 0, told
    found = re.search(r"(\d+) kills in", told)
    assert found, told
    assert int(found[1]) >= 200


def test_whichever_of_200_statements_fails_nothing_is_sent_unwritten_and_nothing_is_lost() -> None:
    code, told = chaos("--statements", "200")
    assert code == 0, told
    assert told.startswith("200 failed statements in 200 runs")


def test_an_engine_that_sends_too_soon_does_not_pass() -> None:
    code, told = chaos("--sabotage")
    assert code == 1
    assert "was sent and is not in the journal" in told
    assert "dapp0000 was started 2 times" in told
    assert "python -m tests.chaos --sabotage" in told
