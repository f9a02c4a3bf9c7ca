"""Scaling laws: one object whatever its origin, with exact derivatives, its formula and its source."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from quantal.laws.held import hold as hold
from quantal.laws.implicit import implicit as implicit
from quantal.laws.jet import Jet as Jet
from quantal.laws.jet import lift as lift
from quantal.laws.law import Input as Input
from quantal.laws.law import Law as Law
from quantal.laws.law import Series as Series
from quantal.laws.law import Signed as Signed
from quantal.laws.law import Target as Target
from quantal.laws.law import law as law
from quantal.laws.needs import Need as Need
from quantal.laws.needs import varies as varies
from quantal.laws.parameter import Bounds as Bounds
from quantal.laws.parameter import Exponent as Exponent
from quantal.laws.parameter import Fraction as Fraction
from quantal.laws.parameter import Parameter as Parameter
from quantal.laws.parameter import Positive as Positive
from quantal.laws.parameter import Real as Real
from quantal.laws.parameter import free as free
from quantal.laws.parameter import natural as natural
from quantal.laws.parameter import slopes as slopes
from quantal.laws.power import power_law as power_law
from quantal.laws.registry import default_laws as default_laws
from quantal.laws.registry import get_law as get_law
from quantal.laws.registry import laws as laws
from quantal.laws.registry import register as register

if TYPE_CHECKING:
    from quantal.laws.derived import derived_quantities as derived_quantities
    from quantal.laws.quantized import QuantizedLaw as QuantizedLaw
    from quantal.laws.quantized import quantized_law as quantized_law

# what needs the theory is loaded when it is first used
_LATER = {"derived_quantities": "derived", "QuantizedLaw": "quantized", "quantized_law": "quantized"}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'quantal.laws' has no attribute {name!r}")
    return getattr(importlib.import_module(f"quantal.laws.{_LATER[name]}"), name)
