"""The command line: arguments, wiring and exit codes.

Only click is imported before a command needs more, so that `--help` and completion stay quick.
"""

from __future__ import annotations

import click

from .. import __version__
from .cancel import cancel
from .doctor import doctor
from .face import Face
from .plans import iam_policy, plan, schema, validate
from .release import resume, retry, run
from .reports import diff, report, runs, status
from .serve import completion, emulator
from .worker import worker


@click.group(cls=Face, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="amplify-release")
def main() -> None:
    """Release many AWS Amplify apps at once: start their jobs, follow them, report.

    A plan (YAML or TOML) names the targets. No release is started twice and none is lost: every start is
    in the journal before it is sent, and `resume` goes on after whatever stopped a run.

    \b
    Exit codes of run, resume and retry:
      0  every target succeeded, or there was nothing to do
      1  a target failed, was cancelled, timed out, was rejected or is unresolved
      2  the command line or the plan is wrong; nothing was called
      3  stopped by a deadline or the failure budget; resume continues
      4  credentials or permission: no lane could start
     70  internal error     75  another run holds the lock
    130  Ctrl-C     143  SIGTERM     129  SIGHUP; jobs in AWS go on
    """


for command in (
    validate,
    plan,
    run,
    resume,
    retry,
    status,
    runs,
    report,
    diff,
    cancel,
    worker,
    doctor,
    iam_policy,
    schema,
    emulator,
    completion,
):
    main.add_command(command)
