"""The journal's questions, in the SQL that SQLite and PostgreSQL share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from ..errors import RunNotFound
from ..events import LimitChanged, LimitsLearned
from ..model import Evidence, LaneKey, Target
from .answers import DURATIONS, durations_of, find_run
from .at_work import AtWork
from .port import LaneRecord, Owner, RunRecord, TargetRecord
from .refusals import damaged
from .rows import (
    IN_ORDER,
    LANES,
    RUN,
    TARGETS,
    Row,
    job_from_json,
    lane_of,
    run_of,
    targets_of,
)

#: Targets read at once: one that stops reading halfway keeps no snapshot of the file alive.
_PAGE = 1000

_BY_BRANCH = "t.region = ? AND t.app = ? AND t.branch = ? AND runs.endpoint = ?"
_IN_DOUBT = """
SELECT DISTINCT t.id, runs.id, t.region, t.app, t.branch
FROM attempts AS a JOIN targets AS t ON t.id = a.target JOIN runs ON runs.number = t.run
WHERE a.in_doubt AND runs.id <> ? AND runs.endpoint = ? ORDER BY t.id
"""
_OWNERS = f"""
SELECT a.job_id, a.intent, a.evidence
FROM targets AS t JOIN attempts AS a ON a.target = t.id JOIN runs ON runs.number = t.run
WHERE {_BY_BRANCH} AND a.job_id IS NOT NULL ORDER BY a.number
"""  # noqa: S608 - constants


def succeeded(region: str, app: str, branch: str) -> str:
    """Return the question for a branch's newest succeeded jobs at an endpoint, which is its last `?`.

    Several runs may have followed one job: the newest knows it best. This is asked of every branch that is
    released: how far back it looks must not grow with the years.
    """
    return f"""
SELECT t.id, t.job FROM targets AS t JOIN runs ON runs.number = t.run
WHERE t.region = {region} AND t.app = {app} AND t.branch = {branch} AND runs.endpoint = ?
    AND t.job ->> 'status' = 'SUCCEED'
    AND t.job ->> 'startTime' IS NOT NULL AND t.job ->> 'endTime' IS NOT NULL
ORDER BY t.id DESC LIMIT {4 * DURATIONS}
"""  # noqa: S608 - constants


_SUCCEEDED = succeeded("?", "?", "?")


class SqlReader(ABC):
    """Read a journal. Every answer is of one moment and durable; errors of the database's are JournalError.

    `name` is what messages call the journal.
    """

    #: How one asks whether a run was given to a fleet: no file's ever was.
    _given = "FALSE"

    def __init__(self, name: str) -> None:
        self._name = name

    @abstractmethod
    def close(self) -> None:
        """Give the database back."""

    @abstractmethod
    def _rows(self, query: str, *values: Any) -> list[Row]:
        """Ask the database, with a `?` for each of the values. Raises JournalError."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def at_work(self) -> AtWork:
        """Who works on what at the moment: nobody that a file knows of; its directory has a lock."""
        return AtWork()

    def runs(self) -> Sequence[RunRecord]:
        """All runs, newest first."""
        rows = self._rows(f"{RUN.format(given=self._given)} ORDER BY number DESC")
        with self._readable():
            return [run_of(row) for row in rows]

    def run(self, run: str | None = None) -> RunRecord:
        """The run with this id (or an unambiguous beginning of it); None: the newest. Raises RunNotFound."""
        ids = [row[0] for row in self._rows("SELECT id FROM runs ORDER BY number DESC")]
        [row] = self._rows(f"{RUN.format(given=self._given)} WHERE id = ?", find_run(ids, run))
        with self._readable():
            return run_of(row)

    def targets(self, run: str, lane: LaneKey | None = None) -> Iterator[TargetRecord]:
        """The run's targets, or those of one lane, in plan order. Raises RunNotFound."""
        number, first, size = self._found(run)
        if lane is None:
            return self._pages(first, first + size)
        return self._of_lane(number, first, first + size, lane)

    def lanes(self, run: str) -> Sequence[LaneRecord]:
        """The run's lanes, sorted by account and region. Raises RunNotFound."""
        number = self._found(run)[0]
        rows = self._rows(f"{LANES} WHERE run = ? ORDER BY account, region", number)
        with self._readable():
            return [lane_of(row) for row in rows]

    def limit_changes(self, run: str) -> Sequence[LimitChanged]:
        """Every change of the run's limits, in order, each with its reason. Raises RunNotFound."""
        number = self._found(run)[0]
        return [
            LimitChanged(at=at, lane=LaneKey(account, region), pace=pace, window=window, reason=reason)
            for account, region, at, pace, window, reason in self._rows(
                'SELECT account, region, at, pace, "window", reason FROM limit_changes WHERE run = ? '
                "ORDER BY number",
                number,
            )
        ]

    def in_doubt(
        self, targets: Iterable[Target], *, besides: str, endpoint: str
    ) -> dict[int, list[tuple[str, TargetRecord]]]:
        """In-doubt starts of the endpoint's other runs on these targets' branches, oldest first."""
        doubtful = defaultdict(list)  # hardly ever any, whatever the number of targets
        for key, run, *branch in self._rows(_IN_DOUBT, besides, endpoint):
            doubtful[tuple(branch)].append((run, key))
        found: dict[int, list[tuple[str, TargetRecord]]] = {}
        for place, target in enumerate(targets) if doubtful else ():
            for run, key in doubtful.get((target.region, target.app, target.branch), ()):
                [record] = self._records("t.id = ?", key)
                found.setdefault(place, []).append((run, record))
        return found

    def owners(self, region: str, app: str, branch: str, *, endpoint: str) -> dict[str, Owner]:
        """Job id → intent, for every job on this branch that a run took for its own; proof goes first."""
        rows = self._rows(_OWNERS, region, app, branch, endpoint)
        with self._readable():
            owners = [(job, Owner.by(intent, Evidence(evidence))) for job, intent, evidence in rows]
        return dict(sorted(owners, key=lambda owner: owner[1].proven))

    def markers(self, *, endpoint: str) -> dict[tuple[LaneKey, str], bool]:
        """(lane, job type) → whether a read showed that the marker is kept."""
        rows = self._rows("SELECT account, region, job_type, kept FROM markers WHERE endpoint = ?", endpoint)
        return {(LaneKey(account, region), job_type): bool(kept) for account, region, job_type, kept in rows}

    def learned(self, endpoint: str, *, since: float) -> dict[LaneKey, LimitsLearned]:
        """Lane → what runs at this endpoint last learned of its limits, at `since` or later."""
        rows = self._rows(
            "SELECT account, region, at, rate, slots, quota FROM learned WHERE endpoint = ? AND at >= ?",
            endpoint,
            since,
        )
        learned = [
            LimitsLearned(at=at, lane=LaneKey(account, region), rate=rate, slots=slots, quota=quota)
            for account, region, at, rate, slots, quota in rows
        ]
        return {found.lane: found for found in learned}

    def durations(self, targets: Sequence[Target], *, endpoint: str) -> list[list[float]]:
        """For each target, how long its branch's newest succeeded jobs took, newest first, 10 at most."""
        found = self._succeeded(targets, endpoint)
        with self._readable():
            return [durations_of(job_from_json(job) for job in jobs) for jobs in found]

    def _succeeded(self, targets: Sequence[Target], endpoint: str) -> list[list[str]]:
        """The jobs for `durations`. A file is asked branch by branch: it is not far away."""
        return [
            [job for _, job in self._rows(_SUCCEEDED, at.region, at.app, at.branch, endpoint)]
            for at in targets
        ]

    def _found(self, run: str) -> tuple[int, int, int]:
        """The run's number, the id of its first target, and how many it has."""
        for number, first, size in self._rows("SELECT number, first, size FROM runs WHERE id = ?", run):
            return number, first, size
        raise RunNotFound(f"the journal {self._name} holds no run {run}")

    def _of_lane(self, run: int, first: int, end: int, lane: LaneKey) -> Iterator[TargetRecord]:
        del run  # for a database that finds lanes by itself
        return (record for record in self._pages(first, end) if record.target.lane == lane)

    def _pages(self, first: int, end: int) -> Iterator[TargetRecord]:
        for page in range(first, end, _PAGE):
            yield from self._records("t.id >= ? AND t.id < ?", page, min(page + _PAGE, end))

    def _records(self, where: str, *values: Any) -> list[TargetRecord]:
        rows = self._rows(f"{TARGETS} WHERE {where}{IN_ORDER}", *values)
        with self._readable():
            return list(targets_of(rows))

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """Take a row that cannot be read for what it is: damage, or another program's writing."""
        try:
            yield
        except (ValueError, LookupError, TypeError) as error:
            raise damaged(self._name, f"a row cannot be read: {' '.join(str(error).split())}") from error
