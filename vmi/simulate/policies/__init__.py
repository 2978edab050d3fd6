"""The ways to run a company that ``vmi simulate`` knows, by label, and how to add one.

A label is a name with an optional factor: ``textbook``, ``textbook:1.5``, ``forward_stock:14``. To add a policy that
keeps stock by levels, say what the levels are; position, packs, space, trucks and returns are done for it::

    # mine.py
    class OneOfEach(StockPolicy):
        def levels(self, board: Board) -> Levels:
            return Levels.base_stock(np.where(board.usual.sold_year, 1, 0))

    POLICIES["one_of_each"] = PolicyKind("One unit of whatever sold in the last year.", "mine:OneOfEach")

A policy that decides otherwise is any class with ``name``, ``dispatches`` and ``decide``
(:class:`vmi.simulate.policy.Policy`); ``planned.py`` is one. Policies are imported when they are made, so that a list
of them costs nothing.
"""

import math
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from vmi.errors import UsageProblem

if TYPE_CHECKING:
    import pandas as pd

    from vmi.simulate.policy import Policy


@dataclass(frozen=True)
class PolicyKind:
    """A policy that can be asked for.

    Attributes
    ----------
    description
        One sentence for help, documentation and report.
    path
        ``module:class``; the class takes ``name`` and what the next attributes say.
    factor, default, least
        Name, usual value and least value of the number behind the colon; ``factor`` is empty where there is none.
    told_orders
        Whether the class takes ``orders_to_come``.
    """

    description: str
    path: str
    factor: str = ""
    default: float = math.nan
    least: float = -math.inf
    told_orders: bool = False


POLICIES: dict[str, PolicyKind] = {
    "vmi": PolicyKind(
        "The plan that `vmi plan` makes, lateness weighed so many times (1) what it is charged at.",
        "vmi.simulate.policies.planned:Planned",
        factor="weight",
        default=1.0,
        least=0.0,
    ),
    "zero_inventory": PolicyKind(
        "Suppliers ship to order; only fast parts (a line a week at a warehouse) lie in forward stock.",
        "vmi.simulate.policies.zero_inventory:ZeroInventory",
    ),
    "forward_stock": PolicyKind(
        "The nearest warehouse holds so many days (14) of its own demand, and a unit of all that sold in a year.",
        "vmi.simulate.policies.days_of_cover:ForwardStock",
        factor="days",
        default=14.0,
        least=0.0,
    ),
    "textbook": PolicyKind(
        "(s, S) with normal demand per warehouse, the safety factor z (1.64) behind the colon.",
        "vmi.simulate.policies.textbook:Textbook",
        factor="z",
        default=1.64,
    ),
    "heavy_stock": PolicyKind(
        "So many days (38) of everything, and a unit of every part that ever sold in the region.",
        "vmi.simulate.policies.days_of_cover:HeavyStock",
        factor="days",
        default=38.0,
        least=0.0,
    ),
    "clairvoyant": PolicyKind(
        "Knows the orders to come and stocks for them in time: a bound on service for its stock, not a policy.",
        "vmi.simulate.policies.clairvoyant:Clairvoyant",
        told_orders=True,
    ),
}
"""Every policy by name, in the order in which they are shown."""


def make_policy(label: str, orders_to_come: "pd.DataFrame") -> "Policy":
    """Return a new instance of the policy that a label names; its ``name`` is the label.

    Parameters
    ----------
    label
        Name, or name and factor: ``textbook:1.5``.
    orders_to_come
        ORDERS_TO_COME; given only to a policy whose kind is ``told_orders``.

    Raises
    ------
    UsageProblem
        No policy has that name, or the factor is not one it takes.
    """
    name, colon, factor = label.partition(":")
    kind = POLICIES.get(name)
    if kind is None:
        raise UsageProblem(f"policy {label!r} is not known; known are {', '.join(POLICIES)}")
    given: dict[str, Any] = {kind.factor: _factor(label, kind, factor if colon else None)} if kind.factor else {}
    if colon and not kind.factor:
        raise UsageProblem(f"policy {label!r}: {name} takes no factor; {_factors()}")
    if kind.told_orders:
        given["orders_to_come"] = orders_to_come
    module, _, class_name = kind.path.partition(":")
    made: Policy = getattr(import_module(module), class_name)(name=label, **given)
    return made


def _factor(label: str, kind: PolicyKind, text: str | None) -> float:
    if text is None:
        return kind.default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= kind.least):
        least = f" of at least {kind.least:g}" if math.isfinite(kind.least) else ""
        raise UsageProblem(f"policy {label!r}: {kind.factor} must be a number{least}, not {text!r}; {_factors()}")
    return value


def _factors() -> str:
    taken = [f"{name}:{kind.factor}" for name, kind in POLICIES.items() if kind.factor]
    return f"known are {', '.join(POLICIES)}, with a factor {', '.join(taken)}"
