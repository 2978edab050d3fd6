"""Lay out an explanation for a person: each warehouse that orders as an addition, the others in a table."""

from typing import TYPE_CHECKING, Any

from vmi.forecast_methods import in_words

if TYPE_CHECKING:
    from vmi.explain import Explanation

Row = dict[str, Any]
FOLLOWING_SHOWN = 4
"""Forecast lines named one by one; more of them say little."""
BOUND = {
    "pack": "whole packs",
    "moq": "minimum order",
    "truck": "waits for the truck",
    "availability": "the supplier has no more",
    "pool": "worth less than it takes",
    "budget": "budget",
}


def as_text(found: "Explanation") -> str:
    """Return the explanation, an empty line between its pieces."""
    about = f"{found.part_id} {found.part_name}".strip()
    plan = f"plan {found.plan_id} · as of {found.as_of}"
    pieces = []
    if found.asked != found.part_id:
        pieces.append(f"{found.asked} is superseded: demand and stock are planned as {found.part_id}")
    if not found.warehouses:
        pieces.append(f"{about} · {plan}\n  nothing to tell: no demand, no stock, no order, no override")
    in_full = [row for row in found.warehouses if _orders(row) or len(found.warehouses) == 1]
    pieces += [f"{about} at {row['warehouse_id']} {row['city']} · {plan}\n" + _block(row) for row in in_full]
    rest = [row for row in found.warehouses if row not in in_full]
    if rest:
        pieces.append(f"{about} elsewhere · {plan}\n" + "\n".join(_table(rest)))
    if found.waiting:
        pieces.append("\n".join(["served by no warehouse:", *(_delivery(row) for row in found.waiting)]))
    return "\n\n".join(pieces)


def _orders(row: Row) -> bool:
    return bool(row["hub"] == row["warehouse_id"] or row["qty"])


def _block(row: Row) -> str:
    """Return the addition of one warehouse, from what lies there to what was ordered."""
    lines = [] if row["position"] is None else _position(row)
    if _orders(row):
        lines += [*_order(row), *_worth(row)]
    if row["override_kind"]:
        value = "" if row["override_value"] is None else f" {row['override_value']}"
        lines.append(_said("override", f"{row['override_kind']}{value}"))
    if row["forecast"] and row["position"] is not None:
        lines += [_said("forecast" if not n else "", said) for n, said in enumerate(_forecast(row["forecast"]))]
    if row["calendar"] and row["position"] is not None:
        lines.append(_said("calendar", _calendar(row["calendar"])))
    lines.append(_said("reason", row["reason"]))
    return "\n".join(lines + _published(row))


def _position(row: Row) -> list[str]:
    served = f"{row['committed']} of them served tonight" if row["committed"] else ""
    return [
        _sum("on hand", row["on_hand"]),
        _sum("+ inbound", row["inbound"]),
        _sum("- backordered", row["backordered"], served),
        _sum("- leaving", row["outgoing"], "returns and transfers out of tonight" if row["outgoing"] else ""),
        _sum("= position", row["position"]),
    ]


def _order(row: Row) -> list[str]:
    raw = row["target_qty"] - row["position"] - row["pooled"]
    changed = row["qty"] - row["need_qty"]
    lines = [
        _sum("target", row["target_qty"], _demand(row)),
        _sum("- position", row["position"]),
        _sum("- elsewhere in the pool", row["pooled"], _pool(row)),
        _sum("= need", row["need_qty"], f"{raw}: more than enough" if raw < row["need_qty"] else ""),
    ]
    if changed:
        lines.append(_sum(f"{'+' if changed > 0 else '-'} {_bound(row)}", abs(changed), _limit(row)))
    return [*lines, _sum("= ordered", row["qty"], _firm(row))]


def _demand(row: Row) -> str:
    text = (
        f"demand over {_number(row['protection_days'])} days: mean {_number(row['demand_mean'])},"
        f" P50 {_number(row['demand_p50'])}, P90 {_number(row['demand_p90'])}"
    )
    if row["order_up_to"] not in (None, row["target_qty"]):
        text += f"; costs alone ask for {row['order_up_to']}"
    return text


def _pool(row: Row) -> str:
    if row["pool_regions"] <= 1:
        return "covers its own region"
    return f"position of the other warehouses of its pool of {row['pool_regions']} regions"


def _bound(row: Row) -> str:
    kind, _, subject = (row["binding"] or "").partition(" ")
    if kind in ("volume", "hazmat"):
        return f"{'space' if kind == 'volume' else 'hazmat space'} in {subject}"
    if subject.startswith("lines "):
        return f"lines {'into' if kind == 'inbound' else 'of'} {subject.removeprefix('lines ')}"
    return f"a planner's {subject}" if kind == "override" else BOUND.get(kind, kind)


def _limit(row: Row) -> str:
    """Return the figure of what bound."""
    if row["binding"] in ("pack", "moq"):
        return f"packs of {row['pack_qty']}, at least {row['min_order_qty']}"
    if row["binding"] == "availability":
        return f"{_number(row['available_qty'])} available"
    if row["binding_price"]:
        unit = row["price"]["unit"] if row["price"] else "CNY a unit"
        return f"one more is worth {_number(row['binding_price'])} {unit}"
    return ""


def _firm(row: Row) -> str:
    firm = [line for line in row["replenishment"] if line["commitment"] == "firm"]
    return "; ".join(f"ship {line['ship_on']}, due {line['due_on']}, line {line['line_id']}" for line in firm)


def _worth(row: Row) -> list[str]:
    said = [
        _said(
            "a unit",
            f"short costs {_number(row['penalty_cny'])} CNY, a day on the shelf {_number(row['carrying_cny'])},"
            f" coming back {_number(row['return_cny'])}, freight {_number(row['freight_cny'])}",
        ),
        _said(
            "worth",
            f"the last unit {_number(row['value_last_unit'])} CNY, the next {_number(row['value_next_unit'])},"
            f" the whole order {_number(row['money_at_stake'])}",
        ),
    ]
    if row["return_risk"] is not None:
        said.append(_said("return risk", f"{row['return_risk']:.0%} that the last unit is unsold when its window ends"))
    if row["fill_rate"] is not None:
        said.append(_said("fill rate", f"{row['fill_rate']:.1%} of demand over those days"))
    return said


def _calendar(profile: Row) -> str:
    """Return whose season a pair's demand follows."""
    family, region = profile["family"] or "parts without a family", profile["region"]
    whose = {
        "group": f"{family} at {region}",
        "family": f"{family} everywhere",
        "region": f"all parts at {region}",
        "all": "all parts everywhere",
    }
    return f"season of {whose[profile['kind']]}, fitted {profile['fitted_on']}"


def _forecast(row: Row) -> list[str]:
    """Return by which method a pair's demand is forecast and how that was judged, a sentence an entry."""
    judged = row["judged"]
    if row["fallback"]:
        return [f"{row['method_name']}, standing in: {row['fallback']}"]
    if judged is None or row["judged_class"] == "new":
        return [f"{row['method_name']}, not judged for {_whose(row['judged_class'])}"]
    of = _whose(judged["judged_as"])
    since = f"{row['method_name']}, chosen for {of} and judged on {judged['judged_on']}"
    return [since, _losses(judged), _coverage(judged)]


def _whose(judged_class: str | None) -> str:
    known = {"all": "all parts together", "fast": "fast movers"}
    return known.get(judged_class, f"{judged_class} parts") if judged_class else "these parts"


def _losses(judged: Row) -> str:
    others = [f"next {_compared(judged['runner_up'])}"] if judged["runner_up"] else []
    if judged["simplest"] and judged["simplest"] != judged["runner_up"]:
        others.append(f"simplest {_compared(judged['simplest'])}")
    return "; ".join([f"loss {judged['loss']:.4g} units a week", *others])


def _compared(other: Row) -> str:
    return f"{in_words(other['method'])} {other['loss']:.4g}"


def _coverage(judged: Row) -> str:
    before, after = (f"{100 * judged[name]:.0f} %" for name in ("coverage", "coverage_used"))
    if not judged["calibrated"]:
        return f"P90 held {before}, in whole units; too few parts to calibrate"
    if judged["variance_factor"] == 1:
        return f"P90 held {before}"
    return f"calibrated: variance x {judged['variance_factor']:g}, P90 held {before} before, {after} after"


def _published(row: Row) -> list[str]:
    """Return the lines that were published for a warehouse beside its firm order."""
    later = sorted((x for x in row["replenishment"] if x["commitment"] != "firm"), key=lambda x: str(x["due_on"]))
    lines = []
    if later:
        named = ", ".join(f"{line['qty']} on {line['due_on']}" for line in later[:FOLLOWING_SHOWN])
        more = len(later) - FOLLOWING_SHOWN
        lines.append(_said("likely next", named + (f" and {more} more" if more > 0 else "")))
    for line in row["returns"]:
        lines.append(_said("goes back", f"{line['qty']} of lot {line['lot_id']} ({line['part_id']}): {line['reason']}"))
    for line in row["transfers_out"]:
        lines.append(
            _said("moves out", f"{line['qty']} of lot {line['lot_id']} to {line['to_warehouse']}: {line['reason']}")
        )
    for line in row["transfers_in"]:
        lines.append(
            _said("moves in", f"{line['qty']} of lot {line['lot_id']} from {line['from_warehouse']}, {line['eta_on']}")
        )
    return lines + [_delivery(line) for line in row["deliveries"]]


def _delivery(line: Row) -> str:
    eta = f"arrives {line['eta'][:16]}" if line["eta"] else "no arrival known"
    what = f"{line['qty']} {line['part_id']} for {line['centre_id']}, {line['order_id']}/{line['line_no']}"
    return _said(line["source"].replace("_", " "), f"{what}, {eta}")


def _table(rows: list[Row]) -> list[str]:
    lines = [f"  {'warehouse':<12}{'on hand':>9}{'inbound':>9}{'backord.':>9}{'leaving':>9}{'position':>9}  reason"]
    for row in rows:
        figures = (row[name] for name in ("on_hand", "inbound", "backordered", "outgoing", "position"))
        numbers = "".join(f"{'' if value is None else value:>9}" for value in figures)
        lines += [f"  {row['warehouse_id']:<12}{numbers}  {row['reason']}", *_published(row)]
    return lines


def _sum(label: str, value: int, note: str = "") -> str:
    return f"  {label:<28}{value:>8}   {note}".rstrip()


def _said(label: str, text: str) -> str:
    return f"  {label:<14}{text}"


def _number(value: float | None) -> str:
    """Return a number as a person writes it: whole from a hundred on, else three figures."""
    if value is None:
        return "unknown"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
