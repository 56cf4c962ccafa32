"""The report as JUnit XML: what CI systems show as tests. A suite is a lane, a case is a target."""

from __future__ import annotations

import re
from typing import assert_never
from xml.etree import ElementTree as ET

from ..model import Outcome
from ..printable import printable
from .document import Report, TargetPart

#: What XML 1.0 cannot hold, not even escaped (its production 2, Char).
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> str:
    """Return one `testsuites` document with every target of the run.

    A job that failed or was cancelled is a failure; one that could not be started, ran out of time or is in
    doubt is an error; what never started or was not seen to end is skipped.
    """
    suites: dict[str, list[TargetPart]] = {}
    for target in report.targets:
        suites.setdefault(target.lane, []).append(target)
    root = ET.Element("testsuites", _counted(report.run.plan.name, report.targets, report.run.seconds))
    for lane, targets in suites.items():
        seconds = sum(target.job.seconds or 0.0 for target in targets if target.job is not None)
        suite = ET.SubElement(root, "testsuite", _counted(lane, targets, seconds))
        suite.set("timestamp", report.run.started_at)
        for target in targets:
            suite.append(_case(target))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _counted(name: str, targets: list[TargetPart], seconds: float | None) -> dict[str, str]:
    elements = [_element(target.outcome) for target in targets]
    return {
        "name": _legal(name),
        "tests": str(len(targets)),
        "failures": str(elements.count("failure")),
        "errors": str(elements.count("error")),
        "skipped": str(elements.count("skipped")),
        "time": f"{seconds or 0.0:.3f}",
    }


def _case(target: TargetPart) -> ET.Element:
    seconds = (target.job.seconds if target.job is not None else None) or 0.0
    case = ET.Element(
        "testcase", classname=_legal(target.lane), name=_legal(target.place), time=f"{seconds:.3f}"
    )
    properties = ET.SubElement(case, "properties")
    facts = {
        "outcome": target.outcome.value,
        "evidence": target.evidence.value,
        "jobId": target.job.jobId if target.job is not None else None,
        "wave": target.wave,
    }
    for name, value in facts.items():
        if value is not None:
            ET.SubElement(properties, "property", name=name, value=_legal(value))
    element = _element(target.outcome)
    if element is not None:
        message = _legal(target.reason or target.outcome.value)
        ending = ET.SubElement(case, element, message=message)
        if element != "skipped":
            ending.set("type", target.outcome.value)
    return case


def _element(outcome: Outcome) -> str | None:
    match outcome:
        case Outcome.SUCCEEDED:
            return None
        case Outcome.FAILED | Outcome.CANCELLED:
            return "failure"
        case Outcome.TIMED_OUT | Outcome.REJECTED | Outcome.UNRESOLVED:
            return "error"
        case Outcome.SKIPPED | Outcome.STARTED | Outcome.NOT_STARTED:
            return "skipped"
        case _:
            assert_never(outcome)


def _legal(text: str) -> str:
    return _ILLEGAL.sub("", printable(text))
