-- The journal, version 1: the tables of ../sqlite/schema.sql, and what processes on many hosts need besides.
-- Times are seconds since the epoch by the clock of whoever wrote them, but those of leases are the server's own.

CREATE TABLE runs (
    number      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id          text NOT NULL UNIQUE,
    first       bigint NOT NULL,
    size        integer NOT NULL,
    plan        text NOT NULL,
    endpoint    text NOT NULL,
    version     text NOT NULL,
    follow      boolean NOT NULL,
    started_at  double precision NOT NULL,
    ended_at    double precision,
    stop_cause  text,
    stop_reason text NOT NULL DEFAULT ''
);

-- `account` stands apart too: a worker reads the targets of one lane.
CREATE TABLE targets (
    id       bigint PRIMARY KEY,
    run      bigint NOT NULL REFERENCES runs (number),
    position integer NOT NULL,
    account  text NOT NULL,
    region   text NOT NULL,
    app      text NOT NULL,
    branch   text NOT NULL,
    spec     text NOT NULL,
    outcome  text,
    reason   text NOT NULL DEFAULT '',
    evidence text NOT NULL DEFAULT 'none',
    job      json,
    parked   text NOT NULL DEFAULT ''
);

CREATE INDEX targets_by_branch ON targets (region, app, branch, id);
CREATE INDEX targets_by_lane ON targets (run, account, region);
CREATE INDEX targets_ended ON targets (run, outcome) WHERE outcome IS NOT NULL;

CREATE TABLE attempts (
    number      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    intent      text NOT NULL UNIQUE,
    target      bigint NOT NULL REFERENCES targets (id),
    sent_at     double precision NOT NULL,
    fence       text,
    server_at   double precision,
    answered_at double precision,
    result      text,
    error       text,
    job_id      text,
    evidence    text,
    abandoned   boolean NOT NULL DEFAULT FALSE,
    in_doubt    boolean NOT NULL GENERATED ALWAYS AS (
        job_id IS NULL AND NOT abandoned AND coalesce(result, 'ambiguous') = 'ambiguous'
    ) STORED
);

CREATE INDEX attempts_by_target ON attempts (target);
CREATE INDEX attempts_in_doubt ON attempts (target) WHERE in_doubt;

CREATE TABLE lanes (
    run            bigint NOT NULL REFERENCES runs (number),
    account        text NOT NULL,
    region         text NOT NULL,
    at             double precision NOT NULL,
    start_calls    integer NOT NULL DEFAULT 0,
    started        integer NOT NULL DEFAULT 0,
    throttled      integer NOT NULL DEFAULT 0,
    busy           integer NOT NULL DEFAULT 0,
    read_calls     integer NOT NULL DEFAULT 0,
    peak_in_flight integer NOT NULL DEFAULT 0,
    peak_pending   integer NOT NULL DEFAULT 0,
    held_by        text NOT NULL DEFAULT '{}',
    held           text NOT NULL DEFAULT '',
    stopped        text,
    denied         boolean NOT NULL DEFAULT FALSE,
    PRIMARY KEY (run, account, region)
);

CREATE TABLE limit_changes (
    number   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run      bigint NOT NULL REFERENCES runs (number),
    account  text NOT NULL,
    region   text NOT NULL,
    at       double precision NOT NULL,
    pace     double precision NOT NULL,
    "window" integer,
    reason   text NOT NULL
);

CREATE INDEX limit_changes_by_run ON limit_changes (run);

CREATE TABLE learned (
    endpoint text NOT NULL,
    account  text NOT NULL,
    region   text NOT NULL,
    at       double precision NOT NULL,
    rate     double precision,
    slots    integer,
    quota    integer,
    PRIMARY KEY (endpoint, account, region)
);

CREATE TABLE markers (
    endpoint text NOT NULL,
    account  text NOT NULL,
    region   text NOT NULL,
    job_type text NOT NULL,
    kept     boolean NOT NULL,
    at       double precision NOT NULL,
    PRIMARY KEY (endpoint, account, region, job_type)
);

-- Who may start in a lane: the last to have taken it, and only until then. `epoch` tells owners apart, also two
-- of one process; `writes` is moved by every transaction of the owner's, which orders it against the next owner.
CREATE TABLE leases (
    name   text PRIMARY KEY,
    epoch  bigint NOT NULL,
    owner  text NOT NULL,
    run    text NOT NULL,
    until  timestamptz NOT NULL,
    writes bigint NOT NULL DEFAULT 0
);

CREATE INDEX leases_by_run ON leases (run);

-- The lanes that a fleet was asked to bring to their end, and those that it has.
CREATE TABLE orders (
    run     text NOT NULL,
    account text NOT NULL,
    region  text NOT NULL,
    done    boolean NOT NULL DEFAULT FALSE,
    PRIMARY KEY (run, account, region)
);

CREATE INDEX orders_open ON orders (run) WHERE NOT done;

-- What happened, event by event, for those who watch a run from elsewhere. Forgotten some time after its end.
CREATE TABLE happened (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run    bigint NOT NULL REFERENCES runs (number),
    kind   text NOT NULL,
    event  json NOT NULL
);

CREATE INDEX happened_by_run ON happened (run, number);
