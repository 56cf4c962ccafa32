"""What is written in a plan is what is meant: nothing is retyped on the way."""

from __future__ import annotations

import pytest

from scheduler.model import Account
from tests.unit.plan_files import HEAD, faults, loaded

TRAPS = [
    "on",
    "no",
    "off",
    "yes",
    "true",
    "1.10",
    "0123",
    "1e3",
    "12:30",
    "2026-11-24",
    "0x1F",
    "1_000",
    ".5",
    "=",
    "-1",
    "null1",
    "NaN",
    "+.inf",
    "feature/x y",
    "hotfix/#42",
    "a+b&c=d%20",
    "feat(scope)!",
]


@pytest.mark.parametrize("word", TRAPS)
def test_an_unquoted_branch_stays_the_text_it_was(word: str) -> None:
    plan = loaded(f"{HEAD}targets:\n  - app: d1\n    branch: {word}\n")
    assert [target.branch for target in plan.targets] == [word]


@pytest.mark.parametrize("word", ["null", "~", "", "1.10", "on"])
def test_a_quoted_branch_is_text_whatever_it_says(word: str) -> None:
    content = f"{HEAD}targets: [{{app: d1, branch: '{word}'}}]\n"
    if word:
        assert loaded(content).targets[0].branch == word
    else:
        assert faults(content) == [
            "plan.yaml:3:29: targets[0].branch: is an empty text; leave it out, or write something"
        ]


@pytest.mark.parametrize("word", ["", "null", "~", "Null", "NULL"])
def test_an_unquoted_null_is_empty(word: str) -> None:
    assert faults(f"{HEAD}targets:\n  - app: d1\n    branch: {word}\n") == [
        f"plan.yaml:5:{13 if word else 12}: targets[0].branch: branch is empty; quote it, or leave it out"
    ]


def test_account_numbers_keep_their_zeros() -> None:
    accounts = "accounts: {shop: {id: 012345670123, profile: 0123}}"
    plan = loaded(f"{HEAD}{accounts}\ntargets: [{{app: d1, account: shop}}]\n")
    assert plan.accounts == (Account(name="shop", id="012345670123", profile="0123"),)


@pytest.mark.parametrize("field", ["reason", "commit_id", "commit_message", "name"])
def test_every_field_of_text_keeps_its_text(field: str) -> None:
    plan = loaded(f"{HEAD}targets: [{{app: d1, {field}: 1.10}}]\n")
    assert getattr(plan.targets[0], field) == "1.10"


def test_labels_keep_their_text() -> None:
    plan = loaded(f"{HEAD}targets: [{{app: d1, labels: {{1.10: 0123, on: no}}}}]\n")
    assert plan.targets[0].labels == {"1.10": "0123", "on": "no"}


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("no", False),
        ("off", False),
        ("false", False),
        ("No", False),
        ("yes", True),
        ("on", True),
        ("true", True),
    ],
)
def test_a_boolean_is_read_from_the_words_of_yaml(word: str, meant: bool) -> None:
    assert loaded(f"{HEAD}targets: [{{app: d1, marker: {word}}}]\n").targets[0].marker is meant


def test_toml_says_how_to_write_what_it_took_for_something_else() -> None:
    content = """version = 1
defaults = {region = "eu-west-1", reason = true}
[[targets]]
app = "d1"
branches = ["main", 1.10, 2026-11-24,
  07:32:00]
commit_id = 1e3
commit_message = 0x1F
[targets.labels]
"a b" = 1_000
"""
    assert faults(content, "plan.toml") == [
        'plan.toml:2:44: defaults.reason: write reason = "true"; to TOML true is a boolean',
        'plan.toml:5:21: targets[0].branches[1]: write "1.10"; to TOML 1.10 is a number',
        'plan.toml:5:27: targets[0].branches[2]: write "2026-11-24"; to TOML 2026-11-24 is a date or a time',
        'plan.toml:6:3: targets[0].branches[3]: write "07:32:00"; to TOML 07:32:00 is a date or a time',
        'plan.toml:7:13: targets[0].commit_id: write commit_id = "1e3"; to TOML 1e3 is a number',
        'plan.toml:8:18: targets[0].commit_message: write commit_message = "31"; to TOML 31 is a number',
        "plan.toml:10:9: targets[0].labels['a b']: write a b = \"1000\"; to TOML 1000 is a number",
    ]
