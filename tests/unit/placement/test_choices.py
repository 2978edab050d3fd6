"""What is listed near the parts' best: nothing that could be had is missed, and nothing is listed twice."""

from collections.abc import Iterator

import numpy as np
import pytest

from benchmarks.solves import Setting
from vmi.placement.choices import Choices, near_choices
from vmi.placement.instance import Instance
from vmi.placement.master import answer

Plan = tuple[tuple[int, ...], float]
"""Units by hub, and cost [CNY]."""


@pytest.fixture(scope="module")
def instance() -> Instance:
    return Setting(300, warehouses=4).case().pooled()


@pytest.fixture(scope="module")
def prices(instance: Instance) -> np.ndarray:
    return np.where(np.isfinite(instance.free), 0.05, 0.0)


def listed(instance: Instance, prices: np.ndarray, slack: float) -> Choices:
    rules, charges = instance.rules(instance.free_choice()), instance.charges(prices)
    said = answer(instance, instance.everyone, instance.free_choice(), prices)
    # Plans at hand that are hardly anybody's best: what is best must be listed for its own sake.
    at_hand = np.zeros_like(said.pattern), np.zeros_like(said.qty)
    wanted = at_hand, said.value + slack
    choices, all_listed = near_choices(instance.everyone, rules, charges, wanted, 10**9)
    assert all_listed
    return choices


def plans(instance: Instance, part: int, patterns: list[int], options: set[int]) -> Iterator[Plan]:
    """Yield every plan of a part's patterns with those options."""
    menu, table = instance.menu, instance.table
    first = menu.pool_from[menu.part_class[part]]
    for m in patterns:
        found: list[Plan] = [((0,) * instance.rows.hubs, 0.0)]
        for j in menu.members[menu.member_from[m] : menu.member_from[m + 1]]:
            row, hub = table.row_from[part] + j, int(menu.pool_hub[first + j])
            own = options & set(range(table.option_from[row], table.option_from[row + 1]))
            found = [
                ((*units[:hub], units[hub] + int(table.qty[o]), *units[hub + 1 :]), cost + float(table.cost[o]))
                for units, cost in found
                for o in own
            ]
        yield from found


def least(found: Iterator[Plan]) -> dict[tuple[int, ...], float]:
    """Return the least cost of each units by hub."""
    best = dict[tuple[int, ...], float]()
    for units, cost in found:
        best[units] = min(best.get(units, np.inf), cost)
    return best


@pytest.mark.parametrize("slack", [0.05, 1.0, 20.0])
def test_whatever_comes_near_can_be_had_for_no_more_money_and_no_more_room(
    instance: Instance, prices: np.ndarray, slack: float
) -> None:
    menu, table, charges = instance.menu, instance.table, instance.charges(prices)
    best = answer(instance, instance.everyone, instance.free_choice(), prices).value
    choices, checked, twins = listed(instance, prices, slack), 0, 0
    for part in range(len(best)):
        every = list(range(menu.pattern_from[menu.part_class[part]], menu.pattern_from[menu.part_class[part] + 1]))
        start, stop = (table.option_from[table.row_from[part + k]] for k in (0, 1))
        small = {int(o) for o in range(start, stop) if table.qty[o] <= 6 * instance.limits.step[part]}
        all_plans = least(plans(instance, part, every, small))
        mine = [int(m) for place, m in choices.pattern if place == part]
        own = {int(o) for place, _, o in choices.option if place == part}
        can = least(plans(instance, part, mine, own))
        for units, cost in all_plans.items():
            charged = sum(charges[part, h, 0] * u + charges[part, h, 1] * (u > 0) for h, u in enumerate(units))
            if cost + charged <= best[part] + slack - 1e-6:
                checked += 1
                assert any(c <= cost + 1e-6 and (np.array(u) <= units).all() for u, c in can.items())
        twins += len(mine) < len(every)
    assert checked > 100 and twins > 10
