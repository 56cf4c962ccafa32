"""The scenario that an emulator plays, and the durations in it."""

import pytest
from pydantic import TypeAdapter, ValidationError

from scheduler.plan.duration import Duration, parse_duration
from scheduler.plan.scenario import BranchRule, Fault, FaultKind, Operation, Scenario


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90.0), ("45m", 2700.0), ("2h", 7200.0), ("1.5s", 1.5), ("500ms", 0.5), (" 0s ", 0.0)],
)
def test_a_duration_is_a_number_and_its_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "90", "1h30m", "-5s", "5 minutes", "s", "1e3s", "٣s", ".5s", "5S"])
def test_anything_else_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match=r"write a number and a unit, such as 90s, 45m, 2h or 500ms$"):
        parse_duration(text)


def test_a_field_takes_seconds_as_a_number_too() -> None:
    assert [TypeAdapter(Duration).validate_python(value) for value in (3, 0.25, "3m")] == [3.0, 0.25, 180.0]


@pytest.mark.parametrize("value", [True, None, -1, float("nan"), float("inf"), [1]])
def test_a_field_refuses_what_is_no_time(value: object) -> None:
    with pytest.raises(ValidationError, match="duration"):
        TypeAdapter(Duration).validate_python(value)


def test_the_schema_of_a_duration_shows_both_forms() -> None:
    assert TypeAdapter(Duration).json_schema() == {
        "anyOf": [
            {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?(ms|s|m|h)$"},
            {"type": "number", "minimum": 0},
        ]
    }


def test_a_range_is_one_duration_or_least_and_most() -> None:
    scenario = Scenario.model_validate({"build_time": "90s", "pending_time": ["500ms", 2], "latency": 0.1})
    assert (scenario.build_time, scenario.pending_time, scenario.latency) == ((90, 90), (0.5, 2), (0.1, 0.1))


@pytest.mark.parametrize("value", [["2s", "1s"], ["1s"], ["1s", "2s", "3s"], "soon"])
def test_a_range_that_is_none_is_refused(value: object) -> None:
    with pytest.raises(ValidationError, match="build_time"):
        Scenario.model_validate({"build_time": value})


def test_a_scenario_reads_text_where_the_source_knows_nothing_else() -> None:
    scenario = Scenario.model_validate(
        {
            "slots": "8",
            "start_rate": "20",
            "marker_echo": "false",
            "omit_fields": ["commitMessage"],
            "branches": [{"app": "d1*", "fails": "true", "busy": "3s"}],
            "faults": [{"kind": "reset_after", "times": "2"}],
        }
    )
    assert scenario == Scenario(
        slots=8,
        start_rate=20,
        marker_echo=False,
        omit_fields=frozenset({"commitMessage"}),
        branches=(BranchRule(app="d1*", fails=True, busy=3),),
        faults=(Fault(kind=FaultKind.RESET_AFTER, operation=Operation.START_JOB, times=2),),
    )


@pytest.mark.parametrize(
    "fault",
    [
        {"slot": 3},
        {"slots": 0},
        {"start_rate": 0},
        {"omit_fields": ["jobId"]},
        {"faults": [{"kind": "rain"}]},
    ],
)
def test_a_scenario_with_a_fault_in_it_is_refused(fault: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Scenario.model_validate(fault)
