"""The small formats, compared as whole documents."""

from __future__ import annotations

import csv as stdlib_csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from scheduler.journal.port import JournalReader, TargetRecord
from scheduler.model import Evidence, Job, Outcome, Target
from scheduler.printable import printable
from scheduler.report import as_json, csv, jsonl, junit, markdown
from scheduler.report.document import Report
from scheduler.report.summary import summarize
from tests.unit.conftest import RUNNING

_UNRESOLVED = (
    "StartJob was sent at 2026-11-24T02:00:03.000Z and its answer never came; nothing was sent again. "
    "`amplify-release resume 01JDHQ6X1V0W8R3K5M7N9P2T4A` looks for its job"
)

_JSON_RUN = {
    "id": "01JDHQ6X1V0W8R3K5M7N9P2T4A",
    "plan": {"name": "nightly", "path": "plans/nightly.yaml", "digest": "sha256:9f2c1e"},
    "verdict": "failed",
    "exit_code": 1,
    "started_at": "2026-11-24T02:00:00.000Z",
    "ended_at": "2026-11-24T02:23:52.000Z",
    "endpoint": "aws",
    "version": "1.0.0",
    "stop_reason": None,
    "fleet": False,
}
_JSON_TOTALS = {
    "targets": 4,
    "succeeded": 1,
    "failed": 1,
    "cancelled": 0,
    "timed_out": 0,
    "rejected": 0,
    "skipped": 1,
    "started": 0,
    "not_started": 0,
    "unresolved": 1,
}
_JSON_LANES = [
    {
        "account": "docs",
        "region": "eu-west-1",
        "start_calls": 1,
        "started": 0,
        "throttled": 0,
        "busy": 1,
        "read_calls": 0,
        "peak_in_flight": 0,
        "peak_pending": 0,
        "stopped": None,
        "held": None,
        "held_by": None,
    },
    {
        "account": "shop",
        "region": "eu-west-1",
        "start_calls": 3,
        "started": 2,
        "throttled": 1,
        "busy": 0,
        "read_calls": 9,
        "peak_in_flight": 2,
        "peak_pending": 1,
        "stopped": None,
        "held": None,
        "held_by": None,
    },
]
_JSON_TARGETS = [
    {
        "account": "shop",
        "region": "eu-west-1",
        "app": "d2p7kq0example",
        "branch": "main",
        "name": "web",
        "wave": "canary",
        "labels": {"team": "shop"},
        "outcome": "succeeded",
        "reason": "",
        "evidence": "response",
        "job": {
            "jobArn": "arn:aws:amplify:eu-west-1:012345670123:apps/d2p7kq0example/branches/main/jobs/12",
            "jobId": "12",
            "commitId": "HEAD",
            "commitMessage": "Nightly [amplify-release:01JA]",
            "commitTime": "2026-11-24T02:00:02.000Z",
            "startTime": "2026-11-24T02:00:02.250Z",
            "status": "SUCCEED",
            "endTime": "2026-11-24T02:02:05.750Z",
            "jobType": "RELEASE",
            "sourceUrl": None,
            "sourceUrlType": None,
        },
        "attempts": [
            {"intent": "01JA", "sent_at": "2026-11-24T02:00:01.500Z", "result": "started", "error": None}
        ],
        "attempts_total": 1,
    },
    {
        "account": "shop",
        "region": "eu-west-1",
        "app": "d3f8lr1example",
        "branch": "release/1.10",
        "name": "d3f8lr1example",
        "wave": None,
        "labels": {},
        "outcome": "failed",
        "reason": "job 8 ended as FAILED",
        "evidence": "adopted_exact",
        "job": {
            "jobArn": None,
            "jobId": "8",
            "commitId": None,
            "commitMessage": None,
            "commitTime": None,
            "startTime": "2026-11-24T02:00:10.000Z",
            "status": "FAILED",
            "endTime": "2026-11-24T02:01:10.000Z",
            "jobType": None,
            "sourceUrl": None,
            "sourceUrlType": None,
        },
        "attempts": [],
        "attempts_total": 0,
    },
    {
        "account": "docs",
        "region": "eu-west-1",
        "app": "d4g9ms2example",
        "branch": "main",
        "name": "web",
        "wave": None,
        "labels": {},
        "outcome": "unresolved",
        "reason": _UNRESOLVED,
        "evidence": "none",
        "job": None,
        "attempts": [
            {"intent": "01JB", "sent_at": "2026-11-24T02:00:03.000Z", "result": None, "error": None}
        ],
        "attempts_total": 1,
    },
    {
        "account": "docs",
        "region": "eu-west-1",
        "app": "d5h1nt3example",
        "branch": "main",
        "name": "docs",
        "wave": None,
        "labels": {},
        "outcome": "skipped",
        "reason": "the branch was busy for 1h",
        "evidence": "none",
        "job": None,
        "attempts": [],
        "attempts_total": 0,
    },
]

_CSV = f"""\
account,region,app,branch,name,wave,labels,outcome,reason,evidence,attempts,\
jobId,jobType,status,startTime,endTime,seconds,commitId,commitMessage,jobArn
shop,eu-west-1,d2p7kq0example,main,web,canary,team=shop,succeeded,,response,1,\
12,RELEASE,SUCCEED,2026-11-24T02:00:02.250Z,2026-11-24T02:02:05.750Z,123.500,HEAD,\
Nightly [amplify-release:01JA],arn:aws:amplify:eu-west-1:012345670123:apps/\
d2p7kq0example/branches/main/jobs/12
shop,eu-west-1,d3f8lr1example,release/1.10,d3f8lr1example,,,failed,job 8 ended as FAILED,adopted_exact,0,\
8,,FAILED,2026-11-24T02:00:10.000Z,2026-11-24T02:01:10.000Z,60.000,,,
docs,eu-west-1,d4g9ms2example,main,web,,,unresolved,{_UNRESOLVED},none,1,,,,,,,,,
docs,eu-west-1,d5h1nt3example,main,docs,,,skipped,the branch was busy for 1h,none,0,,,,,,,,,
"""

_CONSOLE = "https://eu-west-1.console.aws.amazon.com/amplify/apps"

_MARKDOWN = f"""\
## nightly: failed

1 of 4 targets failed, 1 target in doubt.

| targets | succeeded | failed | skipped | unresolved | took |
|---:|---:|---:|---:|---:|---:|
| 4 | 1 | 1 | 1 | 1 | 23m 52s |

- `amplify-release resume 01JDHQ6X1V0W8R3K5M7N9P2T4A` to look for the jobs of 1 target in doubt
- `amplify-release retry 01JDHQ6X1V0W8R3K5M7N9P2T4A` to start 1 target again

### Failures

| target | outcome | reason | job | took |
|---|---|---|---|---|
| shop/eu-west-1/d3f8lr1example/release/1.10 | failed | job 8 ended as FAILED | \
[8]({_CONSOLE}/d3f8lr1example/branches/release%2F1.10/deployments/8) | 1m 00s |
| docs/eu-west-1/d4g9ms2example/main &#40;web&#41; | unresolved | {_UNRESOLVED.replace("`", "&#96;")} |  |  |

<details><summary>1 skipped</summary>

| target | outcome | reason | job | took |
|---|---|---|---|---|
| docs/eu-west-1/d5h1nt3example/main &#40;docs&#41; | skipped | the branch was busy for 1h |  |  |

</details>

<details><summary>1 succeeded</summary>

| target | outcome | reason | job | took |
|---|---|---|---|---|
| shop/eu-west-1/d2p7kq0example/main &#40;web&#41; | succeeded |  | \
[12]({_CONSOLE}/d2p7kq0example/branches/main/deployments/12) | 2m 04s |

</details>
"""

_JUNIT = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="nightly" tests="4" failures="1" errors="1" skipped="1" time="1432.000">
  <testsuite name="shop/eu-west-1" tests="2" failures="1" errors="0" skipped="0" time="183.500" \
timestamp="2026-11-24T02:00:00.000Z">
    <testcase classname="shop/eu-west-1" name="d2p7kq0example/main (web)" time="123.500">
      <properties>
        <property name="outcome" value="succeeded" />
        <property name="evidence" value="response" />
        <property name="jobId" value="12" />
        <property name="wave" value="canary" />
      </properties>
    </testcase>
    <testcase classname="shop/eu-west-1" name="d3f8lr1example/release/1.10" time="60.000">
      <properties>
        <property name="outcome" value="failed" />
        <property name="evidence" value="adopted_exact" />
        <property name="jobId" value="8" />
      </properties>
      <failure message="job 8 ended as FAILED" type="failed" />
    </testcase>
  </testsuite>
  <testsuite name="docs/eu-west-1" tests="2" failures="0" errors="1" skipped="1" time="0.000" \
timestamp="2026-11-24T02:00:00.000Z">
    <testcase classname="docs/eu-west-1" name="d4g9ms2example/main (web)" time="0.000">
      <properties>
        <property name="outcome" value="unresolved" />
        <property name="evidence" value="none" />
      </properties>
      <error message="{_UNRESOLVED}" type="unresolved" />
    </testcase>
    <testcase classname="docs/eu-west-1" name="d5h1nt3example/main (docs)" time="0.000">
      <properties>
        <property name="outcome" value="skipped" />
        <property name="evidence" value="none" />
      </properties>
      <skipped message="the branch was busy for 1h" />
    </testcase>
  </testsuite>
</testsuites>
"""


def ordered(document: str) -> object:
    """Read JSON with its key order kept, so that order is compared too."""
    return json.loads(document, object_pairs_hook=list)


class TestJson:
    def test_it_is_the_contract_in_its_order(self, mixed_report: Report) -> None:
        expected = {
            "schema_version": 1,
            "run": _JSON_RUN,
            "totals": _JSON_TOTALS,
            "lanes": _JSON_LANES,
            "targets": _JSON_TARGETS,
        }
        assert as_json.render(mixed_report) == json.dumps(expected, indent=2) + "\n"

    def test_letters_stay_readable_and_what_cannot_be_seen_is_escaped(self, hostile_report: Report) -> None:
        document = as_json.render(hostile_report)
        assert "\U0001f9d1\\u200d\U0001f680" in document
        assert printable(document.replace("\n", "")) == document.replace("\n", "")

    def test_the_meaning_survives_the_escaping(self, hostile_report: Report) -> None:
        assert json.loads(as_json.render(hostile_report)) == hostile_report.model_dump(mode="json")


class TestJsonLines:
    def test_the_run_comes_first_and_then_a_line_a_target(self, mixed_report: Report) -> None:
        first, *rest = jsonl.render(mixed_report).splitlines()
        run = {"schema_version": 1, "run": _JSON_RUN, "totals": _JSON_TOTALS, "lanes": _JSON_LANES}
        assert ordered(first) == ordered(json.dumps(run))
        assert [ordered(line) for line in rest] == [ordered(json.dumps(target)) for target in _JSON_TARGETS]

    def test_no_text_can_break_a_line(self, hostile_report: Report) -> None:
        assert len(jsonl.render(hostile_report).splitlines()) == 2

    def test_a_run_without_targets_is_one_line(self, empty_report: Report) -> None:
        assert len(jsonl.render(empty_report).splitlines()) == 1


class TestCsv:
    def test_a_row_a_target(self, mixed_report: Report) -> None:
        assert csv.render(mixed_report) == _CSV

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", " =", "\n+"])
    def test_no_cell_is_a_formula(self, mixed_report: Report, start: str) -> None:
        target = mixed_report.targets[3].model_copy(update={"branch": f"{start}cmd|'/c calc'!A0"})
        report = mixed_report.model_copy(update={"targets": [target]})
        (row,) = stdlib_csv.DictReader(io.StringIO(csv.render(report)))
        assert row["branch"] == "'" + printable(f"{start}cmd|'/c calc'!A0")

    def test_no_text_can_break_a_row(self, hostile_report: Report) -> None:
        header, row = stdlib_csv.reader(io.StringIO(csv.render(hostile_report)))
        assert len(header) == len(row)
        assert all(printable(cell) == cell for cell in row)


class TestMarkdown:
    def test_failures_come_first_and_successes_are_folded(self, mixed_report: Report) -> None:
        assert markdown.render(mixed_report) == _MARKDOWN

    def test_a_run_without_targets(self, empty_report: Report) -> None:
        assert markdown.render(empty_report) == (
            "## nightly: nothing to do\n\nThe run has no targets.\n\n"
            "| targets | took |\n|---:|---:|\n| 0 | 23m 52s |\n"
        )

    def test_hostile_text_is_no_structure(self, hostile_report: Report) -> None:
        document = markdown.render(hostile_report)
        (row,) = [line for line in document.splitlines() if line.startswith("| shop/")]
        assert len(re.findall(r"(?<!\\)\|", row)) == 6
        assert not set(row.split(" | ")[2]) & set("\\`*_{}[]()<>|@!")
        assert "@&#8203;" not in row
        assert "&#64;&#8203;all &#35;&#8203;1" in row
        assert "<script" not in document
        assert document.count("\n## ") == 0

    def test_addresses_in_a_reason_do_not_become_links(self, mixed_report: Report) -> None:
        target = mixed_report.targets[3].model_copy(
            update={"reason": "see https://x.example and www.x.example"}
        )
        document = markdown.render(mixed_report.model_copy(update={"targets": [target]}))
        assert "see https&#58;//x.example and www&#46;x.example" in document

    def test_it_is_cut_with_a_sentence_before_it_is_too_long(self, mixed_report: Report) -> None:
        report = mixed_report.model_copy(update={"targets": [mixed_report.targets[0]] * 9_000})
        document = markdown.render(report)
        *_, row, blank, details, after, sentence = document.splitlines()
        shown = document.count("\n| shop/")
        assert 890 * 1024 < len(document.encode()) <= 900 * 1024
        assert (row[:7], blank, details, after) == ("| shop/", "", "</details>", "")
        assert sentence == (
            f"This summary was cut at 900 KiB: {9_000 - shown:,} targets are not shown. "
            "`amplify-release report 01JDHQ6X1V0W8R3K5M7N9P2T4A --report FILE.csv` writes all of them."
        )


class TestJUnit:
    def test_a_suite_a_lane_and_a_case_a_target(self, mixed_report: Report) -> None:
        assert junit.render(mixed_report) == _JUNIT

    def test_a_run_without_targets_has_no_suites(self, empty_report: Report) -> None:
        assert junit.render(empty_report) == (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<testsuites name="nightly" tests="0" failures="0" errors="0" skipped="0" time="1432.000" />\n'
        )

    def test_hostile_text_is_read_back_as_text(self, hostile_report: Report) -> None:
        root = ET.fromstring(junit.render(hostile_report).encode())
        (failure,) = root.iter("failure")
        assert failure.get("message") == printable(hostile_report.targets[0].reason).replace("\ufffe", "")

    @pytest.mark.parametrize(
        ("outcome", "element"),
        [
            (Outcome.SUCCEEDED, None),
            (Outcome.FAILED, "failure"),
            (Outcome.CANCELLED, "failure"),
            (Outcome.TIMED_OUT, "error"),
            (Outcome.REJECTED, "error"),
            (Outcome.UNRESOLVED, "error"),
            (Outcome.SKIPPED, "skipped"),
            (Outcome.STARTED, "skipped"),
            (Outcome.NOT_STARTED, "skipped"),
        ],
    )
    def test_every_outcome_has_its_element(
        self, mixed_report: Report, outcome: Outcome, element: str | None
    ) -> None:
        target = mixed_report.targets[3].model_copy(update={"outcome": outcome})
        root = ET.fromstring(junit.render(mixed_report.model_copy(update={"targets": [target]})).encode())
        (case,) = root.iter("testcase")
        assert [child.tag for child in case] == ["properties", *([element] if element else [])]


def test_a_job_still_running_has_no_duration_in_any_format(
    make_journal: Callable[..., JournalReader],
) -> None:
    target = Target(account="shop", region="eu-west-1", app="a", branch="main", name="a")
    record = TargetRecord(
        position=0, target=target, evidence=Evidence.ATTACHED, job=Job(jobId="7", status="RUNNING")
    )
    report = summarize(make_journal([record, replace(record, position=1)], ended_at=None), at_work=RUNNING)
    (first, _) = stdlib_csv.DictReader(io.StringIO(csv.render(report)))
    assert (first["startTime"], first["seconds"]) == ("", "")
    assert '<testsuites name="nightly" tests="2" failures="0" errors="0" skipped="2" time="0.000">' in (
        junit.render(report)
    )
