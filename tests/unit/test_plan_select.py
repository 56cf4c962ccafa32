"""`--only` and `--skip` narrow a plan, and say so when they would not do what was meant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from scheduler.errors import UsageError
from scheduler.model import Target
from scheduler.plan.select import narrow


def target(key: str, name: str) -> Target:
    account, region, app, branch = key.split("/", 3)
    return Target(account=account, region=region, app=app, branch=branch, name=name)


TARGETS = (
    target("shop/eu-west-1/d1/main", "web"),
    target("shop/eu-west-1/d1/release/1.10", "web"),
    target("shop/us-east-1/d2/main", "Cart"),
    target("docs/us-east-1/d3/feature/[id]", "docs*"),
)


def chosen(only: Sequence[str] = (), skip: Sequence[str] = ()) -> list[int]:
    return [TARGETS.index(found) for found in narrow(TARGETS, only, skip)]


@pytest.mark.parametrize(
    ("only", "skip", "positions"),
    [
        ([], [], [0, 1, 2, 3]),
        (["web"], [], [0, 1]),
        (["shop/*"], [], [0, 1, 2]),
        (["*/main"], [], [0, 2]),
        (["shop/*/main"], [], [0, 2]),
        (["*/d?/release/*"], [], [1]),
        (["*"], ["web"], [2, 3]),
        (["docs*"], [], [3]),
        (["docs/us-east-1/d3/feature/[id]"], [], [3]),
        (["[cC]art"], [], [2]),
        (["Cart", "web"], [], [0, 1, 2]),
        ([], ["*/main"], [1, 3]),
        ([], ["nothing"], [0, 1, 2, 3]),
        (["web"], ["*"], []),
    ],
)
def test_globs_match_the_whole_key_or_the_whole_name(
    only: list[str], skip: list[str], positions: list[int]
) -> None:
    assert chosen(only, skip) == positions


def test_a_glob_of_only_that_matches_nothing_is_named_with_a_suggestion() -> None:
    with pytest.raises(UsageError) as refused:
        chosen(["web", "cart", "shop/eu-west-1/d1/mian", "\x1b[2J"])
    assert str(refused.value).split("\n") == [
        "--only 'cart' matches no target; did you mean 'Cart'?",
        "--only 'shop/eu-west-1/d1/mian' matches no target; did you mean 'shop/eu-west-1/d1/main'?",
        r"--only '\x1b[2J' matches no target",
    ]


def test_a_file_holds_a_glob_a_line(tmp_path: Path) -> None:
    file = tmp_path / "globs"
    file.write_bytes(b"\xef\xbb\xbf# the first two\r\n\r\n  web  \r\nCart\n")
    assert chosen([f"@{file}"]) == [0, 1, 2]
    assert chosen(["*"], [f"@{file}"]) == [3]


def test_a_file_without_globs_selects_nothing(tmp_path: Path) -> None:
    file = tmp_path / "globs"
    file.write_text("# nothing failed\n")
    assert chosen([f"@{file}"]) == []
    assert chosen([], [f"@{file}"]) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "No such file or directory"), (b"\xff", "not a text file")]
)
def test_a_file_that_cannot_be_read_is_a_usage_error(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    file = tmp_path / "globs"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError) as refused:
        chosen(skip=[f"@{file}"])
    assert str(refused.value) == f"@{file}: cannot be read: {reason}"


def test_twenty_thousand_names_in_a_file_are_looked_up_and_not_compared(tmp_path: Path) -> None:
    targets = [target(f"shop/eu-west-1/d{count}/main", f"app {count}") for count in range(20_000)]
    file = tmp_path / "globs"
    file.write_text("\n".join(found.name for found in targets[::2]))
    assert narrow(targets, [f"@{file}"], []) == tuple(targets[::2])
