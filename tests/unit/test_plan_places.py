"""Every key and every value has its place, in both formats."""

from __future__ import annotations

import tomllib
from datetime import date
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.plan.fault import Path, Place
from scheduler.plan.toml_source import read_toml
from scheduler.plan.toml_walk import walk
from scheduler.plan.yaml_source import read_yaml

YAML = """# a comment
a: &gone 1
"b c":
  - d: {e: [1, {f: g}]}
    h:
  - |
    text: no key
  - 'quoted: no key'
"""


def test_places_of_a_yaml_text() -> None:
    wanted: list[Path] = [
        (),
        ("a",),
        ("b c",),
        ("b c", 0, "d", "e", 1, "f"),
        ("b c", 0, "h"),
        ("b c", 1),
        ("b c", 2),
    ]
    assert read_yaml(YAML).find(wanted) == {
        (): (Place(2, 1), Place(2, 1)),
        ("a",): (Place(2, 1), Place(2, 4)),
        ("b c",): (Place(3, 1), Place(4, 3)),
        ("b c", 0, "d", "e", 1, "f"): (Place(4, 17), Place(4, 20)),
        ("b c", 0, "h"): (Place(5, 5), Place(5, 7)),
        ("b c", 1): (Place(6, 5), Place(6, 5)),
        ("b c", 2): (Place(8, 5), Place(8, 5)),
    }


TOML = '''# a comment = 1
a.b."c.d" = 1.10
[e]
f = "x"   # z = 1
g = {h = "}", "i j".k = [1, 2.5,
  [3, "]"] , ]}
[[l]]
m = """
n = \\"""1"""
[l.o]
p = 2026-11-24 07:32:00.5Z
[[l]]
m = \'\'\'
n = 1\'\'\'
q = []
r = [{}, {s = true}]
'''


def test_places_of_a_toml_text() -> None:
    assert {path: (found[0], found[1]) for path, found in _toml_places(TOML).items()} == {
        (): (Place(1, 1), Place(1, 1)),
        ("a",): (Place(2, 1), Place(2, 1)),
        ("a", "b"): (Place(2, 3), Place(2, 3)),
        ("a", "b", "c.d"): (Place(2, 1), Place(2, 13)),
        ("e",): (Place(3, 1), Place(3, 2)),
        ("e", "f"): (Place(4, 1), Place(4, 5)),
        ("e", "g"): (Place(5, 1), Place(5, 5)),
        ("e", "g", "h"): (Place(5, 6), Place(5, 10)),
        ("e", "g", "i j"): (Place(5, 15), Place(5, 15)),
        ("e", "g", "i j", "k"): (Place(5, 15), Place(5, 25)),
        ("e", "g", "i j", "k", 0): (Place(5, 26), Place(5, 26)),
        ("e", "g", "i j", "k", 1): (Place(5, 29), Place(5, 29)),
        ("e", "g", "i j", "k", 2): (Place(6, 3), Place(6, 3)),
        ("e", "g", "i j", "k", 2, 0): (Place(6, 4), Place(6, 4)),
        ("e", "g", "i j", "k", 2, 1): (Place(6, 7), Place(6, 7)),
        ("l",): (Place(7, 3), Place(7, 3)),
        ("l", 0): (Place(7, 1), Place(7, 3)),
        ("l", 0, "m"): (Place(8, 1), Place(8, 5)),
        ("l", 0, "o"): (Place(10, 1), Place(10, 4)),
        ("l", 0, "o", "p"): (Place(11, 1), Place(11, 5)),
        ("l", 1): (Place(12, 1), Place(12, 3)),
        ("l", 1, "m"): (Place(13, 1), Place(13, 5)),
        ("l", 1, "q"): (Place(15, 1), Place(15, 5)),
        ("l", 1, "r"): (Place(16, 1), Place(16, 5)),
        ("l", 1, "r", 0): (Place(16, 6), Place(16, 6)),
        ("l", 1, "r", 1): (Place(16, 10), Place(16, 10)),
        ("l", 1, "r", 1, "s"): (Place(16, 11), Place(16, 15)),
    }


def _toml_places(text: str) -> dict[Path, tuple[Place, Place]]:
    return read_toml(text).find({path for path, _, _ in walk(text)})


def _paths(tree: Any, path: Path = ()) -> set[Path]:
    found = {path}
    if isinstance(tree, dict | list):
        for part, child in tree.items() if isinstance(tree, dict) else enumerate(tree):
            found |= _paths(child, (*path, part))
    return found


class _Dumper(yaml.SafeDumper):
    """Writes equal values out each time."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _toml(value: Any) -> str:
    """Write a value as inline TOML."""
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return "{" + ", ".join(f"{_toml(key)} = {_toml(item)}" for key, item in value.items()) + "}"
        case list():
            return "[\n" + ", # , ] }\n".join(map(_toml, value)) + "]"
        case str() if "'" not in value and len(value) % 2:
            return f"'{value}'"
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case _:
            return str(value)


TEXTS = st.text(st.sampled_from("ab .=#,[]{}\"'é\\"), max_size=5)
SCALARS = st.one_of(
    TEXTS, st.booleans(), st.integers(-99, 99), st.floats(-9, 9).map(lambda number: round(number, 2)),
    st.dates(date(2020, 1, 1)),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4))
def test_the_walk_over_toml_finds_exactly_what_the_parser_finds(tree: dict[str, Any]) -> None:
    text = "".join(f"{_toml(key)}={_toml(value)}\n" for key, value in tree.items())
    assert {path for path, _, _ in walk(text)} == _paths(tomllib.loads(text))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4), st.sampled_from([True, False, None]))
def test_the_walk_over_yaml_finds_exactly_what_the_tree_holds(
    tree: dict[str, Any], flow: bool | None
) -> None:
    reading = read_yaml(yaml.dump(tree, Dumper=_Dumper, allow_unicode=True, default_flow_style=flow))
    paths = _paths(reading.tree)
    assert reading.faults == []
    assert reading.find(paths).keys() == paths


def test_yaml_reads_alike_without_the_parser_in_c(monkeypatch: pytest.MonkeyPatch) -> None:
    with_c = read_yaml(YAML)
    monkeypatch.setattr("scheduler.plan.yaml_walk._LOADER", yaml.SafeLoader)
    without = read_yaml(YAML)
    paths = _paths(with_c.tree)
    assert without.tree == with_c.tree
    assert without.faults == with_c.faults
    assert without.find(paths) == with_c.find(paths)
