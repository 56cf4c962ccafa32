"""The one link of a report leads to the console or nowhere."""

from __future__ import annotations

import pytest

from scheduler.report.console import console_url


def link(**changes: str) -> str | None:
    place = {
        "endpoint": "",
        "region": "eu-west-1",
        "app": "d2p7kq0example",
        "branch": "main",
        "job_id": "12",
    }
    return console_url(**(place | changes))


def test_a_link_leads_to_the_job_in_the_console() -> None:
    assert link() == (
        "https://eu-west-1.console.aws.amazon.com/amplify/apps/d2p7kq0example/branches/main/deployments/12"
    )


def test_nothing_in_a_name_leaves_its_place_in_the_link() -> None:
    address = link(app="../x", branch='release/1.10?a#b"\u202e', job_id="1/2")
    assert address == (
        "https://eu-west-1.console.aws.amazon.com/amplify/apps/..%2Fx"
        "/branches/release%2F1.10%3Fa%23b%22%E2%80%AE/deployments/1%2F2"
    )


@pytest.mark.parametrize("region", ["ap-southeast-2", "us-east-1", "il-central-1", "mx-central-1"])
def test_commercial_regions_have_a_console(region: str) -> None:
    assert link(region=region) is not None


@pytest.mark.parametrize(
    "region",
    [
        *(
            "cn-north-1",
            "us-gov-west-1",
            "us-iso-east-1",
            "us-isob-east-1",
            "eu-isoe-west-1",
            "eusc-de-east-1",
        ),
        *("", "evil.example/", "eu-west-1.evil.example", "eu-west-1\n", "EU-WEST-1", "javascript:"),
    ],
)
def test_other_partitions_and_what_is_no_region_have_no_link(region: str) -> None:
    assert link(region=region) is None


@pytest.mark.parametrize(
    ("endpoint", "linked"),
    [
        ("", True),
        ("aws", True),
        ("https://amplify.eu-west-1.amazonaws.com", True),
        ("emulator", False),
        ("http://127.0.0.1:4000", False),
        ("https://proxy.example", False),
        ("https://evilamazonaws.com", False),
    ],
)
def test_only_amazons_own_endpoint_has_a_console(endpoint: str, linked: bool) -> None:
    assert (link(endpoint=endpoint) is not None) is linked
