"""Fill and stock by warehouse, against capacity."""

from typing import Any

import pandas as pd

from vmi.reports import words
from vmi.reports.charts.bars import capacity_bar
from vmi.reports.view import SPACE_PRICES, ReportView


def sites(view: ReportView) -> dict[str, Any]:
    """Return title and a row per warehouse: volume and hazmat bars, stock, fill, and what a further m3 is worth."""
    spaces = _spaces(view)
    table = view.warehouses.sort_values("warehouse_id").merge(spaces, on="warehouse_id", how="left")
    table = table.merge(_service(view), on="warehouse_id", how="left")
    prices = SPACE_PRICES.check(view.space_prices)
    price = prices.groupby("warehouse_id")["price_per_m3"].max()
    table["price"] = table["warehouse_id"].map(price).astype(float)
    numbers = ["lying", "coming", "lying_hazmat", "coming_hazmat", "units", "value"]
    table[numbers] = table[numbers].astype(float).fillna(0.0)
    return {"title": _title(table), "rows": [_row(row) for row in table.to_dict("records")], "kpi_days": view.kpi_days}


def _spaces(view: ReportView) -> pd.DataFrame:
    """Return volume lying and coming [m3] by warehouse, hazmat apart, with units and value on hand."""
    lots = view.available_stock()
    coming = pd.concat(
        [view.inbound[["part_id", "warehouse_id", "qty"]], view.firm_orders()[["part_id", "warehouse_id", "qty"]]]
    )
    coming = coming.assign(
        m3=coming["qty"].astype(float) * view.part_facts(coming["part_id"], "volume_l").fillna(0) / 1000,
        hazmat=view.part_facts(coming["part_id"], "hazmat"),
    )
    by_site = lots.groupby("warehouse_id")
    coming_by_site = coming.groupby("warehouse_id")["m3"]
    return (
        pd.DataFrame(
            {
                "lying": by_site["volume_m3"].sum(),
                "units": by_site["qty"].sum(),
                "value": by_site["value"].sum(),
                "lying_hazmat": lots.loc[lots["hazmat"].eq("Y")].groupby("warehouse_id")["volume_m3"].sum(),
                "coming": coming_by_site.sum(),
                "coming_hazmat": coming.loc[coming["hazmat"].eq("Y")].groupby("warehouse_id")["m3"].sum(),
            }
        )
        .rename_axis("warehouse_id")
        .reset_index()
        .astype({"warehouse_id": object})
    )


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
    full = (row["lying"] + row["coming"]) / capacity if capacity > 0 else float("nan")
    return {
        "warehouse_id": site,
        "name": row["name"],
        "city": row["city"],
        "bar": capacity_bar(row["lying"], row["coming"], capacity, f"{site}: {full:.0%} of its volume"),
        "full": words.percent(full),
        "volume": f"{words.whole(row['lying'])} + {words.whole(row['coming'])} of {words.whole(capacity)}",
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
    return f"{words.percent((row['lying_hazmat'] + row['coming_hazmat']) / capacity)} of {words.whole(capacity)} m³"


def _title(table: pd.DataFrame) -> str:
    space = table.loc[table["capacity_m3"].gt(0)]
    if space.empty:
        return "No warehouse has a known capacity"
    used = (space["lying"] + space["coming"]) / space["capacity_m3"]
    fullest = space.loc[used.idxmax(), "warehouse_id"]
    whole = (space["lying"] + space["coming"]).sum() / space["capacity_m3"].sum()
    return (
        f"{fullest} is the fullest, at {words.percent(float(used.max()))} of its volume; "
        f"all together at {words.percent(float(whole))}"
    )
