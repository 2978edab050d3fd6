"""What disturbs the plan and what planners decided: closures, limits, weather, vehicles, overrides."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from vmi.sample.catalogue import Catalogue
from vmi.sample.families import MODELS
from vmi.sample.geography import Network
from vmi.sample.parameters import SampleParameters
from vmi.sample.seasons import FLEET_GROWTH_PER_YEAR, LUNAR_NEW_YEARS, carrier_stops

VEHICLES_PER_FLEET_POINT = 400
VEHICLE_MONTHS = 13
WEATHER_LATITUDE = 40.0
OVERRIDES_PER_KIND = 3


def make_closures(
    parameters: SampleParameters, catalogue: Catalogue, network: Network, rng: np.random.Generator
) -> pd.DataFrame:
    """Return closures: carriers, suppliers around each Spring Festival, a stocktaking and one supplier in December."""
    as_of = parameters.as_of
    rows: list[tuple[str, str, date, date, str]] = [("carrier", "", *stop) for stop in carrier_stops(parameters)]
    first, last = as_of - timedelta(days=parameters.days), as_of + timedelta(days=183)
    suppliers = catalogue.suppliers["supplier_id"].to_numpy()
    for new_year in (d for d in LUNAR_NEW_YEARS if first < d < last):
        starts, ends = rng.integers(6, 12, len(suppliers)), rng.integers(10, 17, len(suppliers))
        rows += [
            ("supplier", s, new_year - timedelta(days=int(a)), new_year + timedelta(days=int(b)), "春节停产放假")
            for s, a, b in zip(suppliers, starts, ends, strict=True)
        ]
    stocktaking = as_of + timedelta(days=5 + (as_of.weekday() in (0, 1)) * 2)
    rows.append(("warehouse", str(network.warehouses["warehouse_id"].iat[-1]), stocktaking, stocktaking, "年度盘点"))
    year = as_of.year if as_of < date(as_of.year, 12, 1) else as_of.year + 1
    one = str(suppliers[rng.integers(len(suppliers))])
    rows.append(("supplier", one, date(year, 12, 14), date(year, 12, 18), "产线设备检修"))
    closures = pd.DataFrame(rows, columns=["scope", "id", "from", "to", "reason"])
    return closures.sort_values(["from", "scope", "id"], ignore_index=True)


def make_availability(
    parameters: SampleParameters, catalogue: Catalogue, recent: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """Limit a tenth of the living parts, some of them to nothing."""
    living = np.flatnonzero(catalogue.parts["successor_id"] == "")
    limited = np.sort(rng.permutation(living)[: max(2, len(living) // 10)])
    qty = np.ceil(recent[limited] * 60 * rng.random(len(limited)) + rng.integers(0, 4, len(limited)))
    qty = np.where(rng.random(len(limited)) < 0.15, 0, qty)
    qty[0] = 0
    days = np.where(rng.random(len(limited)) < 0.8, 1, rng.integers(4, 25, len(limited)))
    on = pd.Timestamp(parameters.as_of) + pd.to_timedelta(days, unit="D")
    part_id = catalogue.parts["part_id"].to_numpy()[limited]
    return pd.DataFrame({"part_id": part_id, "available_qty": qty.astype(int), "available_on": on.strftime("%Y-%m-%d")})


def make_weather(parameters: SampleParameters, network: Network) -> pd.DataFrame:
    """Return the warnings in force tonight: snow in the northern cities in winter, rain in the southern in summer."""
    winter = parameters.as_of.month in (11, 12, 1, 2, 3)
    by_latitude = network.cities.sort_values(["latitude", "city"], ascending=not winter)
    far = by_latitude[by_latitude["latitude"] > WEATHER_LATITUDE] if winter else by_latitude
    cities = (far if len(far) else by_latitude)["city"].head(5).tolist()
    graded = [("orange", 24, 1.4), ("yellow", 14, 1.25), ("yellow", 12, 1.2), ("blue", 6, 1.1), ("blue", 4, 1.05)]
    rows = [
        (city, parameters.as_of - timedelta(days=1), parameters.as_of + timedelta(days=2 + i % 3), *grade)
        for i, (city, grade) in enumerate(zip(cities, graded, strict=False))
    ]
    return pd.DataFrame(rows, columns=["city", "from", "to", "severity", "transit_delay_hours", "demand_factor"])


def make_vehicles(parameters: SampleParameters, network: Network, rng: np.random.Generator) -> pd.DataFrame:
    """Return vehicles in operation at the ends of the last thirteen whole months, by model and city."""
    months = pd.period_range(end=pd.Period(parameters.as_of, "M") - 1, periods=VEHICLE_MONTHS, freq="M")
    ago = np.array([(parameters.as_of - m.end_time.date()).days for m in months])
    launched = np.array([m.launched_days_ago for m in MODELS])
    since = np.maximum(launched[:, None] - ago[None, :], 0)
    ramp = (1 - np.exp(-since / 250)) / (1 - np.exp(-launched / 250))[:, None]
    growth = np.exp(-FLEET_GROWTH_PER_YEAR * ago / 365.25)
    share = np.array([m.share for m in MODELS])[:, None] * ramp * growth
    taste = rng.lognormal(0, 0.2, (len(MODELS), len(network.cities)))
    fleet = network.cities["fleet"].to_numpy() * VEHICLES_PER_FLEET_POINT
    count = np.round(share[:, None, :] * (taste * fleet[None, :])[:, :, None]).astype(int)
    model, city, month = np.nonzero(count)
    return pd.DataFrame(
        {
            "model": np.array([m.name for m in MODELS])[model],
            "city": network.cities["city"].to_numpy()[city],
            "month": months.strftime("%Y-%m").to_numpy()[month],
            "vehicles": count[model, city, month],
        }
    )


def make_overrides(
    parameters: SampleParameters, catalogue: Catalogue, stock: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Return a handful of decisions of each kind, one of them expired."""
    as_of = parameters.as_of
    oldest = stock.sort_values(["received_on", "lot_id"]).drop_duplicates(["warehouse_id", "part_id"])
    held = oldest.iloc[rng.permutation(len(oldest))]
    living = set(catalogue.parts.loc[catalogue.parts["successor_id"] == "", "part_id"])
    held = held[held["part_id"].isin(living)].drop_duplicates("part_id")
    packs = catalogue.parts.set_index("part_id")["min_order_qty"]
    reasons = {
        "min": "召回活动备件，区域要求最低库存",
        "max": "库位改造期间限制库存",
        "order": "服务活动提前备货",
        "do_not_stock": "该区域车型保有量过低，改由邻仓覆盖",
        "no_return": "事故车批量维修预留，暂不退回",
    }
    rows = []
    for i, (kind, reason) in enumerate(reasons.items()):
        source = oldest if kind == "no_return" else held.iloc[i * OVERRIDES_PER_KIND :]
        for j, pair in enumerate(source.head(OVERRIDES_PER_KIND).itertuples(index=False)):
            step = int(packs[pair.part_id])
            value = {"min": 2, "max": 6, "order": 2 * step}.get(kind, "")
            until = as_of + timedelta(days=-3 if kind == "max" and j == 0 else 20 + 15 * j)
            rows.append((pair.part_id, pair.warehouse_id, kind, value, until, ("陈静", "李伟", "王芳")[j % 3], reason))
    columns = ["part_id", "warehouse_id", "kind", "value", "until", "by", "reason"]
    return pd.DataFrame(rows, columns=columns).sort_values(columns[:3], ignore_index=True)
