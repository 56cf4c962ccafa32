"""Settings come from typed options, then the environment, then the defaults; faults read like advice."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scheduler.errors import UsageError
from scheduler.logs import LogFormat
from scheduler.settings import Progress, Settings, load_settings, settings_table, unknown_variables


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start every test without a variable that settings could come from."""
    for name in [name for name in os.environ if name.upper().startswith("AMPLIFY_RELEASE_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_defaults_are_those_of_the_contract(tmp_path: Path) -> None:
    assert load_settings({}).model_dump() == {
        "state_dir": tmp_path / "amplify-release",
        "journal": None,
        "endpoint_url": None,
        "sts_endpoint_url": None,
        "region": None,
        "profile": None,
        "concurrency": None,
        "max_failures": None,
        "max_runtime": None,
        "drain_timeout": 10.0,
        "settle": 360.0,
        "cloudtrail": False,
        "lock_wait": 0.0,
        "poll_interval": None,
        "follow": True,
        "lanes": 20,
        "lease": 15.0,
        "progress": Progress.AUTO,
        "log_format": LogFormat.CONSOLE,
    }


def test_environment_sets_what_was_not_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMPLIFY_RELEASE_CONCURRENCY", "7")
    monkeypatch.setenv("AMPLIFY_RELEASE_SETTLE", "2m")
    monkeypatch.setenv("AMPLIFY_RELEASE_FOLLOW", "no")
    monkeypatch.setenv("AMPLIFY_RELEASE_LOG_FORMAT", "json")
    settings = load_settings({"concurrency": "3", "settle": None})
    assert (settings.concurrency, settings.settle, settings.follow, settings.log_format) == (
        3,
        120.0,
        False,
        LogFormat.JSON,
    )


def test_an_empty_variable_sets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMPLIFY_RELEASE_REGION", "")
    monkeypatch.setenv("AMPLIFY_RELEASE_MAX_RUNTIME", "")
    settings = load_settings({})
    assert (settings.region, settings.max_runtime) == (None, None)


def test_no_file_of_the_working_directory_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AMPLIFY_RELEASE_REGION=eu-west-1\n")
    monkeypatch.chdir(tmp_path)
    assert load_settings({}).region is None


def test_state_directory_is_the_option_then_the_variable_then_the_first_of_systemd(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/release:/var/lib/other")
    assert load_settings({}).state_dir == Path("/var/lib/release")
    monkeypatch.setenv("AMPLIFY_RELEASE_STATE_DIR", "/srv/state")
    assert load_settings({}).state_dir == Path("/srv/state")
    assert load_settings({"state_dir": "/typed"}).state_dir == Path("/typed")


def test_every_fault_is_one_line_that_names_where_it_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMPLIFY_RELEASE_CONCURRENCY", "abc")
    monkeypatch.setenv("AMPLIFY_RELEASE_PROGRESS", "fancy")
    with pytest.raises(UsageError) as caught:
        load_settings({"settle": "30", "concurrency": None, "follow": "perhaps"})
    assert sorted(str(caught.value).splitlines()) == [
        "--no-follow: expected true or false, got 'perhaps'",
        "--settle: expected a duration such as 90s, 45m or 2h, got '30'",
        "AMPLIFY_RELEASE_CONCURRENCY: expected a whole number, 1 or more, got 'abc'",
        "AMPLIFY_RELEASE_PROGRESS: expected auto, live, plain or none, got 'fancy'",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("concurrency", "0"),
        ("concurrency", "1.5"),
        ("max_failures", "-1"),
        ("max_failures", "101%"),
        ("max_failures", "10 %"),
        ("region", "eu-west-1.evil.example"),
        ("endpoint_url", "http://amplify.example"),
        ("endpoint_url", "ftp://127.0.0.1"),
        ("endpoint_url", "https://"),
        ("endpoint_url", "https://amplify.example/?a=b"),
        ("endpoint_url", "https://[::1"),
        ("endpoint_url", "https://amplify.example:port"),
        ("sts_endpoint_url", "http://127.0.0.1.example"),
        ("drain_timeout", "-5s"),
        ("lock_wait", "soon"),
        ("journal", "sqlite:///journal.db"),
        ("journal", "db.example/releases"),
        ("lanes", "0"),
        ("lease", "100ms"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"^--{name.replace('_', '-')}: expected .*, got "):
        load_settings({name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("endpoint_url", "https://amplify.eu-west-1.amazonaws.com"),
        ("endpoint_url", "http://127.0.0.1:8080"),
        ("endpoint_url", "http://[::1]:8080/base"),
        ("sts_endpoint_url", "http://localhost:8080"),
        ("region", "us-gov-west-1"),
        ("max_failures", "0"),
        ("max_failures", "10%"),
        ("max_failures", "2.5%"),
        ("max_failures", "100%"),
    ],
)
def test_a_good_value_stays_what_was_written(name: str, value: str) -> None:
    assert getattr(load_settings({name: value}), name) == value


def test_a_password_in_a_refused_endpoint_is_not_repeated() -> None:
    with pytest.raises(UsageError) as caught:
        load_settings({"endpoint_url": "https://me:hunter2@amplify.example/"})
    assert str(caught.value) == (
        "--endpoint-url: expected an https URL, or an http one on this machine, with neither user name nor "
        "query, got 'https://[redacted]@amplify.example/'"
    )


def test_the_password_of_the_journal_is_in_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMPLIFY_RELEASE_JOURNAL", "postgresql://me:hunter2@db.example/releases")
    assert "hunter2" not in f"{load_settings({})!r}"
    with pytest.raises(UsageError) as caught:
        load_settings({"journal": "mysql://me:hunter2@db.example/releases"})
    assert str(caught.value) == (
        "--journal: expected a URL such as postgresql://db.example/releases, "
        "got 'mysql://[redacted]@db.example/releases'"
    )


def test_a_hostile_value_cannot_steer_the_terminal() -> None:
    with pytest.raises(UsageError) as caught:
        load_settings({"region": "\x1b[2J\u202e\n"})
    assert str(caught.value) == r"--region: expected a region such as eu-west-1, got '\x1b[2J\u202e\n'"


def test_a_variable_that_sets_nothing_is_told_with_the_nearest_name() -> None:
    environ = {
        "AMPLIFY_RELEASE_CONCURENCY": "5",
        "AMPLIFY_RELEASE_QQQ": "1",
        "AMPLIFY_RELEASE_REGION": "eu-west-1",
        "AMPLIFY_RELEASE_TEST_LIVE": "1",
        "HOME": "/root",
    }
    assert unknown_variables(environ) == [
        "AMPLIFY_RELEASE_CONCURENCY: no such setting; did you mean AMPLIFY_RELEASE_CONCURRENCY?",
        "AMPLIFY_RELEASE_QQQ: no such setting; it is ignored",
    ]


def test_the_table_has_one_row_a_setting_with_its_default() -> None:
    lines = settings_table().splitlines()
    assert lines[:2] == ["| Option | Variable | Default | Meaning |", "|---|---|---|---|"]
    assert len(lines) == 2 + len(Settings.model_fields)
    assert (
        "| `--settle` | `AMPLIFY_RELEASE_SETTLE` | `360s` | "
        "How long the job of an ambiguous start is looked for. |" in lines
    )


def test_every_setting_is_described_and_says_what_it_expects() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        with pytest.raises(UsageError, match=": expected "):
            load_settings({name: object()})
