PRAGMA application_id = 1095910732;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
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
INSERT INTO "attempts" VALUES(1,'01M8B44JGW89389TRWP5TKBZP0',0,1.7956697728286802768e+09,'0',1.79566977200003504754e+09,1.79566977284312343596e+09,'ambiguous','The connection was lost after StartJob was sent (ConnectionResetError). Whether a job was started is not known; it is looked for, and nothing is sent again by itself.',NULL,NULL,1);
INSERT INTO "attempts" VALUES(2,'01M8B44KRGBKZDK6B9RK7DG16T',0,1.79566977409665608405e+09,'0',1.79566977400003290176e+09,1.79566977410532140728e+09,'started',NULL,'1','response',0);
INSERT INTO "attempts" VALUES(3,'01M8B44MN2V1J6CEC6VVN5TWZ1',1,1.79566977501012897495e+09,NULL,NULL,1.79566977503383064275e+09,'started',NULL,'1','response',0);
INSERT INTO "attempts" VALUES(4,'01M8B44MWK6NS2WJFA0VGPW2CE',2,1.79566977525126576431e+09,NULL,1.79566977506364107127e+09,1.79566977525831198694e+09,'started',NULL,'1','response',0);
INSERT INTO "attempts" VALUES(5,'01M8B44N4CZ0A4X9G2MSMAGVPZ',3,1.79566977550082468991e+09,NULL,1.79566977508649325365e+09,1.79566977550578045844e+09,'started',NULL,'1','response',0);
INSERT INTO "attempts" VALUES(6,'01M8B44N93PARTQ7S11XXE1H3N',4,1.79566977565108489988e+09,NULL,1.79566977514390468595e+09,1.79566977565433478353e+09,'rejected','StartJob found no such app, branch or job (NotFoundException, HTTP 404: App drejected not found.). Check the target''s account, region, app and branch.',NULL,NULL,0);
INSERT INTO "attempts" VALUES(7,'01M8B44NC5544PTFG630DS778C',5,1.79566977574989700312e+09,NULL,1.79566977508689880373e+09,1.79566977575304579737e+09,'busy','The branch already has a pending or running job (LimitExceededException, HTTP 429: The requested branch main already have pending or running jobs). Wait for it, or stop it in the console.',NULL,NULL,0);
INSERT INTO "attempts" VALUES(8,'01M8B44NFD5EYYTDH6PWRH2V5A',6,1.79566977585360836987e+09,NULL,1.79566977509902048109e+09,1.79566977585672378535e+09,'started',NULL,'1','response',0);
INSERT INTO "attempts" VALUES(9,'01M8B44NJKF4VY3CPEZG25Q0XX',7,1.79566977595526432991e+09,NULL,1.79566977509737944599e+09,1.79566977596135759348e+09,'throttled','StartJob was refused by a limit of the service (LimitExceededException, HTTP 429: Rate exceeded while calling StartJob, please slow down or try again later.). It is tried again, more slowly.',NULL,NULL,0);
INSERT INTO "attempts" VALUES(10,'01M8B44QHCKF3QGP55Q0ZA9X64',7,1.79566977796430373194e+09,'0',1.7956697770000302791e+09,1.79566977797293949128e+09,'started',NULL,'1','response',0);
INSERT INTO "attempts" VALUES(11,'01M8B44QV6ZTHZDDR9H0VXWWTK',8,1.79566977827846479412e+09,NULL,1.79566977801139783859e+09,1.79566977829110813137e+09,'ambiguous','The connection was lost after StartJob was sent (ConnectionResetError). Whether a job was started is not known; it is looked for, and nothing is sent again by itself.','1','adopted_exact',0);
INSERT INTO "attempts" VALUES(12,'01M8B44RE88CFSSEAZ794Z8QCG',9,1.79566977888843107226e+09,'0',1.7956697780000286102e+09,1.79566977889081025128e+09,'started',NULL,'1','response',0);
INSERT INTO "attempts" VALUES(13,'01M8B44S17WKNGF1V554GA8WMC',10,1.79566977949589729303e+09,NULL,1.79566977903546118734e+09,1.79566977950869679451e+09,'busy','The branch already has a pending or running job (LimitExceededException, HTTP 429: The requested branch main already have pending or running jobs). Wait for it, or stop it in the console.',NULL,NULL,0);
INSERT INTO "attempts" VALUES(14,'01M8B44SJHBYC2T2MG6RZSW4J2',14,1.79566978004974079135e+09,NULL,1.79566978003957152367e+09,1.79566978005652260778e+09,'busy','The branch already has a pending or running job (LimitExceededException, HTTP 429: The requested branch main already have pending or running jobs). Wait for it, or stop it in the console.',NULL,NULL,0);
INSERT INTO "attempts" VALUES(15,'01M8B44T3V71GP0FQTGT2MSJ0V',11,1.79566978060326051715e+09,NULL,1.79566978003068900113e+09,1.79566978060734724993e+09,'started',NULL,'1','response',0);
INSERT INTO "attempts" VALUES(16,'01M8B44TN4QG30SHMNXSRJAK52',12,1.79566978115613436694e+09,NULL,1.79566978102745223051e+09,1.79566978116096448905e+09,'ambiguous','The connection was lost after StartJob was sent (ConnectionResetError). Whether a job was started is not known; it is looked for, and nothing is sent again by itself.',NULL,NULL,0);
INSERT INTO "attempts" VALUES(17,'01M8B44V506N4QYRN6JKTB4KWE',13,1.79566978166406583791e+09,NULL,1.79566978103470325468e+09,NULL,NULL,NULL,NULL,NULL,0);
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
INSERT INTO "lanes" VALUES(1,'default','eu-west-1',1795669774.25932,2,1,0,0,5,1,1,'{}','',NULL,0);
INSERT INTO "lanes" VALUES(2,'default','eu-west-1',1.79566978101554107667e+09,13,7,1,3,73,3,1,'{"pace":3.6,"silence":2.0}','',NULL,0);
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
INSERT INTO "limit_changes" VALUES(1,1,'default','eu-west-1',1.79566977281171631817e+09,4.0,20,'the account''s quota is 20 concurrent jobs');
INSERT INTO "limit_changes" VALUES(2,1,'default','eu-west-1',1.79566977409387969972e+09,4.0,20,'the account''s quota is 20 concurrent jobs');
INSERT INTO "limit_changes" VALUES(3,2,'default','eu-west-1',1.79566977500964426997e+09,4.0,5,'the account''s quota is 20 concurrent jobs');
INSERT INTO "limit_changes" VALUES(4,2,'default','eu-west-1',1.79566977596131157873e+09,1.25714285714285729507e+01,5,'refused; silent for a moment, to find out by which limit');
INSERT INTO "limit_changes" VALUES(5,2,'default','eu-west-1',1.79566977797288823128e+09,1.6422960045221401959e+00,5,'refused by the pace; 1.6 starts a second now');
CREATE TABLE markers (
    endpoint TEXT NOT NULL,
    account  TEXT NOT NULL,
    region   TEXT NOT NULL,
    job_type TEXT NOT NULL,
    kept     INTEGER NOT NULL,
    at       REAL NOT NULL,
    PRIMARY KEY (endpoint, account, region, job_type)
) STRICT, WITHOUT ROWID;
INSERT INTO "markers" VALUES('http://127.0.0.1:1','default','eu-west-1','RELEASE',1,1.79566977425884819028e+09);
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
INSERT INTO "runs" VALUES(1,'01M8B44J4KV2M61A5P9PPK7NRZ',0,1,'{"name":"golden","path":"plan.yaml","digest":"sha256:37f47a811a59d16abee4dca188d3e6761388e6c14c7f3a77391fcc73df14d253","accounts":[{"name":"default"}]}','http://127.0.0.1:1','0.1.0',1,1.79566977243544983857e+09,1.79566977425945425031e+09,NULL,'');
INSERT INTO "runs" VALUES(2,'01M8B44MAQCSJE7DW5FXW9BBZY',1,15,'{"name":"golden","path":"plan.yaml","digest":"sha256:5c9138002c5155412173617c9c193e67a0fface28f3ba9df46b10a7ff0ce145c","accounts":[{"name":"default"}]}','http://127.0.0.1:1','0.1.0',1,1.79566977467965149884e+09,NULL,NULL,'');
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
INSERT INTO "targets" VALUES(0,1,0,'eu-west-1','dabandoned','main','{"account":"default","region":"eu-west-1","app":"dabandoned","branch":"main","priority":2}','succeeded','','response','{"jobId":"1","status":"SUCCEED","jobArn":"arn:aws:amplify:eu-west-1:000000000000:apps/dabandoned/branches/main/jobs/0000000001","commitId":"HEAD","commitMessage":"[amplify-release:01M8B44KRGBKZDK6B9RK7DG16T]","commitTime":"2026-11-26T05:09:34.104389Z","startTime":"2026-11-26T05:09:34.104389Z","endTime":"2026-11-26T05:09:34.224389Z","jobType":"RELEASE"}','');
INSERT INTO "targets" VALUES(1,2,0,'eu-west-1','dsucceeded','main','{"account":"default","region":"eu-west-1","app":"dsucceeded","branch":"main","labels":{"team":"shop"},"priority":2,"reason":"nightly","commit_id":"abc","commit_message":"fix: a start"}','succeeded','','response','{"jobId":"1","status":"SUCCEED","jobArn":"arn:aws:amplify:eu-west-1:000000000000:apps/dsucceeded/branches/main/jobs/0000000001","commitId":"HEAD","commitMessage":"fix: a start [amplify-release:01M8B44MN2V1J6CEC6VVN5TWZ1]","commitTime":"2026-11-26T05:09:35.032838Z","startTime":"2026-11-26T05:09:35.032838Z","endTime":"2026-11-26T05:09:35.152838Z","jobType":"RELEASE"}','');
INSERT INTO "targets" VALUES(2,2,1,'eu-west-1','dfailed','main','{"account":"default","region":"eu-west-1","app":"dfailed","branch":"main","priority":2}','failed','BUILD: Build failed: the command exited with code 1','response','{"jobId":"1","status":"FAILED","jobArn":"arn:aws:amplify:eu-west-1:000000000000:apps/dfailed/branches/main/jobs/0000000001","commitId":"HEAD","commitMessage":"[amplify-release:01M8B44MWK6NS2WJFA0VGPW2CE]","commitTime":"2026-11-26T05:09:35.257319Z","startTime":"2026-11-26T05:09:35.257319Z","endTime":"2026-11-26T05:09:35.377319Z","jobType":"RELEASE"}','');
INSERT INTO "targets" VALUES(3,2,2,'eu-west-1','dcancelled','main','{"account":"default","region":"eu-west-1","app":"dcancelled","branch":"main","priority":2}','cancelled','job 1 was cancelled','response','{"jobId":"1","status":"CANCELLED","jobArn":"arn:aws:amplify:eu-west-1:000000000000:apps/dcancelled/branches/main/jobs/0000000001","commitId":"HEAD","commitMessage":"[amplify-release:01M8B44N4CZ0A4X9G2MSMAGVPZ]","commitTime":"2026-11-26T05:09:35.504881Z","startTime":"2026-11-26T05:09:35.504881Z","endTime":"2026-11-26T05:09:35.624881Z","jobType":"RELEASE"}','');
INSERT INTO "targets" VALUES(4,2,3,'eu-west-1','drejected','main','{"account":"default","region":"eu-west-1","app":"drejected","branch":"main","priority":2}','rejected','StartJob found no such app, branch or job (NotFoundException, HTTP 404: App drejected not found.). Check the target''s account, region, app and branch.','none',NULL,'');
INSERT INTO "targets" VALUES(5,2,4,'eu-west-1','dskipped','main','{"account":"default","region":"eu-west-1","app":"dskipped","branch":"main","priority":2,"on_busy":"skip"}','skipped','the branch is busy with job 1 (RUNNING)','none',NULL,'');
INSERT INTO "targets" VALUES(6,2,5,'eu-west-1','dtimedout','main','{"account":"default","region":"eu-west-1","app":"dtimedout","branch":"main","priority":2,"build_timeout":1.0}','timed_out','job 1 is still RUNNING after 0 min (build_timeout); it goes on in AWS','response','{"jobId":"1","status":"RUNNING","jobArn":"arn:aws:amplify:eu-west-1:000000000000:apps/dtimedout/branches/main/jobs/0000000001","commitId":"HEAD","commitMessage":"[amplify-release:01M8B44NFD5EYYTDH6PWRH2V5A]","commitTime":"2026-11-26T05:09:35.855831Z","startTime":"2026-11-26T05:09:35.855831Z","jobType":"RELEASE"}','');
INSERT INTO "targets" VALUES(7,2,6,'eu-west-1','dthrottled','main','{"account":"default","region":"eu-west-1","app":"dthrottled","branch":"main","priority":2}','succeeded','','response','{"jobId":"1","status":"SUCCEED","jobArn":"arn:aws:amplify:eu-west-1:000000000000:apps/dthrottled/branches/main/jobs/0000000001","commitId":"HEAD","commitMessage":"[amplify-release:01M8B44QHCKF3QGP55Q0ZA9X64]","commitTime":"2026-11-26T05:09:37.970190Z","startTime":"2026-11-26T05:09:37.970190Z","endTime":"2026-11-26T05:09:38.090190Z","jobType":"RELEASE"}','');
INSERT INTO "targets" VALUES(8,2,7,'eu-west-1','dadopted','main','{"account":"default","region":"eu-west-1","app":"dadopted","branch":"main","priority":2}','succeeded','','adopted_exact','{"jobId":"1","status":"SUCCEED","jobArn":"arn:aws:amplify:eu-west-1:000000000000:apps/dadopted/branches/main/jobs/0000000001","commitId":"HEAD","commitMessage":"[amplify-release:01M8B44QV6ZTHZDDR9H0VXWWTK]","commitTime":"2026-11-26T05:09:38.284581Z","startTime":"2026-11-26T05:09:38.284581Z","endTime":"2026-11-26T05:09:38.404582Z","jobType":"RELEASE"}','');
INSERT INTO "targets" VALUES(9,2,8,'eu-west-1','dunmarked','main','{"account":"default","region":"eu-west-1","app":"dunmarked","branch":"main","priority":2,"job_type":"WEB_HOOK","marker":false}','succeeded','','response','{"jobId":"1","status":"SUCCEED","jobArn":"arn:aws:amplify:eu-west-1:000000000000:apps/dunmarked/branches/main/jobs/0000000001","commitId":"HEAD","commitTime":"2026-11-26T05:09:38.890337Z","startTime":"2026-11-26T05:09:38.890337Z","endTime":"2026-11-26T05:09:39.010337Z","jobType":"WEB_HOOK"}','');
INSERT INTO "targets" VALUES(10,2,9,'eu-west-1','dattached','main','{"account":"default","region":"eu-west-1","app":"dattached","branch":"main","priority":2,"on_busy":"attach"}',NULL,'attached to job 1 (RUNNING); it was already running and may miss newer commits','attached','{"jobId":"1","status":"RUNNING","jobArn":"arn:aws:amplify:eu-west-1:000000000000:apps/dattached/branches/main/jobs/0000000001","commitId":"HEAD","commitTime":"2026-11-26T05:09:31.980124Z","startTime":"2026-11-26T05:09:31.980124Z","jobType":"RELEASE"}','');
INSERT INTO "targets" VALUES(11,2,10,'eu-west-1','dlong','main','{"account":"default","region":"eu-west-1","app":"dlong","branch":"main","priority":1}',NULL,'','response','{"jobId":"1","status":"RUNNING","jobArn":"arn:aws:amplify:eu-west-1:000000000000:apps/dlong/branches/main/jobs/0000000001","commitId":"HEAD","commitMessage":"[amplify-release:01M8B44T3V71GP0FQTGT2MSJ0V]","commitTime":"2026-11-26T05:09:40.606745Z","startTime":"2026-11-26T05:09:40.606745Z","jobType":"RELEASE"}','');
INSERT INTO "targets" VALUES(12,2,11,'eu-west-1','dambiguous','main','{"account":"default","region":"eu-west-1","app":"dambiguous","branch":"main","priority":1}',NULL,'','none',NULL,'in doubt: the start''s answer never came; looking for its job');
INSERT INTO "targets" VALUES(13,2,12,'eu-west-1','dunanswered','main','{"account":"default","region":"eu-west-1","app":"dunanswered","branch":"main","priority":1}',NULL,'','none',NULL,'');
INSERT INTO "targets" VALUES(14,2,13,'eu-west-1','dwaiting','main','{"account":"default","region":"eu-west-1","app":"dwaiting","branch":"main","priority":2}',NULL,'','none',NULL,'job 1 (RUNNING) holds the branch');
INSERT INTO "targets" VALUES(15,2,14,'eu-west-1','dnever','main','{"account":"default","region":"eu-west-1","app":"dnever","branch":"main"}',NULL,'','none',NULL,'');
CREATE INDEX targets_by_branch ON targets (region, app, branch);
CREATE INDEX targets_ended ON targets (run) WHERE outcome IS NOT NULL;
CREATE INDEX attempts_by_target ON attempts (target);
CREATE INDEX attempts_in_doubt ON attempts (target) WHERE in_doubt;
CREATE INDEX limit_changes_by_run ON limit_changes (run);
COMMIT;
