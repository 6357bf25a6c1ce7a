"""Units: one small registry in which every unit that ships is defined (units.txt)."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

from caminos.problems import CaminosError

_POWER = re.compile(r"\b(m|km|mm)([23])\b")
_SUBSTANCE = re.compile(r"\b(kg|g|ug|t|kt|Mt|Gt|Mg) (CO2e|CO2|CH4|N2O|C|N|BOD|protein|dry_matter)\b")
_SUBSTANCE_NAMES = {"C": "carbon", "N": "nitrogen"}  # C and N alone are other units elsewhere
LONGEST = 120  # characters of a unit
_CALCULATION = re.compile(r"\*\*|[\^+⁰¹⁴-⁹]")  # 9**9**9 would be computed before anyone could refuse it


class UnitError(CaminosError):
    """A unit that is not defined, or one that does not fit where it stands."""


@cache
def registry() -> Any:
    """The pint registry of Caminos; made once, on first use."""
    import pint

    reg: Any = pint.UnitRegistry(None)
    text = files("caminos.model").joinpath("units.txt").read_text(encoding="utf-8")
    reg.load_definitions([line for line in text.splitlines() if line and not line.startswith("#")])
    return reg


def normalise(text: str) -> str:
    """The unit as pint reads it: `m2` is m**2, `t C` is tonne of carbon (also below a
    fraction bar), blank is a pure number."""
    text = _POWER.sub(r"\1**\2", text.strip())
    text = _SUBSTANCE.sub(lambda match: f"({match[1]} * {_SUBSTANCE_NAMES.get(match[2], match[2])})", text)
    return text or "ratio"


@cache
def unit(text: str) -> Any:
    """The pint unit named by `text`; raises UnitError if it is not defined, or holds powers other than m2, m³ ..."""
    if len(text) > LONGEST or _CALCULATION.search(text):
        raise UnitError(f"unit {text[:LONGEST]!r} is not known")
    try:
        return registry().parse_units(normalise(text))
    except Exception as error:  # pint raises several kinds, with wording for programmers
        raise UnitError(f"unit {text!r} is not known: {error}") from None


def dimensions(text: str) -> Any:
    """Dimensionality of a unit, to compare two units for being convertible."""
    return unit(text).dimensionality


@cache
def factor(source: str, target: str) -> float:
    """Factor that turns a number in `source` into `target`; raises UnitError if they do not fit.

    Offset units (degC) convert only to themselves; differences are delta_degC.
    """
    if normalise(source) == normalise(target):
        return 1.0
    if dimensions(source) != dimensions(target):
        raise UnitError(f"{source!r} cannot be converted to {target!r}")
    return float(registry().Quantity(1.0, unit(source)).to(unit(target)).magnitude)
