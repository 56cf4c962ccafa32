"""Whatever a file holds, it is a plan or it is refused in lines: quickly, and never with a traceback."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.errors import PlanError
from scheduler.plan.fault import SHOWN
from scheduler.plan.model import Defaults, TargetEntry
from scheduler.plan.scenario import Scenario
from tests.unit.plan_files import HEAD, faults, loaded

ALIAS_BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + step)}: &{chr(98 + step)} [{', '.join([f'*{chr(97 + step)}'] * 9)}]\n" for step in range(12)
)

GARBAGE: dict[str, tuple[str, bytes, str]] = {
    "an empty file": ("plan.yaml", b"", "plan.yaml: the plan is empty; it begins with version: 1"),
    "a lone byte order mark": (
        "plan.yaml",
        b"\xef\xbb\xbf",
        "plan.yaml: the plan is empty; it begins with version: 1",
    ),
    "an empty TOML file": ("plan.toml", b"\n", "plan.toml: the plan is empty; it begins with version = 1"),
    "bytes that are not UTF-8": (
        "plan.yaml",
        "version: 1\nname: é".encode() + b"\xff\n",
        "plan.yaml:2:8: not UTF-8: byte 0xff",
    ),
    "UTF-16": ("plan.yaml", "version: 1".encode("utf-16"), "plan.yaml:1:1: not UTF-8: byte 0xff"),
    "a NUL": (
        "plan.yaml",
        b"version: 1\nname: a\0b\n",
        "plan.yaml:2:8: the character U+0000 is not allowed in YAML",
    ),
    "a NUL in TOML": ("plan.toml", b'a = "\0"\n', "plan.toml:1:6: not valid TOML: Illegal character '\\x00'"),
    "an escape sequence": (
        "plan.yaml",
        b"\x1b[2J",
        "plan.yaml:1:1: the character U+001B is not allowed in YAML",
    ),
    "a tab for a space": (
        "plan.yaml",
        b"version: 1\ndefaults:\n\tregion: x\n",
        "while scanning for the next token, found character that cannot start any token",
    ),
    "20,000 brackets": ("plan.yaml", b"[" * 20_000, "exceeded maximum nesting depth"),
    "a million dashes": (
        "plan.yaml",
        b"- " * 1_000_000,
        "plan.yaml:1:65: a plan is nested 32 levels deep at most",
    ),
    "a million keys in keys": (
        "plan.yaml",
        b"? " * 1_000_000,
        "plan.yaml:1:65: a plan is nested 32 levels deep at most",
    ),
    "20,000 brackets in TOML": (
        "plan.toml",
        b"a = " + b"[" * 20_000,
        "plan.toml:1:37: a plan is nested 32 levels deep at most",
    ),
    "33 tables in TOML": (
        "plan.toml",
        b"a = " + b"{a = " * 33 + b"1" + b"}" * 33,
        "plan.toml:1:160: a plan is nested 32 levels deep at most",
    ),
    "a key of a million dots": (
        "plan.toml",
        b"a." * 1_000_000 + b"a = 1",
        "plan.toml:1:65: a plan is nested 32 levels deep at most",
    ),
    "a key of quoted dots": (
        "plan.toml",
        b"[" + b"'a' . " * 100_000 + b"a]",
        "plan.toml:1:194: a plan is nested 32 levels deep at most",
    ),
    "5,000 digits in TOML": (
        "plan.toml",
        b"a = " + b"9" * 5_000,
        "plan.toml:1:5: a number has too many digits",
    ),
    "a large hexadecimal": (
        "plan.toml",
        b"version = 1\ntargets = []\nname = 0x" + b"f" * 100_000,
        "plan.toml:3:8: name: expected text, got a very large number",
    ),
    "a TOML key twice": (
        "plan.toml",
        b"[limits]\nbuilds = 1\n'builds' = 2\n",
        "plan.toml:3:1: duplicate key 'builds' (first at line 2)",
    ),
    "a TOML table twice": (
        "plan.toml",
        b"version = 1\n[limits]\n[failure]\n[limits]\n",
        "plan.toml:4:1: duplicate key 'limits' (first at line 2)",
    ),
    "an unfinished TOML": ("plan.toml", b"a =\n", "plan.toml:1:4: not valid TOML: Invalid value"),
    "a wide mapping": (
        "plan.yaml",
        b"".join(b"k%d: 1\n" % count for count in range(10_001)),
        "plan.yaml:10001:1: a mapping has more than 10,000 keys",
    ),
    "a wide table": (
        "plan.toml",
        b"[a]\n" + b"".join(b"k%d = 1\n" % count for count in range(10_001)),
        "plan.toml:1:2: a mapping has more than 10,000 keys",
    ),
    "many branches": (
        "plan.yaml",
        f"{HEAD}targets:\n- app: d1\n  branches:\n".encode() + b"  - ''\n" * 50_001,
        "plan.yaml:6:3: targets[0].branches: has 50,001 items; 50,000 are the most",
    ),
    "eleven MiB": (
        "plan.yaml",
        b"#" * (11 * 1024 * 1024),
        "plan.yaml: larger than 10 MiB; a plan that large is released from a lock file",
    ),
}


@pytest.mark.parametrize("what", GARBAGE)
def test_garbage_is_refused_in_one_line(what: str) -> None:
    name, content, line = GARBAGE[what]
    started = time.process_time()
    [told] = faults(content, name)
    assert told == line if line.startswith(name) else told.endswith(line)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "content",
    [
        ALIAS_BOMB,
        "&x [*x]\n",
        "- !!int ''\n- !!timestamp x\n- !!float abc\n- !!python/object:os.system x\n",
        f"{HEAD}targets:\n" + "- &a a\n- *a\n" * 10_000,
        f"{HEAD}targets:\n" + "- x\n" * 20_000,
        f"{HEAD}targets:\n" + "- {a: b}\n" * 20_000,
        f"{HEAD}targets:\n- app: d1\n  branches:\n" + "  - ''\n" * 20_000,
        f"{HEAD}targets:\n- app: d1\n  branches:\n" + "  - a\n" * 20_000,
        "a: 1\n" * 20_000,
        "".join(f"k{count}: 1\n" for count in range(10_000)),
    ],
    ids=lambda content: content[:30],
)
def test_garbage_without_end_is_refused_in_fifty_lines_in_little_memory(content: str) -> None:
    tracemalloc.start()
    try:
        lines = faults(content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(lines) <= SHOWN + 1
    assert all(line.isprintable() for line in lines)
    assert peak < 100 * 1024 * 1024


SCRAPS = (
    *(
        ": ",
        "\n",
        "\n  ",
        "\n- ",
        "- ",
        ", ",
        "{",
        "}",
        "[",
        "]",
        "[[",
        "]]",
        " = ",
        ".",
        "#",
        "?",
        "|",
        ">-",
    ),
    *("~", "'", '"', "'''", "\\", "\\u00e9", "\\ud800", "&a", "*a", "!!str", "!x", "<<", "%YAML 1.2", "---"),
    *(
        "...",
        "é",
        "\u2028",
        "\ufeff",
        "\x85",
        "version",
        "targets",
        "app",
        "d1",
        "branch",
        "1",
        "1.10",
        "0x1f",
    ),
)
TANGLES = st.lists(st.sampled_from(SCRAPS), max_size=60).map("".join)
CONTENTS = st.one_of(
    st.binary(max_size=60), TANGLES.map(str.encode), TANGLES.map(lambda text: (HEAD + text).encode())
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(content=CONTENTS, name=st.sampled_from(["plan.yaml", "plan.toml"]))
def test_any_bytes_are_a_plan_or_a_plan_error(content: bytes, name: str) -> None:
    try:
        loaded(content, name)
    except PlanError as refused:
        _assert_lines(str(refused), name)


KEYS = st.sampled_from(
    [
        *(
            "id",
            "profile",
            "role_arn",
            "external_id",
            "builds",
            "reserve",
            "max_failures",
            "min",
            "max",
            "kind",
        ),
        *sorted({*Defaults.__annotations__, *TargetEntry.__annotations__, *Scenario.model_fields, "x"}),
    ]
)
SCALARS = st.sampled_from(
    [
        *(None, True, 0, 1, -7, 10**30, 1.5, "", "x", "d1", "main", "eu-west-1", "default", "RETRY", "45m"),
        *("10%", "\x1b", "{", "2026-11-24", "9" * 400 + "h"),
    ]
)
PARTS = st.recursive(
    SCALARS, lambda part: st.lists(part, max_size=3) | st.dictionaries(KEYS, part, max_size=4), max_leaves=8
)
MAPPINGS = st.dictionaries(KEYS, PARTS, max_size=5)
SECTIONS = st.sampled_from(["defaults", "accounts", "limits", "failure", "expect", "emulate", "waves"])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    targets=st.lists(MAPPINGS | MAPPINGS.map(lambda entry: {"app": "d1"} | entry) | PARTS, max_size=3),
    sections=st.dictionaries(
        SECTIONS, st.dictionaries(KEYS, MAPPINGS, max_size=2) | MAPPINGS | PARTS, max_size=3
    ),
)
def test_any_tree_is_a_plan_or_a_plan_error(targets: list[Any], sections: dict[str, Any]) -> None:
    content = yaml.safe_dump({"version": 1, "targets": targets, **sections}, sort_keys=False)
    try:
        loaded(content)
    except PlanError as refused:
        _assert_lines(str(refused), "plan.yaml")


def _assert_lines(text: str, name: str) -> None:
    assert all(line.isprintable() and line.startswith((f"{name}:", "… and ")) for line in text.split("\n"))
