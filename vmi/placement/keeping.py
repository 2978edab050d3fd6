"""Keep the rows that few parts use: those parts in one program, exactly, while all other rows are priced.

A row for thousands of parts is as good as divisible, and its price says nearly all of it. One that few parts use, such
as the room for hazardous ones, is a knapsack of a few large things: with a price it proves little, and parts that each
take what is best at that price fit badly. Not priced but kept, with all parts that could use it in one program, it
gives a bound that is never lower (Geoffrion 1974: the Lagrangean relaxes the fewer constraints the better), and plans
of these parts that fit it.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from vmi.placement.choices import near_choices
from vmi.placement.finding import SHUT, Case, Found
from vmi.placement.instance import Instance
from vmi.placement.pricing import Choice
from vmi.placement.problem import Array, Mask, Whole
from vmi.placement.selection import Selection, select
from vmi.placement.trading import Near

FEW = 200
"""Parts in the program, at most."""
WORTH_IT = 0.65
"""Share of what is still to be proven that must lie with these parts and rows."""
LISTED, NEAR_ENOUGH = 0.5, 0.1
"""Shares: of the gap, by how much dearer than the best what is listed may be; of what contents, to which the program is
solved."""


class _Kept(NamedTuple):
    """Rows that are kept, and the places of the parts that could use one of them."""

    rows: Mask
    places: Whole


def keep_rows(case: Case, near: Near, found: Found) -> tuple[Near, Found]:
    """Return what is known once the rows of few parts are kept: their parts' plans as wishes, and the bound.

    A better plan of one of these parts may be dearer, rows priced, by as much more than the gap as the bound has risen:
    ``Near.spare``. The prices are those of ``found.bound``. Nothing is known where those parts are none, or all.
    """
    kept = _kept_rows(case, near)
    if len(kept.places) in {0, len(case.active)}:
        return near, found
    if _at_stake(case, near, found, kept) < WORTH_IT * (found.gap - case.enough):
        return near, found
    parts, said = case.active[kept.places], near.said
    chosen = _choose(case, near, found, kept)
    if chosen is None:
        return near, found
    priced = said.value[kept.places].sum() - near.prices[kept.rows] @ case.instance.free[kept.rows]
    # Whoever takes what is not listed pays as much more than the best at these prices.
    risen = max(min(float(chosen.bound - priced), LISTED * found.gap), 0.0)
    pattern, qty, cost, spare = said.pattern.copy(), said.qty.copy(), said.cost.copy(), np.zeros(len(case.active))
    charges = case.instance.charges(np.where(kept.rows, 0.0, near.prices))[parts]
    pattern[kept.places], qty[kept.places], _ = chosen.plans
    cost[kept.places] = chosen.plans.by_part - _charged(charges, chosen.plans.qty)
    spare[kept.places] = risen
    wishes = near._replace(said=Choice(pattern, qty, said.value, cost), spare=spare)
    return wishes, found._replace(bound=found.bound + risen)


def _at_stake(case: Case, near: Near, found: Found, kept: _Kept) -> float:
    """Return how much of the gap is these parts' and these rows' [CNY]: plans dearer than the best, and room left."""
    plans, places = found.plans, kept.places
    charges = case.instance.charges(near.prices)[case.active[places]]
    dearer = plans.by_part[places] + _charged(charges, plans.qty[places]) - near.said.value[places]
    left = case.instance.free - case.instance.usage(case.active, plans.qty).sum(axis=0)
    return float(dearer.sum() + near.prices[kept.rows] @ left[kept.rows])


def _kept_rows(case: Case, near: Near) -> _Kept:
    """Return the rows with a price that the fewest parts could use, as long as those are few together."""
    instance = case.instance
    could = instance.usage(case.active, (instance.limits.high[case.active] > 0).astype(np.int64)) > 0.0
    rows, users = np.zeros(len(instance.free), dtype=bool), np.zeros(len(case.active), dtype=bool)
    for row in np.argsort(could.sum(axis=0), kind="stable"):
        if near.prices[row] > 0.0:
            together = users | could[:, row]
            if together.sum() > FEW:
                break
            rows[row], users = True, together
    return _Kept(rows, np.flatnonzero(users))


def _choose(case: Case, near: Near, found: Found, kept: _Kept) -> Selection | None:
    """Return the best plans of the parts under the rows kept, the others priced, out of what comes near."""
    instance, parts = case.instance, case.active[kept.places]
    plans, said = found.plans, near.said
    known = plans.pattern[kept.places], plans.qty[kept.places]
    ceiling = said.value[kept.places] + LISTED * found.gap + SHUT
    rules, charges = instance.rules(case.restriction), instance.charges(near.prices)
    choices, _ = near_choices(parts, rules, charges, (known, ceiling), len(instance.table.qty))
    own = _priced(instance, parts, np.where(kept.rows, 0.0, near.prices))
    own = replace(own, rows=own.rows._replace(free=np.where(kept.rows, instance.free, np.inf)))
    gap = NEAR_ENOUGH * case.enough / max(1.0, abs(float(said.value[kept.places].sum())))
    return select(own, parts, choices, known, (gap, case.parameters.nodes_limit))


def _priced(instance: Instance, parts: Whole, prices: Array) -> Instance:
    """Return the instance with the prices of what they use in the costs of the parts' options."""
    menu, table, charges = instance.menu, instance.table, instance.charges(prices)
    cost = table.cost.copy()
    for i in parts:
        pools = np.arange(table.row_from[i], table.row_from[i + 1])
        hub = menu.pool_hub[menu.pool_from[menu.part_class[i]] + pools - table.row_from[i]]
        hub = np.repeat(hub, np.diff(table.option_from[pools[0] : pools[-1] + 2]))
        options = slice(table.option_from[pools[0]], table.option_from[pools[-1] + 1])
        qty = table.qty[options]
        cost[options] += charges[i, hub, 0] * qty + charges[i, hub, 1] * (qty > 0)
    return replace(instance, table=table._replace(cost=cost))


def _charged(charges: Array, qty: Whole) -> Array:
    """Return what the rows' prices add to plans; ``charges`` of their parts."""
    return np.asarray((charges[:, :, 0] * qty + charges[:, :, 1] * (qty > 0)).sum(axis=1))
