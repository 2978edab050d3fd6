"""Declare a room's parameters: a frozen dataclass whose fields carry unit and reason.

Each room keeps its own ``Parameters`` beside its code and checks them itself; ``config`` only gathers them, and the
configuration page of the documentation is held complete against what is declared here.
"""

from dataclasses import Field, field
from typing import Any


def parameter(default: Any, unit: str, why: str) -> Any:
    """Return a dataclass field with its default, its unit and the reason for that default."""
    if isinstance(default, dict | list):
        return field(default_factory=lambda: type(default)(default), metadata={"unit": unit, "why": why})
    return field(default=default, metadata={"unit": unit, "why": why})


def unit_of(declared: Field) -> str:
    """Return the unit a parameter was declared with."""
    return str(declared.metadata["unit"])


def reason_for(declared: Field) -> str:
    """Return why a parameter has the default it has."""
    return str(declared.metadata["why"])
