"""A report says how the run went and which command leads on."""

from __future__ import annotations

import pytest

from scheduler.errors import ExitCode
from scheduler.model import Outcome, Verdict
from scheduler.report.advice import Step, compact, headline, next_steps, tally
from scheduler.report.document import Report, Totals

_RUN = "01JDHQ6X1V0W8R3K5M7N9P2T4A"
_RESUME, _RETRY = f"amplify-release resume {_RUN}", f"amplify-release retry {_RUN}"
_DENIED = (Verdict.FAILED, ExitCode.CREDENTIALS)
_FAILED = (Verdict.FAILED, ExitCode.FAILED)
_SUCCEEDED = (Verdict.SUCCEEDED, ExitCode.SUCCEEDED)


@pytest.mark.parametrize(
    ("ending", "outcomes", "sentence", "steps"),
    [
        (_SUCCEEDED, {Outcome.SUCCEEDED: 3}, "Every target succeeded.", []),
        (
            _SUCCEEDED,
            {Outcome.SUCCEEDED: 1, Outcome.SKIPPED: 2},
            "No target failed: 1 succeeded, 2 skipped.",
            [],
        ),
        # Not followed by request: nothing is left over.
        (_SUCCEEDED, {Outcome.STARTED: 2}, "No target failed: 2 started.", []),
        ((Verdict.NOTHING_TO_DO, ExitCode.SUCCEEDED), {}, "The run has no targets.", []),
        (
            _FAILED,
            {Outcome.SUCCEEDED: 1_997, Outcome.FAILED: 2, Outcome.TIMED_OUT: 1},
            "3 of 2,000 targets failed.",
            [Step(_RETRY, "start 3 targets again")],
        ),
        # What is in doubt is looked for and never started again by itself.
        (
            _FAILED,
            {Outcome.UNRESOLVED: 1},
            "1 target in doubt.",
            [Step(_RESUME, "look for the jobs of 1 target in doubt")],
        ),
        (
            _FAILED,
            {Outcome.SUCCEEDED: 1, Outcome.NOT_STARTED: 2, Outcome.STARTED: 1},
            "3 of 4 targets did not come to an end.",
            [Step(_RESUME, "go on with 3 targets left over")],
        ),
        (
            _DENIED,
            {Outcome.NOT_STARTED: 2},
            "No lane could start: credentials or permissions are missing.",
            [
                Step(
                    "amplify-release doctor plans/nightly.yaml",
                    "see which credentials or permissions are missing",
                ),
                Step(_RESUME, "go on with 2 targets left over"),
            ],
        ),
        (
            (Verdict.STOPPED, ExitCode.STOPPED),
            {Outcome.FAILED: 1, Outcome.NOT_STARTED: 1, Outcome.UNRESOLVED: 1},
            "Cut short: 2h are over.",
            [
                Step(_RESUME, "go on with 1 target left over and look for the jobs of 1 target in doubt"),
                Step(_RETRY, "start 1 target again"),
            ],
        ),
        (
            (Verdict.INTERRUPTED, ExitCode.INTERRUPTED),
            {Outcome.SUCCEEDED: 1, Outcome.STARTED: 1},
            "Cut short: 2h are over. Jobs that were started go on in AWS.",
            [Step(_RESUME, "go on with 1 target left over")],
        ),
        ((Verdict.ERROR, ExitCode.INTERNAL), {}, "Cut short: 2h are over.", []),
        (
            (Verdict.RUNNING, None),
            {Outcome.SUCCEEDED: 3, Outcome.STARTED: 1, Outcome.NOT_STARTED: 1, Outcome.UNRESOLVED: 1},
            "The run goes on: 3 of 6 targets have ended.",
            [Step(f"amplify-release status {_RUN} --watch", "watch it")],
        ),
    ],
)
def test_the_headline_and_the_next_steps(
    mixed_report: Report,
    ending: tuple[Verdict, ExitCode | None],
    outcomes: dict[Outcome, int],
    sentence: str,
    steps: list[Step],
) -> None:
    verdict, code = ending
    run = mixed_report.run.model_copy(
        update={"verdict": verdict, "exit_code": code, "stop_reason": "2h are over."}
    )
    report = mixed_report.model_copy(update={"run": run, "totals": Totals.of(outcomes)})
    assert (headline(report), next_steps(report)) == (sentence, steps)


def test_a_plan_path_can_be_pasted_into_a_shell(mixed_report: Report) -> None:
    run = mixed_report.run.model_copy(
        update={
            "exit_code": ExitCode.CREDENTIALS,
            "plan": mixed_report.run.plan.model_copy(update={"path": "my plans/$(reboot).yaml"}),
        }
    )
    (doctor, *_) = next_steps(mixed_report.model_copy(update={"run": run}))
    assert doctor.command == "amplify-release doctor 'my plans/$(reboot).yaml'"


@pytest.mark.parametrize(
    ("endpoint", "options"),
    [
        ("aws", ""),
        ("emulator", " --emulate"),
        ("http://127.0.0.1:8080/a b", " --endpoint-url 'http://127.0.0.1:8080/a b'"),
    ],
)
def test_the_next_command_finds_the_same_service_and_the_same_journal(
    mixed_report: Report, endpoint: str, options: str
) -> None:
    run = mixed_report.run.model_copy(
        update={"endpoint": endpoint, "verdict": Verdict.STOPPED, "exit_code": ExitCode.STOPPED}
    )
    report = mixed_report.model_copy(update={"run": run, "totals": Totals.of({Outcome.NOT_STARTED: 1})})
    assert next_steps(report) == [Step(f"{_RESUME}{options}", "go on with 1 target left over")]
    (step,) = next_steps(report, state_dir="/var/lib/my runs")
    assert step.command == f"{_RESUME} --state-dir '/var/lib/my runs'{options}"


def test_what_was_given_to_a_fleet_is_given_to_it_again(mixed_report: Report) -> None:
    run = mixed_report.run.model_copy(
        update={
            "endpoint": "http://127.0.0.1:1",
            "verdict": Verdict.STOPPED,
            "exit_code": ExitCode.STOPPED,
            "fleet": True,
        }
    )
    totals = Totals.of({Outcome.NOT_STARTED: 1, Outcome.FAILED: 1})
    steps = next_steps(mixed_report.model_copy(update={"run": run, "totals": totals}))
    assert [step.command for step in steps] == [
        f"{_RESUME} --endpoint-url http://127.0.0.1:1 --fleet",
        f"{_RETRY} --endpoint-url http://127.0.0.1:1 --fleet",
    ]


def test_nothing_goes_on_in_aws_after_a_rehearsal(mixed_report: Report) -> None:
    run = mixed_report.run.model_copy(update={"verdict": Verdict.INTERRUPTED, "endpoint": "emulator"})
    assert headline(mixed_report.model_copy(update={"run": run})) == (
        "Cut short: the process ended before the run did."
    )


def test_a_run_that_was_killed_says_so(mixed_report: Report) -> None:
    run = mixed_report.run.model_copy(update={"verdict": Verdict.INTERRUPTED, "exit_code": None})
    assert headline(mixed_report.model_copy(update={"run": run})) == (
        "Cut short: the process ended before the run did. Jobs that were started go on in AWS."
    )


def test_a_tally_follows_the_order_of_the_contract() -> None:
    assert tally(Totals.of({Outcome.NOT_STARTED: 8, Outcome.FAILED: 1_200, Outcome.TIMED_OUT: 1})) == (
        "1,200 failed, 1 timed out, 8 not started"
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0, "0s"),
        (59.4, "59s"),
        (59.6, "1m 00s"),
        (723, "12m 03s"),
        (3_599.7, "1h 00m"),
        (93_720, "26h 02m"),
    ],
)
def test_durations_are_short(seconds: float | None, words: str) -> None:
    assert compact(seconds) == words
