"""The page works from a file, without script, and hostile text in it is text."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from scheduler.journal.port import JournalReader, TargetRecord
from scheduler.model import Hold, Outcome, StopCause, Target
from scheduler.printable import printable
from scheduler.report import html
from scheduler.report.document import Report
from scheduler.report.summary import summarize

_VOID = {"meta", "br"}


class Page(HTMLParser):
    """Elements, attributes and text of a page; fails on elements that are not closed in order."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(document)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("name", ["mixed_report", "empty_report", "hostile_report"])
def test_it_loads_nothing_and_runs_nothing(name: str, request: pytest.FixtureRequest) -> None:
    page = Page(html.render(request.getfixturevalue(name)))
    assert not set(page.tags) & {"script", "link", "img", "iframe", "object", "form", "base"}
    assert not [key for key, _ in page.attributes if key.startswith("on") or key in {"style", "src"}]
    links = [value or "" for key, value in page.attributes if key == "href"]
    assert all(link.startswith("https://eu-west-1.console.aws.amazon.com/amplify/apps/") for link in links)


def test_its_style_is_allowed_by_its_hash_alone(mixed_report: Report) -> None:
    document = html.render(mixed_report)
    style = re.search(r"<style>(.*?)</style>", document, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert (
        f"content=\"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'\""
        in document
    )


def test_hostile_text_is_shown_as_text(hostile_report: Report) -> None:
    document = html.render(hostile_report)
    body = document.split("</style>")[1]
    reason = printable(hostile_report.targets[0].reason)
    assert "<script" not in body
    assert all(printable(line) == line for line in document.splitlines())
    assert (
        f"<p>{reason}</p>".replace("<script>", "&lt;script&gt;")
        .replace("</script>", "&lt;/script&gt;")
        .replace("'", "&#39;")
        in body
    )
    assert reason in Page(document).text
    assert "sekrit" not in document


def test_failures_come_before_everything_else(mixed_report: Report) -> None:
    text = re.sub(r"\s+", " ", Page(html.render(mixed_report)).text)
    places = [
        text.index(what)
        for what in (
            "1 of 4 targets failed, 1 target in doubt.",
            "Failures",
            "job 8 ended as FAILED",
            "amplify-release resume 01JDHQ6X1V0W8R3K5M7N9P2T4A",
            "When the jobs ran",
            "Lanes",
            "the branch was busy for 1h",
        )
    ]
    assert places == sorted(places)


def test_a_run_that_was_cut_can_be_shown(make_journal: Callable[..., JournalReader]) -> None:
    record = TargetRecord(
        position=0, target=Target(account="shop", region="eu-west-1", app="a", branch="main", name="a")
    )
    report = summarize(make_journal([record], ended_at=None, stop_cause=StopCause.SIGINT))
    text = Page(html.render(report)).text
    assert "Cut short: the run was stopped by SIGINT. Jobs that were started go on in AWS." in text
    assert "not yet" in text
    assert "exit code" not in text


def test_a_lane_says_what_its_starts_waited_for(mixed_report: Report) -> None:
    lane = mixed_report.lanes[0].model_copy(update={"held_by": {Hold.PACE: 3.1, Hold.SLOTS: 812.0}})
    page = Page(html.render(mixed_report.model_copy(update={"lanes": [lane]})))
    assert "waited 13m 32s for slots, 3s for pace" in page.text


def test_a_long_table_is_cut_and_says_so(mixed_report: Report) -> None:
    targets = [mixed_report.targets[1]] * (html.ROWS + 1)
    report = mixed_report.model_copy(
        update={"targets": targets, "totals": mixed_report.totals.of({Outcome.FAILED: len(targets)})}
    )
    document = html.render(report)
    assert document.count('<td class="outcome failed">') == document.count('<li class="failed">') == html.ROWS
    assert "<small>the first 5,000 of 5,001</small>" in document
    assert "the first 5,000 of 5,001, all of them are in the CSV and JSON reports" in document


def test_other_formats_do_not_load_its_engine() -> None:
    code = "import sys, scheduler.report.formats; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
