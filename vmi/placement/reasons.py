"""Say in a short sentence why a quantity is what it is, from the figures of its derivation."""

from dataclasses import dataclass

import pandas as pd

from vmi.placement.parameters import PlacementParameters
from vmi.placement.problem import Array, Mask, Whole

DAYS_PER_MONTH = 30.0


@dataclass(frozen=True)
class Sentence:
    """What sentences are made from: the derivation table, and figures of the pool each row belongs to.

    ``left_over`` [units]: expected to come back of tonight's; ``lines_spared``: order lines that tonight's units keep
    from waiting; ``packed``: best whole packs without any other limit.
    """

    table: pd.DataFrame
    is_hub: Mask
    pool_position: Whole
    pool_after: Whole
    daily_mean: Array
    left_over: Array
    lines_spared: Array
    packed: Whole


def reasons(sentence: Sentence, parameters: PlacementParameters) -> list[str]:
    """Return one sentence per row of the derivation table."""
    columns = ("hub", "warehouse_id", "qty", "pool_regions", "target_qty", "override_kind", "override_value")
    rows = zip(*(sentence.table[c] for c in columns), sentence.is_hub, sentence.daily_mean, strict=True)
    found = []
    for at, (hub, warehouse, qty, regions, target, override, value, is_hub, daily) in enumerate(rows):
        monthly = f"{daily * DAYS_PER_MONTH:.3g} a month"
        if override == "do_not_stock":
            found.append("not stocked: a planner's decision")
        elif override == "order" and not qty and value > 0:
            found.append(f"a planner's order of {value:.0f} has to yield: no room, line or supply is left for it")
        elif not is_hub and hub and hub != warehouse:
            found.append(f"covered from {hub} (pool of {regions} regions, {monthly})")
        elif not is_hub:
            found.append(f"no warehouse that may order covers it ({monthly}); served from what lies there")
        elif qty > 0:
            found.append(_order(sentence, at, parameters))
        else:
            found.append(_no_order(sentence, at, f"{_pool(regions)}, {monthly}", target))
    return found


def _pool(regions: int) -> str:
    return "its own region" if regions == 1 else f"a pool of {regions} regions"


def _order(sentence: Sentence, at: int, parameters: PlacementParameters) -> str:
    row = sentence.table.iloc[at]
    days = f"{row['demand_mean']:.3g} expected in {row['protection_days']:.0f} days"
    text = f"{_pool(row['pool_regions'])} has {sentence.pool_position[at]}, target {row['target_qty']}: {days}"
    text += _quantity(row)
    if row["return_risk"] > parameters.return_warning:
        text += (
            f"; {sentence.left_over[at]:.0f} of {row['qty']} likely to come back, outweighed by the penalty of"
            f" {sentence.lines_spared[at]:.2g} lines that would wait (gain {row['money_at_stake']:.0f} CNY)"
        )
    return text


def _quantity(row: pd.Series) -> str:
    need, binding = row["need_qty"], row["binding"]
    if binding == "none":
        return ""
    if binding == "moq":
        return f"; minimum order {row['min_order_qty']} in packs of {row['pack_qty']} for a need of {need}"
    if binding == "pack" and row["pack_qty"] == 1:
        return f"; ordered in larger steps for a need of {need}"
    if binding == "pack":
        return f"; packs of {row['pack_qty']} for a need of {need}"
    if binding == "availability":
        return f"; the supplier has {row['available_qty']:.0f} for a need of {need}"
    if binding.startswith("override"):
        return f"; a planner's {binding.split()[1]} of {row['override_value']:.0f}"
    if binding == "pool":
        return f"; {row['qty']} of {need}, the next one is worth less than it takes"
    return f"; {row['qty']} of {need} because of {binding} (worth {row['binding_price']:.0f} CNY a further unit of it)"


def _no_order(sentence: Sentence, at: int, about: str, target: int) -> str:
    binding, need = str(sentence.table["binding"].iat[at]), int(sentence.table["need_qty"].iloc[at])
    if binding == "truck":
        return f"waits for the truck: {sentence.packed[at]} needed are not worth tonight's ({about})"
    if binding in ("moq", "pack"):
        first = int(sentence.table[["pack_qty", "min_order_qty"]].iloc[at].max())
        return f"a need of {need} does not justify {first}, the smallest order ({about})"
    if binding != "none":
        return f"none of {need} because of {binding} ({about})"
    if target == 0:
        return f"not worth stocking ({about})"
    return f"{about}: position {sentence.pool_position[at]} reaches the target {target}"
