"""A lock file starts exactly what its plan would have started, and nothing once a line of it was changed."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.errors import PlanError
from scheduler.model import FrozenPlan
from scheduler.plan.digest import Digest, short
from scheduler.plan.load import load_plan
from scheduler.plan.lock_file import lock_lines
from scheduler.plan.select import narrowed
from tests.unit.plan_files import HEAD, faults, loaded

ROOT = Path(__file__).parents[2]
PLANS = [
    *(ROOT / "config" / name for name in ("example.yaml", "example.toml", "demo.yaml")),
    ROOT / "tests" / "data" / "fleet.yaml",
]
ANEW = "write the lock anew with `amplify-release plan PLAN --out LOCK`"
CHANGED = f"changed since the lock was written, or lines before it were added or taken out; {ANEW}"

FIVE = loaded(f"{HEAD}targets: [{', '.join(f'{{app: d{number}}}' for number in range(1, 6))}]\n", "five.yaml")
LINES = list(lock_lines(FIVE, None))


def locked(plan: FrozenPlan) -> bytes:
    return b"".join(lock_lines(plan, None))


def forged(head: dict[str, Any], *targets: dict[str, Any]) -> bytes:
    """A lock whose checks are right whatever it holds, as another release might write it."""
    digest = Digest((), FIVE.limits, FIVE.budget)
    lines = []
    for target in targets:
        body = compact(target)
        digest.add(body)
        lines.append((body, digest.so_far()))
    given = {"amplify_release_lock": 1, "name": "n", "path": "p", "digest": digest.whole()} | head
    first = compact(given | {"targets": len(targets)})
    closed = [(first, short(first)), *lines]
    return b"".join(body[:-1] + b',"check":"%s"}\n' % check.encode() for body, check in closed)


def compact(data: dict[str, Any]) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode()


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.name)
def test_a_lock_is_the_plan_it_was_written_from(path: Path, tmp_path: Path) -> None:
    plan, scenario = load_plan(str(path))
    lock = tmp_path / "night.lock"
    lock.write_bytes(b"".join(lock_lines(plan, scenario)))
    assert load_plan(str(lock)) == (plan, scenario)


def test_a_lock_of_some_targets_holds_those_alone() -> None:
    some = narrowed(FIVE, ["*/d2/*", "*/d4/*"], [])
    back = loaded(locked(some), "some.lock")
    assert back == some
    assert [target.app for target in back.targets] == ["d2", "d4"]
    assert back.digest != FIVE.digest


def test_a_lock_of_nothing_starts_nothing() -> None:
    assert loaded(locked(narrowed(FIVE, [], ["*"])), "none.lock").targets == ()


@pytest.mark.parametrize("name", ["five.lock", "five.yaml", "five.toml", "five.txt", "five"])
def test_a_lock_is_known_by_its_first_line_whatever_it_is_called(name: str) -> None:
    assert loaded(locked(FIVE), name) == FIVE


def test_a_lock_comes_from_standard_input_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(locked(FIVE))))
    assert load_plan("-") == (FIVE, None)


def test_a_refused_lock_from_standard_input_is_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(locked(FIVE) + b"{}\n")))
    with pytest.raises(PlanError) as refused:
        load_plan("-")
    assert str(refused.value) == f"<stdin>:7: {CHANGED}"


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda lines: [*lines[:3], lines[3].replace(b"d3", b"d9"), *lines[4:]], 4),
        (lambda lines: [*lines[:2], *lines[3:]], 3),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], 2),
        (lambda lines: [*lines[:2], lines[1], *lines[2:]], 3),
        (lambda lines: [*lines, lines[-1]], 7),
        (lambda lines: [line.replace(b"\n", b"\r\n") if line == lines[-1] else line for line in lines], 6),
        (lambda lines: [*lines[:-1], lines[-1][:-1]], 6),
    ],
    ids=["edited", "taken out", "moved", "repeated", "added", "other line end", "cut in a line"],
)
def test_a_changed_line_is_named(change: Callable[[list[bytes]], list[bytes]], line: int) -> None:
    assert faults(b"".join(change(LINES)), "five.lock") == [f"five.lock:{line}: {CHANGED}"]


@pytest.mark.parametrize("changed", [b'"name":"fixe"', b'"name":"five" '])
def test_a_changed_first_line_is_named(changed: bytes) -> None:
    content = locked(FIVE).replace(b'"name":"five"', changed)
    assert faults(content, "five.lock") == [f"five.lock:1: changed since the lock was written; {ANEW}"]


@pytest.mark.parametrize(("kept", "line"), [(1, 1), (4, 4)])
def test_a_cut_lock_says_how_much_of_it_is_left(kept: int, line: int) -> None:
    told = f"five.lock:{line}: the lock ends here, after {kept - 1} of its 5 targets; {ANEW}"
    assert faults(b"".join(LINES[:kept]), "five.lock") == [told]


def test_no_lock_is_left_of_one_that_was_cut_in_its_first_line() -> None:
    assert faults(LINES[0][:60], "five.lock") == [f"five.lock:1: not the first line of a lock; {ANEW}"]


@settings(max_examples=300, deadline=None)
@given(place=st.integers(0, len(locked(FIVE)) - 1), byte=st.integers(0, 255))
def test_no_byte_can_be_changed_unnoticed(place: int, byte: int) -> None:
    content = bytearray(locked(FIVE))
    if content[place] == byte:
        return
    line = content[:place].count(b"\n") + 1
    content[place] = byte
    [told] = faults(bytes(content), "five.lock")
    assert told.startswith((f"five.lock:{line}: ", "five.lock: the suffix tells"))


def test_a_lock_of_a_newer_version_is_refused() -> None:
    content = locked(FIVE).replace(b'lock":1', b'lock":2', 1)
    assert faults(content, "five.lock") == ["five.lock:1: this release reads locks of version 1, got 2"]


GOOD = {"account": "default", "app": "d1", "branch": "main", "region": "eu-west-1"}


def test_what_another_release_wrote_is_refused_in_the_words_of_a_plan() -> None:
    content = forged({}, GOOD, GOOD | {"app": "X", "prioritty": 1}, {"app": "d2"}, GOOD | {"branches": ["a"]})
    whole = "names no single target: account, region, app and branch, one of each"
    assert faults(content, "other.lock") == [
        "other.lock:3: app: 'X' is not an app id, such as d2p7kq0example",
        "other.lock:3: prioritty: unknown key; did you mean 'priority'?",
        f"other.lock:4: {whole}",
        f"other.lock:5: {whole}",
    ]


@pytest.mark.parametrize(
    ("head", "complaint"),
    [
        ({"waves": []}, f"another release wrote what this one cannot read; {ANEW}"),
        ({"limits": {"builds": 3, "burst": 9}}, f"another release wrote what this one cannot read; {ANEW}"),
        ({"digest": "sha256:0"}, f"the digest is not that of the targets; {ANEW}"),
    ],
)
def test_a_first_line_of_another_release_is_refused(head: dict[str, Any], complaint: str) -> None:
    assert faults(forged(head, GOOD), "other.lock") == [f"other.lock:1: {complaint}"]


def test_only_the_first_fifty_faults_of_a_lock_are_told() -> None:
    told = faults(forged({}, *([GOOD | {"app": "X"}] * 60)), "other.lock")
    assert (len(told), told[-1]) == (51, "… and 10 more")


def test_the_targets_of_a_lock_share_the_texts_that_they_have_in_common() -> None:
    targets = loaded(locked(FIVE), "five.lock").targets
    assert len({id(target.region) for target in targets}) == 1


def test_text_is_written_so_that_every_editor_shows_it_alike() -> None:
    plan = loaded(f"{HEAD}targets: [{{app: d1, name: caf\u00e9, branch: a\u200bb}}]\n")
    assert locked(plan).isascii()
    assert loaded(locked(plan), "odd.lock") == plan
