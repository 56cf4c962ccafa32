"""The one URL that reports link to: a job's page in the Amplify console."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from ..model import EMULATOR

#: Regions of the partition `aws`; China, GovCloud, the European sovereign cloud and the isolated regions have
#: consoles of their own. It also keeps anything that is not a region out of a host name.
_COMMERCIAL_REGION = re.compile(r"(?!cn-|us-gov-|us-iso|eu-iso|eusc-)[a-z]{2,3}(-[a-z]+)+-[0-9]{1,2}")


def console_url(*, endpoint: str, region: str, app: str, branch: str, job_id: str) -> str | None:
    """Build the Amplify console's address of a job; None where there is none.

    There is none outside the partition `aws`, nor behind an endpoint that is not Amazon's (the emulator).
    """
    host = urlsplit(endpoint).hostname if "://" in endpoint else None
    if endpoint == EMULATOR or (host is not None and not host.endswith(".amazonaws.com")):
        return None
    if _COMMERCIAL_REGION.fullmatch(region) is None:
        return None
    app, branch, job_id = (quote(part, safe="") for part in (app, branch, job_id))
    return (
        f"https://{region}.console.aws.amazon.com/amplify/apps/{app}/branches/{branch}/deployments/{job_id}"
    )
