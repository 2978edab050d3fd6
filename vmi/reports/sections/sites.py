"""Fill and stock by warehouse, against capacity."""

from typing import Any

import pandas as pd

from vmi.reports import words
from vmi.reports.charts.bars import capacity_bar
from vmi.reports.view import SPACE_PRICES, SPACE_USE, ReportView


def sites(view: ReportView) -> dict[str, Any]:
    """Return title and a row per warehouse: volume and hazmat bars, stock, fill, and what a further m3 is worth."""
    table = view.warehouses.sort_values("warehouse_id").merge(_stock(view), on="warehouse_id", how="left")
    for space in ("volume", "hazmat"):
        table = table.merge(_space(view, space), on="warehouse_id", how="left")
    table = table.merge(_service(view), on="warehouse_id", how="left")
    prices = SPACE_PRICES.check(view.space_prices)
    price = prices.groupby("warehouse_id")["price_per_m3"].max()
    table["price"] = table["warehouse_id"].map(price).astype(float)
    numbers = ["lying_volume", "coming_volume", "lying_hazmat", "coming_hazmat", "units", "value"]
    table[numbers] = table[numbers].astype(float).fillna(0.0)
    return {"title": _title(table), "rows": [_row(row) for row in table.to_dict("records")], "kpi_days": view.kpi_days}


def _stock(view: ReportView) -> pd.DataFrame:
    """Return units and value [CNY] on hand by warehouse."""
    sums = view.available_stock().groupby("warehouse_id")[["qty", "value"]].sum().rename(columns={"qty": "units"})
    return sums.rename_axis("warehouse_id").reset_index().astype({"warehouse_id": object})


def _space(view: ReportView, space: str) -> pd.DataFrame:
    """Return what lies in a space after tonight and what is coming [m3] by warehouse, columns named after the space."""
    use = SPACE_USE.check(view.space_use)
    named = {"lying_m3": f"lying_{space}", "coming_m3": f"coming_{space}"}
    chosen = use.loc[use["space"].eq(space), ["warehouse_id", *named]].rename(columns=named)
    return chosen.astype({"warehouse_id": object})


def _service(view: ReportView) -> pd.DataFrame:
    start = view.as_of - pd.Timedelta(days=view.kpi_days - 1)
    lines = view.lines
    due = lines.loc[lines["fill_48h_day"].ge(start)]
    ordered = lines.loc[lines["ordered_on"].ge(start)]
    return (
        pd.DataFrame(
            {
                "fill": due.groupby("covering_warehouse")["fill_48h"].mean(),
                "same_day": ordered.groupby("covering_warehouse")["same_day"].mean(),
                "stocked": ordered.groupby("covering_warehouse")["stocked"].mean(),
            }
        )
        .rename_axis("warehouse_id")
        .reset_index()
        .astype({"warehouse_id": object})
    )


def _row(row: dict[Any, Any]) -> dict[str, Any]:
    site, capacity, hazmat = row["warehouse_id"], float(row["capacity_m3"]), float(row["hazmat_capacity_m3"] or 0)
    lying, coming = float(row["lying_volume"]), float(row["coming_volume"])
    full = (lying + coming) / capacity if capacity > 0 else float("nan")
    return {
        "warehouse_id": site,
        "name": row["name"],
        "city": row["city"],
        "bar": capacity_bar(lying, coming, capacity, f"{site}: {full:.0%} of its volume"),
        "full": words.percent(full),
        "volume": f"{words.cubic(lying)} + {words.cubic(coming)} of {words.cubic(capacity)}",
        "hazmat": _hazmat(row, hazmat),
        "units": words.whole(row["units"]),
        "value": words.short_cny(row["value"]),
        "fill": words.percent(row["fill"], 1),
        "same_day": words.percent(row["same_day"], 1),
        "stocked": words.percent(row["stocked"], 1),
        "price": words.cny(row["price"]) if row["price"] > 0 else words.NOT_KNOWN,
    }


def _hazmat(row: dict[Any, Any], capacity: float) -> str:
    if capacity <= 0:
        return "none"
    used = row["lying_hazmat"] + row["coming_hazmat"]
    return f"{words.cubic(used)} of {words.cubic(capacity)} m³"


def _title(table: pd.DataFrame) -> str:
    space = table.loc[table["capacity_m3"].gt(0)]
    if space.empty:
        return "No warehouse has a known capacity"
    used = space["lying_volume"] + space["coming_volume"]
    share = used / space["capacity_m3"]
    fullest = share.idxmax()
    room = f"{words.cubic(float(used[fullest]))} of {words.cubic(float(space['capacity_m3'][fullest]))} m³"
    return (
        f"{space['warehouse_id'][fullest]} is the fullest, at {words.percent(float(share.max()))} ({room}); "
        f"all together at {words.percent(float(used.sum() / space['capacity_m3'].sum()))}"
    )
