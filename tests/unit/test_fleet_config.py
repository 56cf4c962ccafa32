"""The examples of how a fleet is deployed name what exists, and give workers the time to hand over."""

from __future__ import annotations

import json
import re
from pathlib import Path

from click.testing import CliRunner

from scheduler.cli import main
from scheduler.settings import PREFIX, Settings

CONFIG = Path(__file__).parents[2] / "config"

#: What `worker` grants its lanes beyond --drain-timeout, seconds.
BEYOND = 5.0


def test_the_ecs_task_is_a_worker_with_settings_that_exist() -> None:
    [worker] = json.loads((CONFIG / "fleet/ecs-task.json").read_text())["containerDefinitions"]
    shown = CliRunner().invoke(main, [*worker["command"], "--help"])
    assert shown.exit_code == 0, shown.output
    given = {pair["name"]: pair["value"] for pair in worker["environment"]}
    fields = {name.removeprefix(PREFIX).lower(): value for name, value in given.items()}
    settings = Settings.model_validate(fields)
    assert worker["stopTimeout"] > settings.drain_timeout + BEYOND
    assert {secret["name"] for secret in worker["secrets"]} == {f"{PREFIX}JOURNAL"}


def test_the_journal_s_url_is_a_secret_and_stands_in_no_example() -> None:
    [worker] = json.loads((CONFIG / "fleet/ecs-task.json").read_text())["containerDefinitions"]
    assert all(":secretsmanager:" in secret["valueFrom"] for secret in worker["secrets"])
    assert "postgresql://" not in json.dumps(worker)


def test_systemd_gives_a_worker_the_time_to_hand_over() -> None:
    unit = (CONFIG / "systemd/amplify-release-worker.service").read_text()
    found = re.search(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert found is not None
    assert int(found[1]) > Settings().drain_timeout + BEYOND
    assert re.search(r"^Restart=always$", unit, re.MULTILINE)


def test_the_image_starts_the_command_itself_so_that_signals_reach_it() -> None:
    lines = (CONFIG / "fleet/Dockerfile").read_text().splitlines()
    assert 'ENTRYPOINT ["amplify-release"]' in lines
    assert 'CMD ["worker"]' in lines
    assert any("[fleet]" in line for line in lines)
