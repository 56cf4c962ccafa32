"""The terminal says who failed and why, then how much, then what to do next."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.cells import cell_len

from scheduler.journal.port import JournalReader, TargetRecord
from scheduler.model import Outcome, Target
from scheduler.printable import printable
from scheduler.report.document import Report
from scheduler.report.summary import summarize
from scheduler.report.terminal import render

_RECORD = TargetRecord(
    position=0,
    target=Target(account="shop", region="eu-west-1", app="d2p7kq0example", branch="main", name="web"),
    outcome=Outcome.FAILED,
    reason="job 8 ended as FAILED",
)


def test_the_whole_summary(mixed_report: Report) -> None:
    assert render(mixed_report, width=80) == (
        "failed       d3f8lr1example/release/1.10  job 8 ended as FAILED\n"
        "             shop/eu-west-1\n"
        "unresolved   d4g9ms2example/main (web)    StartJob was sent at\n"
        "             docs/eu-west-1               2026-11-24T02:00:03.000Z and its\n"
        "                                          answer never came; nothing was sent\n"
        "                                          again. `amplify-release resume…\n"
        "skipped      d5h1nt3example/main (docs)   the branch was busy for 1h\n"
        "             docs/eu-west-1\n"
        "\n"
        "nightly: failed. 1 of 4 targets failed, 1 target in doubt.\n"
        "4 targets: 1 succeeded, 1 failed, 1 skipped, 1 unresolved in 23m 52s\n"
        "run 01JDHQ6X1V0W8R3K5M7N9P2T4A\n"
        "\n"
        "Next:\n"
        "  amplify-release resume 01JDHQ6X1V0W8R3K5M7N9P2T4A\n"
        "    to look for the jobs of 1 target in doubt\n"
        "  amplify-release retry 01JDHQ6X1V0W8R3K5M7N9P2T4A\n"
        "    to start 1 target again\n"
    )


def test_a_run_without_targets(empty_report: Report) -> None:
    assert render(empty_report) == (
        "nightly: nothing to do. The run has no targets.\nrun 01JDHQ6X1V0W8R3K5M7N9P2T4A\n"
    )


def test_a_success_is_three_lines(make_journal: Callable[..., JournalReader]) -> None:
    report = summarize(make_journal([replace(_RECORD, outcome=Outcome.SUCCEEDED, reason="")]))
    assert render(report) == (
        "nightly: succeeded. Every target succeeded.\n"
        "1 target: 1 succeeded in 23m 52s\n"
        "run 01JDHQ6X1V0W8R3K5M7N9P2T4A\n"
    )


def test_many_failures_are_cut_and_counted(make_journal: Callable[..., JournalReader]) -> None:
    report = summarize(make_journal([_RECORD] * 5_000))
    lines = render(report, width=120).splitlines()
    assert len([line for line in lines if line.startswith("failed ")]) == 30
    assert lines[60] == "… and 4,970 more, see the report"


def test_what_was_left_out_for_one_reason_is_one_row(make_journal: Callable[..., JournalReader]) -> None:
    left = replace(_RECORD, outcome=Outcome.NOT_STARTED, reason="no credentials")
    lines = render(summarize(make_journal([left] * 400 + [_RECORD])), width=120).splitlines()
    assert lines[:4] == [
        "failed       d2p7kq0example/main (web)  job 8 ended as FAILED",
        "             shop/eu-west-1",
        "not_started  400 targets                no credentials",
        "",
    ]


@pytest.mark.parametrize("width", [0, 60, 80, 133, 400])
def test_rows_fit_the_width_whatever_their_letters(
    make_journal: Callable[..., JournalReader], width: int
) -> None:
    target = replace(_RECORD.target, branch="日本" * 60, name="\U0001f680" * 40)
    report = summarize(make_journal([replace(_RECORD, target=target, reason="größe " + "語" * 200)]))
    rows = render(report, width=width).split("\n\n")[0].splitlines()
    assert max(cell_len(row) for row in rows) <= max(width, 60)


def test_colour_changes_no_letter(mixed_report: Report) -> None:
    coloured = render(mixed_report, colour=True)
    assert coloured.startswith("\x1b[31mfailed     \x1b[0m")
    assert re.sub(r"\x1b\[[0-9]+m", "", coloured) == render(mixed_report)


def test_hostile_text_is_shown_and_obeyed_by_nothing(hostile_report: Report) -> None:
    for line in render(hostile_report).splitlines():
        assert printable(line) == line
        assert not line.lstrip().startswith("::")


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("x" * 250 + " " + "x" * 250 + " ::error::y", "  \\x3a:error::y"),
        ("##[error]y", "\\x23#[error]y"),
        ("##vso[task.complete]y", "\\x23#vso[task.complete]y"),
        ("## a::b", "## a::b"),
    ],
)
def test_a_ci_runner_takes_no_text_for_a_command(
    make_journal: Callable[..., JournalReader], reason: str, shown: str
) -> None:
    text = render(summarize(make_journal([replace(_RECORD, reason=reason)])), width=300)
    assert not re.search(r"(?m)^\s*::|##\[|##vso\[", text)
    assert shown in text
