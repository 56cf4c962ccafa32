"""The regions that the installed AWS SDK knows and their partitions, without importing it."""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path


def known_regions() -> frozenset[str]:
    """Return the names of all regions of all partitions; pseudo-regions such as `aws-global` are none."""
    return frozenset(_partitions())


def partition_of(region: str) -> str:
    """Return the partition of a known region: what its ARNs begin with, `aws` or `aws-cn` for example."""
    return _partitions()[region]


@cache
def _partitions() -> dict[str, str]:
    """Return region → partition, from botocore's own data: importing it takes longer than checking a plan."""
    spec = find_spec("botocore")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("botocore is not installed")
    file = Path(spec.submodule_search_locations[0]) / "data" / "partitions.json"
    return {
        region: partition["id"]
        for partition in json.loads(file.read_bytes())["partitions"]
        for region in partition["regions"]
        if not region.endswith("-global")
    }
