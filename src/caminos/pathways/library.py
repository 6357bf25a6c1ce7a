"""Every indicator and driver of the five pathways, found by walking their modules."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

import caminos.pathways
from caminos.model.indicator import Indicator, collect


@cache
def indicators() -> tuple[Indicator, ...]:
    """Every indicator of the five pathways and every driver."""
    found = pkgutil.walk_packages(caminos.pathways.__path__, "caminos.pathways.")
    return tuple(collect(importlib.import_module(item.name) for item in found))
