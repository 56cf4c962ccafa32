"""The regions that the installed AWS SDK knows, without importing it."""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def known_regions() -> frozenset[str]:
    """Return the names of all regions of all partitions; pseudo-regions such as `aws-global` are none.

    Read from botocore's own data: importing botocore takes longer than checking a plan.
    """
    spec = find_spec("botocore")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("botocore is not installed")
    file = Path(spec.submodule_search_locations[0]) / "data" / "partitions.json"
    partitions = json.loads(file.read_bytes())["partitions"]
    return frozenset(
        region
        for partition in partitions
        for region in partition["regions"]
        if not region.endswith("-global")
    )
