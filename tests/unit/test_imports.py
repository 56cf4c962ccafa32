"""Imports point one way: from the face down to the words, and never in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import scheduler

ROOT = Path(scheduler.__file__).parent

#: The rooms from the lowest up. A module imports from its own room and from rooms below.
ROOMS = (
    "printable",
    "steady",
    "whole",
    "redact",
    "urls",
    "elapsed",
    "errors",
    "model",
    "endpoints",
    "signals",
    "spoken",
    "events",
    "logs",
    "plan",
    "settings",
    "amplify",
    "journal",
    "emulator",
    "sweep",
    "engine",
    "worker",
    "report",
    "progress",
    "cli",
    "__main__",
)

#: Libraries that have one home each; everywhere else they would spread what is meant to end there.
HOMES = {
    "aiobotocore": {"amplify"},
    "botocore": {"amplify"},
    "aiohttp": {"amplify", "emulator"},
    "sqlite3": {"journal"},
    "psycopg": {"journal"},
    "psycopg_pool": {"journal"},
    "procrastinate": {"worker"},
    "structlog": {"logs"},
    "rich": {"progress", "report"},
    "jinja2": {"report"},
    "click": {"cli"},
    "yaml": {"plan"},
    "tomllib": {"plan"},
}


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(part for part in parts if part != "__init__") or "__init__"] = path
    return found


def imports(name: str, path: Path) -> Iterator[tuple[str, bool]]:
    """Yield what a module imports: (dotted name, whether it is this program's own)."""
    package = [] if name == "__init__" else name.split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, False) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield (node.module or "", False)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] + (node.module or "").split(".")
            prefix = ".".join(part for part in base if part)
            for alias in node.names:
                yield (f"{prefix}.{alias.name}".strip("."), True)


def own_imports(name: str, path: Path, known: dict[str, Path]) -> set[str]:
    """Return the modules of this program that a module imports."""
    found = set()
    for dotted, own in imports(name, path):
        if own:
            module = dotted if dotted in known else dotted.rpartition(".")[0]
            found.add(module or "__init__")
    return found - {name}


def test_every_room_is_on_the_list() -> None:
    rooms = {name.split(".")[0] for name in modules()} - {"__init__"}
    assert rooms == set(ROOMS)


def test_a_module_imports_from_its_own_room_and_from_rooms_below() -> None:
    known = modules()
    wrong = [
        f"{name} imports {other}"
        for name, path in known.items()
        for other in own_imports(name, path, known)
        if other != "__init__" and name != "__init__"
        if ROOMS.index(other.split(".")[0]) > ROOMS.index(name.split(".")[0])
    ]
    assert wrong == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    known = modules()
    graph = {name: own_imports(name, path, known) & set(known) for name, path in known.items()}
    # A package's own __init__ is imported with each of its modules; what it re-exports is no circle.
    own = {
        name: {other for other in others if not name.startswith(f"{other}.")}
        for name, others in graph.items()
    }
    TopologicalSorter(own).prepare()


def test_libraries_stay_in_their_homes() -> None:
    wrong = [
        f"{name} imports {dotted}"
        for name, path in modules().items()
        for dotted, own in imports(name, path)
        if not own and name.split(".")[0] not in HOMES.get(dotted.split(".")[0], {name.split(".")[0]})
    ]
    assert wrong == []


def test_all_imports_within_the_program_are_relative() -> None:
    wrong = [
        f"{name} imports {dotted}"
        for name, path in modules().items()
        for dotted, own in imports(name, path)
        if not own and dotted.split(".")[0] == "scheduler"
    ]
    assert wrong == []


def test_only_the_amplify_emulator_and_journal_rooms_are_seen_by_the_engine_through_ports() -> None:
    known = modules()
    seen = {
        other
        for name, path in known.items()
        if name.startswith("engine.")
        for other in own_imports(name, path, known)
        if other.split(".")[0] in {"amplify", "journal", "emulator"}
    }
    assert seen == {"amplify.port", "journal.port"}
