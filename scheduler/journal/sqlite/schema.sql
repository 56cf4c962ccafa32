-- The journal, version 1. Times are seconds since the epoch; JSON columns are written and read by rows.py.

-- A run of a frozen plan; `plan` is JSON without its targets. `number` orders runs by when they were opened,
-- whatever the clock said. `first` is the id of its first target; `size` is how many it has.
CREATE TABLE runs (
    number      INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    first       INTEGER NOT NULL,
    size        INTEGER NOT NULL,
    plan        TEXT NOT NULL,
    endpoint    TEXT NOT NULL,
    version     TEXT NOT NULL,
    follow      INTEGER NOT NULL,
    started_at  REAL NOT NULL,
    ended_at    REAL,
    stop_cause  TEXT,
    stop_reason TEXT NOT NULL DEFAULT ''
) STRICT;

-- A run's frozen targets, and what is known of each. `id` is the run's first plus the position: rows are wide
-- (`spec` is the target and `job` the API's JobSummary, both JSON), and a key of one integer updates them
-- fastest. Region, app and branch stand apart because runs meet on a branch.
CREATE TABLE targets (
    id       INTEGER PRIMARY KEY,
    run      INTEGER NOT NULL REFERENCES runs (number),
    position INTEGER NOT NULL,
    region   TEXT NOT NULL,
    app      TEXT NOT NULL,
    branch   TEXT NOT NULL,
    spec     TEXT NOT NULL,
    outcome  TEXT,
    reason   TEXT NOT NULL DEFAULT '',
    evidence TEXT NOT NULL DEFAULT 'none',
    job      TEXT,
    parked   TEXT NOT NULL DEFAULT ''
) STRICT;

-- What other runs know of a branch: owners, durations.
CREATE INDEX targets_by_branch ON targets (region, app, branch);

-- How many targets of a run have ended, without reading them.
CREATE INDEX targets_ended ON targets (run) WHERE outcome IS NOT NULL;

-- One StartJob request each, durable before it is sent. `number` keeps their order, whatever the clock said.
-- `fence` is a decimal of any length. `evidence` says how `job_id` became known.
CREATE TABLE attempts (
    number      INTEGER PRIMARY KEY,
    intent      TEXT NOT NULL UNIQUE,
    target      INTEGER NOT NULL REFERENCES targets (id),
    sent_at     REAL NOT NULL,
    fence       TEXT,
    server_at   REAL,
    answered_at REAL,
    result      TEXT,
    error       TEXT,
    job_id      TEXT,
    evidence    TEXT,
    abandoned   INTEGER NOT NULL DEFAULT 0,
    in_doubt    INTEGER GENERATED ALWAYS AS (
        job_id IS NULL AND NOT abandoned AND coalesce(result, 'ambiguous') = 'ambiguous'
    ) VIRTUAL
) STRICT;

CREATE INDEX attempts_by_target ON attempts (target);

-- Small, however long the history: starts whose job is still to be found.
CREATE INDEX attempts_in_doubt ON attempts (target) WHERE in_doubt;

-- A run's lanes: their counters, of which the last stand, what was last seen to hold a lane back, and why it
-- stopped if it did. `held_by` is JSON: seconds that targets waited, by what for.
CREATE TABLE lanes (
    run            INTEGER NOT NULL REFERENCES runs (number),
    account        TEXT NOT NULL,
    region         TEXT NOT NULL,
    at             REAL NOT NULL,
    start_calls    INTEGER NOT NULL DEFAULT 0,
    started        INTEGER NOT NULL DEFAULT 0,
    throttled      INTEGER NOT NULL DEFAULT 0,
    busy           INTEGER NOT NULL DEFAULT 0,
    read_calls     INTEGER NOT NULL DEFAULT 0,
    peak_in_flight INTEGER NOT NULL DEFAULT 0,
    peak_pending   INTEGER NOT NULL DEFAULT 0,
    held_by        TEXT NOT NULL DEFAULT '{}',
    held           TEXT NOT NULL DEFAULT '',
    stopped        TEXT,
    denied         INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run, account, region)
) STRICT, WITHOUT ROWID;

-- Every change of a lane's limits, each with its reason. `window` NULL: jobs in flight not limited so far.
CREATE TABLE limit_changes (
    number   INTEGER PRIMARY KEY,
    run      INTEGER NOT NULL REFERENCES runs (number),
    account  TEXT NOT NULL,
    region   TEXT NOT NULL,
    at       REAL NOT NULL,
    pace     REAL NOT NULL,
    "window" INTEGER,
    reason   TEXT NOT NULL
) STRICT;

CREATE INDEX limit_changes_by_run ON limit_changes (run);

-- What was learned of a lane's limits, across the runs at an endpoint. NULL: not met. The last word stands.
CREATE TABLE learned (
    endpoint TEXT NOT NULL,
    account  TEXT NOT NULL,
    region   TEXT NOT NULL,
    at       REAL NOT NULL,
    rate     REAL,
    slots    INTEGER,
    quota    INTEGER,
    PRIMARY KEY (endpoint, account, region)
) STRICT, WITHOUT ROWID;

-- What reads showed of the marker, across runs: whether a lane keeps it for a job type. The last word stands.
-- By endpoint, like all that runs know of each other: a rehearsal must teach a real night nothing.
CREATE TABLE markers (
    endpoint TEXT NOT NULL,
    account  TEXT NOT NULL,
    region   TEXT NOT NULL,
    job_type TEXT NOT NULL,
    kept     INTEGER NOT NULL,
    at       REAL NOT NULL,
    PRIMARY KEY (endpoint, account, region, job_type)
) STRICT, WITHOUT ROWID;
