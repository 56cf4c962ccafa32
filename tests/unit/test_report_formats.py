"""A report file is checked before the first start, and appears whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path

import pytest

from scheduler.errors import ReportPathError, UsageError
from scheduler.report import as_json, csv, formats, html, junit, markdown
from scheduler.report.document import Report


def refusal(error: type[Exception], *paths: Path) -> str:
    with pytest.raises(error) as raised:
        formats.check_writable(paths)
    return str(raised.value)


def test_the_suffix_picks_the_format(tmp_path: Path, mixed_report: Report) -> None:
    expected = {
        "report.json": as_json.render,
        "report.xml": junit.render,
        "report.md": markdown.render,
        "report.html": html.render,
        "report.CSV": csv.render,
    }
    for name, render in expected.items():
        formats.render_to(tmp_path / name, mixed_report)
        assert (tmp_path / name).read_bytes() == render(mixed_report).encode()


@pytest.mark.parametrize("name", ["report", "report.txt", "report.json.gz", ".json"])
def test_another_suffix_is_refused_and_the_known_ones_are_named(tmp_path: Path, name: str) -> None:
    assert refusal(UsageError, tmp_path / name) == (
        f"{tmp_path / name}: the suffix picks the format of a report; "
        "use one of .json, .xml, .md, .html, .csv"
    )


def test_the_check_leaves_nothing_behind(tmp_path: Path) -> None:
    existing = tmp_path / "old.json"
    existing.write_text("old")
    formats.check_writable([existing, tmp_path / "new.html"])
    assert [path.name for path in tmp_path.iterdir()] == ["old.json"]
    assert existing.read_text() == "old"


def test_a_missing_directory_is_told(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "report.json"
    assert refusal(ReportPathError, path) == f"{path}: there is no directory {path.parent}; create it first"


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.mkdir()
    assert refusal(ReportPathError, path) == f"{path}: is a directory; name a file in it"


def test_what_is_no_regular_file_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    os.mkfifo(path)
    assert refusal(ReportPathError, path) == f"{path}: is not a regular file; name another one"


def test_one_report_does_not_replace_another(tmp_path: Path) -> None:
    (tmp_path / "same").symlink_to(tmp_path)
    twin = tmp_path / "same" / "report.json"
    assert refusal(UsageError, tmp_path / "report.json", twin) == (
        f"{twin}: given twice; one report would replace the other"
    )


def test_a_directory_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> tuple[int, str]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", full)
    path = tmp_path / "report.json"
    assert refusal(ReportPathError, path) == (
        f"{path}: cannot be written (No space left on device); name a place that can be written"
    )


def test_hostile_paths_are_shown_escaped(tmp_path: Path) -> None:
    assert "\\x1b[2J.txt: the suffix" in refusal(UsageError, tmp_path / "\x1b[2J.txt")


def test_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")
    path.chmod(0o644)
    formats.write(path, "new")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o600)


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_a_failed_write_leaves_the_old_file_and_no_other(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: int) -> None:
        raise OSError(number, os.strerror(number))

    path = tmp_path / "report.json"
    path.write_text("old")
    monkeypatch.setattr("os.fsync", broken)
    said = f"cannot be written ({os.strerror(number)}); the journal has the run"
    with pytest.raises(ReportPathError, match=re.escape(said)):
        formats.write(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]


def test_names_as_long_as_a_file_system_allows_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / f"{'r' * 250}.json"
    formats.check_writable([path])
    formats.write(path, "new")
    assert path.read_text() == "new"
