"""Where parts lie, and what each warehouse covers."""

from typing import Any

import pandas as pd

from vmi.reports import palette, words
from vmi.reports.charts.bars import Column, stacked_columns
from vmi.reports.charts.map import coverage_map
from vmi.reports.view import ReportView


def places(view: ReportView) -> dict[str, Any]:
    """Return title, the histogram of warehouses per part by demand class, and its legend with a figure per class."""
    stocked = view.targets.loc[view.targets["stocked"].eq("Y")]
    parts = stocked.groupby("part_id").agg(warehouses=("warehouse_id", "nunique"), units=("target_qty", "sum"))
    parts = parts.assign(demand_class=_part_class(view.targets))
    colours = palette.class_colours(sorted(parts["demand_class"].unique()))
    return {
        "title": _places_title(parts, len(view.warehouses)),
        "chart": _histogram(parts, colours, len(view.warehouses)),
        "classes": [_class_row(name, colour, parts) for name, colour in colours.items()],
        "nowhere": words.whole(view.targets["part_id"].nunique() - len(parts)),
    }


def _part_class(targets: pd.DataFrame) -> pd.Series:
    """Return one class per part: that of the most of its warehouses, the first by name if two are as many."""
    counts = targets.groupby(["part_id", "demand_class"]).size().rename("n").reset_index()
    counts = counts.sort_values(["part_id", "n", "demand_class"], ascending=[True, False, True])
    return counts.drop_duplicates("part_id").set_index("part_id")["demand_class"]


def _places_title(parts: pd.DataFrame, sites: int) -> str:
    if parts.empty:
        return "No part is stocked"
    few = float(parts["warehouses"].le(2).mean())
    everywhere = float(parts["warehouses"].eq(sites).mean())
    return (
        f"{words.percent(few)} of {words.counted(len(parts), 'stocked part')} lie in one or two of the "
        f"{sites} warehouses, {words.percent(everywhere)} in all of them"
    )


def _histogram(parts: pd.DataFrame, colours: dict[str, str], sites: int) -> Any:
    counts = parts.groupby(["warehouses", "demand_class"]).size()
    columns = []
    for n in range(1, sites + 1):
        sizes = tuple((name, float(counts.get((n, name), 0))) for name in colours)
        total = sum(size for _, size in sizes)
        columns.append(Column(str(n), sizes, words.whole(total) if total else ""))
    label = "Parts by the number of warehouses that stock them"
    return stacked_columns(columns, colours, label, "warehouses that stock the part")


def _class_row(name: str, colour: str, parts: pd.DataFrame) -> dict[str, str]:
    own = parts.loc[parts["demand_class"].eq(name)]
    return {
        "name": name or "unknown",
        "colour": colour,
        "parts": words.whole(len(own)),
        "mean": f"{own['warehouses'].mean():.1f}",
        "units": words.whole(own["units"].sum()),
    }


def reach(view: ReportView) -> dict[str, Any]:
    """Return title, the map of first cover, and a row per warehouse with what it reaches same-day and in time."""
    cities = view.centres.groupby("city", as_index=False).agg(
        centres=("centre_id", "size"), latitude=("latitude", "mean"), longitude=("longitude", "mean")
    )
    first = view.cover.loc[view.cover["service"].eq("standard")].drop_duplicates("city").set_index("city")
    cities["warehouse_id"] = cities["city"].map(first["warehouse_id"]).fillna("")
    lanes = view.lanes.loc[view.lanes["city"].isin(cities["city"])]
    same_day = lanes.loc[lanes["service"].eq("same_day")]
    in_time = lanes.loc[
        lanes["service"].eq("standard") & (lanes["transit_hours"] + view.handling_hours).le(view.promise_hours)
    ]
    sites = view.warehouses.sort_values("warehouse_id")
    colours = palette.site_colours(list(sites["warehouse_id"]))
    covered = {str(site): list(names) for site, names in cities.groupby("warehouse_id")["city"]}
    rows = [
        {
            "warehouse_id": site,
            "city": city,
            "colour": colours[site],
            "same_day": words.whole(same_day.loc[same_day["warehouse_id"].eq(site), "city"].nunique()),
            "in_time": words.whole(in_time.loc[in_time["warehouse_id"].eq(site), "city"].nunique()),
            "centres": words.whole(cities.loc[cities["warehouse_id"].eq(site), "centres"].sum()),
            "first": _list(covered.get(site, [])),
        }
        for site, city in zip(sites["warehouse_id"], sites["city"], strict=True)
    ]
    return {
        "title": _reach_title(cities, set(in_time["city"]), set(same_day["city"])),
        "map": coverage_map(cities, sites, colours, "Cities in the colour of the warehouse that covers them first"),
        "rows": rows,
        "promise_hours": view.promise_hours,
        "cities": len(cities),
        "out_of_reach": _list(covered.get("", []), 20),
    }


def _list(names: list[str], shown: int = 6) -> str:
    ordered = sorted(names)
    more = f" and {len(ordered) - shown} more" if len(ordered) > shown else ""
    return ", ".join(ordered[:shown]) + more


def _reach_title(cities: pd.DataFrame, in_time: set[str], same_day: set[str]) -> str:
    all_cities, centres = len(cities), cities["centres"].sum()
    urgent = cities.loc[cities["city"].isin(same_day), "centres"].sum()
    share = words.percent(urgent / centres if centres else None)
    missing = all_cities - len(in_time)
    lead = f"All {all_cities} cities are" if not missing else f"{len(in_time)} of {all_cities} cities are"
    return f"{lead} reached within the promise; same-day reaches {share} of the centres"
