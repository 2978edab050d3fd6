"""Tonight in numbers: what is ordered, returned, moved and delivered, and how good the optimisation was."""

from typing import Any

import pandas as pd

from vmi.reports import words
from vmi.reports.view import OPTIMISATIONS, ReportView

SUPPLIERS_SHOWN = 10
SOURCES = {
    "warehouse": "from a warehouse",
    "inbound": "from a shipment on its way",
    "supplier": "from the supplier",
    "none": "without a source yet",
}


def tonight(view: ReportView) -> dict[str, Any]:
    """Return title, the four cards, deliveries by source, orders by supplier and the optimisations."""
    firm = view.firm_orders()
    suppliers = firm["supplier_id"].nunique()
    return {
        "title": f"{words.short_cny(firm['value'].sum())} ordered from {words.counted(suppliers, 'supplier')}, "
        f"{_delivery_sentence(view.deliveries)}",
        "cards": [_orders(view, firm), _returns(view), _transfers(view), _deliveries(view)],
        "sources": _sources(view.deliveries),
        "suppliers": _suppliers(view, firm),
        "suppliers_more": max(suppliers - SUPPLIERS_SHOWN, 0),
        "optimisations": _optimisations(view.optimisations),
        "has_status": bool(view.optimisations["status"].fillna("").ne("").any()),
    }


def _delivery_sentence(deliveries: pd.DataFrame) -> str:
    lines = deliveries.drop_duplicates(["order_id", "line_no"])
    if lines.empty:
        return "no order is open"
    on_time = deliveries.groupby(["order_id", "line_no"])["on_time"].min().eq("Y").mean()
    return f"{words.percent(on_time)} of {words.counted(len(lines), 'open line')} on time"


def _orders(view: ReportView, firm: pd.DataFrame) -> dict[str, str]:
    likely = int(view.replenishment["commitment"].eq("forecast").sum())
    return {
        "name": "Orders",
        "value": words.short_cny(firm["value"].sum()),
        "detail": f"{words.counted(len(firm), 'firm line')}, {words.counted(firm['qty'].sum(), 'unit')}",
        "more": f"{words.counted(likely, 'forecast line')} for the next 13 weeks",
    }


def _returns(view: ReportView) -> dict[str, str]:
    lots = view.returns
    tested = int(lots["relocation_tested"].eq("Y").sum())
    return {
        "name": "Returns",
        "value": words.short_cny(float((lots["qty"] * lots["unit_cost"]).sum())),
        "detail": f"{words.counted(len(lots), 'lot')}, {words.counted(lots['qty'].sum(), 'unit')}",
        "more": f"another warehouse was tried for {tested} of them" if len(lots) else "no lot has reached its window",
    }


def _transfers(view: ReportView) -> dict[str, str]:
    moves = view.transfers
    gain = float((moves["benefit"] - moves["cost"]).sum())
    return {
        "name": "Transfers",
        "value": words.counted(moves["qty"].sum(), "unit"),
        "detail": f"{words.counted(len(moves), 'line')}, freight {words.short_cny(moves['cost'].sum())}",
        "more": f"worth {words.short_cny(gain)} after freight" if len(moves) else "nothing is worth its freight",
    }


def _deliveries(view: ReportView) -> dict[str, str]:
    served = view.deliveries.loc[view.deliveries["source"].ne("none")]
    shipments = served.loc[served["shipment_id"].fillna("").ne(""), "shipment_id"].nunique()
    cost = float(served["cost"].fillna(0).sum())
    return {
        "name": "Deliveries",
        "value": words.counted(len(served), "line"),
        "detail": f"{words.counted(shipments, 'shipment')}, freight {words.short_cny(cost)}",
        "more": f"same-day surcharge {words.short_cny(served['surcharge'].fillna(0).sum())}",
    }


def _sources(deliveries: pd.DataFrame) -> list[dict[str, str]]:
    found = []
    for source, phrase in SOURCES.items():
        lines = deliveries.loc[deliveries["source"].eq(source)]
        if len(lines):
            found.append(
                {
                    "source": phrase,
                    "lines": words.whole(len(lines)),
                    "units": words.whole(lines["qty"].sum()),
                    "on_time": words.percent(float(lines["on_time"].eq("Y").mean())),
                }
            )
    return found


def _suppliers(view: ReportView, firm: pd.DataFrame) -> list[dict[str, str]]:
    names = view.suppliers.set_index("supplier_id")["name"]
    totals = (
        firm.groupby("supplier_id")
        .agg(lines=("part_id", "size"), units=("qty", "sum"), value=("value", "sum"), ship_on=("ship_on", "min"))
        .reset_index()
        .sort_values(["value", "supplier_id"], ascending=[False, True])
    )
    return [
        {
            "supplier_id": row["supplier_id"],
            "name": str(names.get(row["supplier_id"], "")),
            "lines": words.whole(row["lines"]),
            "units": words.whole(row["units"]),
            "value": words.cny(row["value"]),
            "ship_on": words.day(row["ship_on"]),
        }
        for row in totals.head(SUPPLIERS_SHOWN).to_dict("records")
    ]


def _optimisations(solved: pd.DataFrame) -> list[dict[str, str]]:
    def amount(value: float, unit: str) -> str:
        return words.cny(value) if unit == "CNY" else words.whole(value)

    return [
        {
            "name": row["name"],
            "objective": amount(row["objective"], row["unit"]),
            "bound": amount(row["bound"], row["unit"]),
            "gap": words.percent(row["gap"], 3),
            "status": row["status"],
        }
        for row in OPTIMISATIONS.check(solved).to_dict("records")
    ]
