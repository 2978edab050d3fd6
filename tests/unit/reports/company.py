"""A made-up company for the report's tests: seeded, realistic in shape, with Chinese part and city names."""

import numpy as np
import pandas as pd

from vmi.kpi.history import KpiHistory
from vmi.kpi.lines import mark_lines
from vmi.kpi.measure import measure
from vmi.kpi.parameters import KpiParameters
from vmi.reports.view import METHOD_SCORES, ReportView
from vmi.worklist.exceptions import Exceptions
from vmi.worklist.parameters import WorklistParameters
from vmi.worklist.rank import rank

ZONE = "Asia/Shanghai"
AS_OF = pd.Timestamp("2026-11-20")
CITIES = [
    *[("Shanghai 上海", 31.2, 121.5), ("Beijing 北京", 39.9, 116.4), ("Guangzhou 广州", 23.1, 113.3)],
    *[("Chengdu 成都", 30.6, 104.1), ("Wuhan 武汉", 30.6, 114.3), ("Xi'an 西安", 34.3, 108.9)],
    *[("Shenyang 沈阳", 41.8, 123.4), ("Shenzhen 深圳", 22.5, 114.1), ("Hangzhou 杭州", 30.3, 120.2)],
    *[("Nanjing 南京", 32.1, 118.8), ("Tianjin 天津", 39.1, 117.2), ("Chongqing 重庆", 29.6, 106.5)],
    *[("Changsha 长沙", 28.2, 112.9), ("Zhengzhou 郑州", 34.7, 113.6), ("Jinan 济南", 36.7, 117.0)],
    *[("Harbin 哈尔滨", 45.8, 126.5), ("Kunming 昆明", 25.0, 102.7), ("Xiamen 厦门", 24.5, 118.1)],
    *[("Hefei 合肥", 31.8, 117.2), ("Ningbo 宁波", 29.9, 121.5), ("Dalian 大连", 38.9, 121.6)],
    *[("Lanzhou 兰州", 36.1, 103.8), ("Ürümqi 乌鲁木齐", 43.8, 87.6), ("Suzhou 苏州", 31.3, 120.6)],
]
NAMES = [
    "Brake pad 刹车片",
    "Cabin filter 空调滤芯",
    "Headlamp 前大灯",
    "Shock absorber 减震器",
    "Traction battery 动力电池",
]
CLASSES = ["smooth", "erratic", "intermittent", "lumpy"]
SITES = 7


def company(parts: int = 120, seed: int = 4) -> ReportView:
    """Return the view of a night of this company."""
    rng = np.random.default_rng(seed)
    masters = _masters(rng, parts)
    pairs = _pairs(rng, masters["parts"])
    lines = _order_lines(rng, masters, pairs)
    stock = _stock(rng, masters["parts"], pairs)
    plan = _plan(rng, masters, pairs, lines, stock)
    plan["space_use"] = _space_use(masters, stock, plan)
    history = KpiHistory(
        as_of=AS_OF,
        timezone=ZONE,
        order_lines=lines,
        centres=masters["centres"],
        cover=masters["cover"],
        parts=masters["parts"],
        stock_value_today=float((stock["qty"] * stock["part_id"].map(_costs(masters["parts"]))).sum()),
        on_hand=_on_hand(rng, masters["parts"]),
        flows=_flows(),
        deliveries=plan["deliveries"],
        past_forecasts=pairs.assign(mean=pairs["rate"] * 4, p90=pairs["rate"] * 6)[
            ["part_id", "warehouse_id", "mean", "p90"]
        ],
        actuals=pairs.assign(qty=rng.poisson(pairs["rate"] * 4))[["part_id", "warehouse_id", "qty"]],
    )
    return ReportView(
        plan_id="P-2026-11-20-7f3a91c2",
        as_of=AS_OF,
        timezone=ZONE,
        engine_version="0.1.0",
        measures=measure(history, KpiParameters()),
        worklist=_worklist(rng, masters["parts"]),
        stock=stock,
        lines=mark_lines(history),
        **masters,
        **plan,
        **_health(),
    )


def _costs(parts: pd.DataFrame) -> pd.Series:
    return parts.set_index("part_id")["unit_cost"]


def _masters(rng: np.random.Generator, parts: int) -> dict[str, pd.DataFrame]:
    cities = pd.DataFrame(CITIES, columns=["city", "latitude", "longitude"])
    sites = cities.head(SITES).assign(
        warehouse_id=[f"FW{n + 1:02}" for n in range(SITES)], capacity_m3=[24.0, 23, 15.5, 22, 24, 18, 14]
    )
    sites = sites.assign(name=sites["city"] + " 前置仓", hazmat_capacity_m3=[8.0, 6, 6, 0, 6, 0, 4])
    owner = rng.integers(1, 4, len(cities))
    centres = cities.loc[cities.index.repeat(owner)].reset_index(drop=True)
    centres = centres.assign(centre_id=[f"C{n:03}" for n in range(len(centres))], kind="direct", name=centres["city"])
    gap = cities.merge(sites, how="cross", suffixes=("", "_site"))
    gap = gap.assign(
        far=np.hypot(gap["latitude"] - gap["latitude_site"], 0.8 * (gap["longitude"] - gap["longitude_site"]))
    )
    gap = gap.assign(transit_hours=6 + 3.2 * gap["far"], cost_per_shipment=30 + 4 * gap["far"], cost_per_kg=1.2)
    standard = gap.loc[gap["far"].lt(15)].assign(service="standard", cut_off="17:00")
    same_day = gap.loc[gap["far"].lt(2.5)].assign(service="same_day", cut_off="11:00")
    lanes = pd.concat([standard, same_day], ignore_index=True)
    within = standard.loc[standard["transit_hours"].le(36)].sort_values(["city", "far"])
    ids = [f"SP-{n:04}" for n in range(parts)]
    kinds = rng.integers(0, len(NAMES), parts)
    return {
        "warehouses": sites,
        "centres": centres,
        "lanes": lanes,
        "cover": within.drop_duplicates("city"),
        "suppliers": pd.DataFrame(
            {
                "supplier_id": [f"S{n:02}" for n in range(1, 7)],
                "name": ["宁德电池", "Bosch 博世", "Valeo 法雷奥", "万向", "福耀玻璃", "Hella 海拉"],
                "return_window_days": 90,
            }
        ),
        "parts": pd.DataFrame(
            {
                "part_id": ids,
                "name": [f"{NAMES[k]} {n}" for n, k in enumerate(kinds)],
                "family": kinds,
                "supplier_id": [f"S{n:02}" for n in rng.integers(1, 7, parts)],
                "unit_cost": np.round(np.exp(rng.normal(5.0, 1.1, parts)), 2),
                "volume_l": np.round(rng.gamma(2.0, 12.0, parts), 1),
                "hazmat": np.where(kinds == 4, "Y", "N"),
            }
        ),
    }


def _pairs(rng: np.random.Generator, parts: pd.DataFrame) -> pd.DataFrame:
    sites = pd.DataFrame({"warehouse_id": [f"FW{n + 1:02}" for n in range(SITES)]})
    pairs = parts[["part_id"]].assign(pace=rng.gamma(0.5, 4.0, len(parts))).merge(sites, how="cross")
    return pairs.assign(rate=pairs["pace"] * rng.gamma(0.7, 1.2, len(pairs)))


def _order_lines(rng: np.random.Generator, masters: dict[str, pd.DataFrame], pairs: pd.DataFrame) -> pd.DataFrame:
    n = 4_000
    weight = pairs.groupby("part_id")["rate"].sum()
    ordered = (AS_OF - pd.Timedelta(days=45) + pd.to_timedelta(rng.uniform(0, 45.9, n), unit="D")).floor("s")
    ordered = ordered.tz_localize(ZONE)
    service = np.where(rng.random(n) < 0.12, "same_day", "standard")
    centre = rng.choice(masters["centres"]["centre_id"], n)
    site = (
        pd.Series(centre)
        .map(masters["centres"].set_index("centre_id")["city"])
        .map(masters["cover"].set_index("city")["warehouse_id"])
        .fillna("FW01")
    )
    hours = np.where(service == "same_day", rng.gamma(2, 3, n), rng.gamma(4, 7.5, n))
    delivered = pd.Series(ordered + pd.to_timedelta(np.round(hours * 3600), unit="s"))
    done = delivered.lt((AS_OF + pd.Timedelta(days=1)).tz_localize(ZONE)).to_numpy() & (rng.random(n) < 0.985)
    midnight = pd.Series(ordered.normalize() + pd.Timedelta(hours=23, minutes=59))
    promise = midnight.where(service == "same_day", pd.Series(ordered + pd.Timedelta(hours=48)))
    return pd.DataFrame(
        {
            "order_id": [f"O{k:05}" for k in range(n)],
            "line_no": 1,
            "ordered_at": ordered,
            "centre_id": centre,
            "part_id": rng.choice(weight.index, n, p=weight / weight.sum()),
            "qty": 1 + rng.poisson(0.6, n),
            "service": service,
            "status": np.where(done, "delivered", "open"),
            "warehouse_id": np.where(done, site, ""),
            "shipped_at": delivered.where(done) - pd.Timedelta(hours=2),
            "delivered_at": delivered.where(done),
            "first_promise": promise.where(rng.random(n) < 0.7),
            "promise_by": promise,
        }
    )


def _on_hand(rng: np.random.Generator, parts: pd.DataFrame) -> pd.DataFrame:
    days = pd.DataFrame({"day": pd.date_range(AS_OF - pd.Timedelta(days=10), AS_OF)})
    sites = pd.DataFrame({"warehouse_id": [f"FW{n + 1:02}" for n in range(SITES)]})
    held = days.merge(sites, how="cross").merge(parts[["part_id"]], how="cross")
    return held.assign(qty=np.where(rng.random(len(held)) < 0.945, 5, 0))


def _stock(rng: np.random.Generator, parts: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    lots = pairs.loc[pairs["rate"].gt(0.4)].sample(frac=1.6, replace=True, random_state=3)
    age = np.minimum(rng.gamma(1.5, 21.0, len(lots)).astype(int), 89)
    return pd.DataFrame(
        {
            "warehouse_id": lots["warehouse_id"].to_numpy(),
            "part_id": lots["part_id"].to_numpy(),
            "lot_id": [f"L{n:05}" for n in range(len(lots))],
            "received_on": AS_OF - pd.to_timedelta(age, unit="D"),
            "qty": 1 + rng.poisson(lots["rate"] * 1.7),
            "status": "available",
        }
    )


def _plan(
    rng: np.random.Generator,
    masters: dict[str, pd.DataFrame],
    pairs: pd.DataFrame,
    lines: pd.DataFrame,
    stock: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    facts = pairs.merge(masters["parts"], on="part_id")
    firm = facts.sample(90, random_state=1).assign(commitment="firm", ship_on=AS_OF + pd.Timedelta(days=2))
    likely = facts.sample(300, random_state=2).assign(commitment="forecast", ship_on=AS_OF + pd.Timedelta(days=9))
    orders = pd.concat([firm, likely], ignore_index=True)
    old = stock.head(9).merge(masters["parts"], on="part_id")
    still = lines.loc[lines["status"].eq("open")].reset_index(drop=True)
    source = rng.choice(["warehouse", "inbound", "supplier", "none"], len(still), p=[0.78, 0.12, 0.05, 0.05])
    quick = pairs["rate"].gt(2.0)
    frequent = rng.random(len(pairs))
    kind = np.select([quick & (frequent < 0.7), quick, frequent < 0.75], CLASSES[:3], CLASSES[3])
    kind = pd.Series(kind, pairs.index).groupby(pairs["part_id"]).transform("first")
    weeks = pd.DataFrame({"week": pd.date_range("2026-11-23", periods=13, freq="7D")})
    future = pairs.merge(weeks, how="cross")
    season = np.where(future["week"].between("2027-01-25", "2027-02-14"), 0.35, 1.0)
    mean = np.round(future["rate"] * season, 6)
    past = pairs.merge(pd.DataFrame({"week": pd.date_range(end="2026-11-16", periods=52, freq="7D")}), how="cross")
    past = past.assign(qty=rng.poisson(past["rate"]), censored=np.where(rng.random(len(past)) < 0.03, "Y", "N"))
    moves = stock.iloc[20:26]
    return {
        "replenishment": orders.assign(qty=2 + rng.poisson(orders["rate"] * 3), return_risk=0.1),
        "returns": old.assign(relocation_tested=["Y"] * 7 + ["N"] * 2),
        "transfers": pd.DataFrame({"part_id": moves["part_id"], "qty": moves["qty"], "cost": 42.0, "benefit": 180.0}),
        "deliveries": still.assign(
            source=source,
            on_time=np.where((source == "warehouse") | (rng.random(len(still)) < 0.3), "Y", "N"),
            shipment_id=[f"SH{n // 3}" for n in range(len(still))],
            cost=31.5,
            surcharge=np.where(still["service"].eq("same_day"), 55.0, 0.0),
        ),
        "targets": pairs.assign(
            stocked=np.where(pairs["rate"].gt(0.55), "Y", "N"),
            target_qty=np.ceil(pairs["rate"] * 2.5),
            demand_class=kind,
        ),
        "weekly_forecast": future.assign(
            mean=mean,
            p10=np.floor(mean * 0.4),
            p50=np.round(mean),
            p90=np.ceil(mean * 1.3 + 1.3 * np.sqrt(mean)),
            method=np.where(future["rate"].gt(4), "ets", "gamma-poisson"),
            provisional="N",
        ),
        "weekly_history": past.loc[past["qty"].gt(0) | past["censored"].eq("Y")],
        "inbound": pairs.sample(60, random_state=5).assign(qty=3),
        "optimisations": pd.DataFrame(
            [
                ("place and allocate", 1_284_311.4, 1_284_998.0, 0.000534, "CNY", "optimal within the gap"),
                ("returns and transfers", 8_412.0, 8_412.0, 0.0, "CNY", "optimal"),
                ("dispatch", 6_203.5, 6_190.1, 0.00216, "CNY", "time limit"),
            ],
            columns=["name", "objective", "bound", "gap", "unit", "status"],
        ),
        "space_prices": pd.DataFrame(
            [("FW03", "volume", 412.0), ("FW05", "volume", 0.0)], columns=["warehouse_id", "space", "price_per_m3"]
        ),
    }


def _space_use(masters: dict[str, pd.DataFrame], stock: pd.DataFrame, plan: dict[str, pd.DataFrame]) -> pd.DataFrame:
    orders = plan["replenishment"]
    coming = pd.concat([plan["inbound"], orders.loc[orders["commitment"].eq("firm")]])
    litres = masters["parts"].set_index("part_id")["volume_l"]
    sites = masters["warehouses"].set_index("warehouse_id")
    room = {"volume": "capacity_m3", "hazmat": "hazmat_capacity_m3"}
    hazardous = masters["parts"].set_index("part_id")["hazmat"].eq("Y")

    def volume(units: pd.DataFrame, space: str) -> pd.Series:
        m3 = units["qty"] * units["part_id"].map(litres) / 1000
        taken = m3.where(units["part_id"].map(hazardous) | (space == "volume"), 0.0)
        return taken.groupby(units["warehouse_id"]).sum().reindex(sites.index).fillna(0.0)

    spaces = [
        pd.DataFrame({"lying_m3": volume(stock, s), "coming_m3": volume(coming, s), "capacity_m3": sites[c]})
        .assign(space=s)
        .reset_index()
        for s, c in room.items()
    ]
    return pd.concat(spaces, ignore_index=True)


def _worklist(rng: np.random.Generator, parts: pd.DataFrame) -> pd.DataFrame:
    some = parts.sample(60, random_state=8).reset_index(drop=True)
    penalty = np.round(np.exp(rng.normal(6.6, 1.5, len(some))), 2)
    lines = pd.DataFrame(
        {
            "order_id": [f"O{n}" for n in range(60)],
            "centre_id": [f"C{n % 9}" for n in range(60)],
            "part_id": some["part_id"],
            "qty": 1 + rng.poisson(1, 60),
            "source": rng.choice(["none", "inbound", "supplier"], 60),
            "eta": pd.Timestamp("2026-11-25T14:00", tz=ZONE),
            "promise_by": pd.Timestamp("2026-11-22T14:00", tz=ZONE),
            "penalty_cny": penalty,
            "reason": "no stock within reach, the next shipment is due on 2026-11-24",
        }
    )
    day = pd.Timestamp
    silent = pd.DataFrame(
        {"line_id": [f"R-{n}" for n in range(8)], "supplier_id": "S03", "part_id": some["part_id"].head(8)}
    ).assign(qty=6, ship_on=day("2026-11-18"), respond_by=day("2026-11-18T18:00", tz=ZONE))
    late = pd.DataFrame(
        [("ASN-881", some.loc[3, "part_id"], "S02", "FW04", 40, day("2026-11-17"))],
        columns=["shipment_id", "part_id", "from_id", "warehouse_id", "qty", "eta_on"],
    )
    found = Exceptions(
        as_of=AS_OF,
        timezone=ZONE,
        parts=parts,
        late_lines=lines,
        unanswered=silent,
        inbound=late,
        full_warehouses=pd.DataFrame(
            [("FW03", "volume", 15.4, 15.5, 412.0, 0.8)],
            columns=["warehouse_id", "space", "used_m3", "capacity_m3", "price_per_m3", "cut_m3"],
        ),
        shortages=pd.DataFrame(
            [(some.loc[5, "part_id"], 14, 6, day("2026-12-08"), 310.0)],
            columns=["part_id", "short_qty", "available_qty", "available_on", "value_per_unit"],
        ),
        uncovered=pd.DataFrame([("Ürümqi 乌鲁木齐", 2, 8_120.0)], columns=["city", "centres", "late_cny"]),
        stale=pd.DataFrame(
            [("inbound.csv", day("2026-11-14"), 6, 3)], columns=["file", "imported_on", "age_days", "limit_days"]
        ),
        calendar_verified_through=day("2026-12-31"),
        horizon_end=day("2027-02-21"),
    )
    return rank(found, WorklistParameters())


def _flows() -> pd.DataFrame:
    rows = [(AS_OF - pd.Timedelta(days=4), "received", 96_400.0), (AS_OF, "returned", 6_100.0)]
    return pd.DataFrame(rows, columns=["day", "kind", "value"]).assign(supplier_id="S01", warehouse_id="FW01")


def _health() -> dict[str, object]:
    imported = [
        ("parts", 120, 0, 14, "N"),
        ("orders", 4_012, 12, 0, "N"),
        ("stock", 1_450, 0, 0, "N"),
        ("inbound", 61, 1, 6, "Y"),
    ]
    return {
        "imports": pd.DataFrame(
            [
                (f"{name}.csv", rows, rows - bad, bad, AS_OF - pd.Timedelta(days=age), age, old)
                for name, rows, bad, age, old in imported
            ],
            columns=["file", "rows", "imported", "rejected", "imported_on", "age_days", "stale"],
        ),
        "rejects": pd.DataFrame(
            [("orders.csv", "qty: not a whole number", 9), ("orders.csv", "part_id: not in parts.csv", 3)],
            columns=["file", "rule", "lines"],
        ),
        "methods": pd.DataFrame(
            [
                ("gamma_poisson", 702, "N", ""),
                ("ets+structural", 118, "N", ""),
                ("family mean", 20, "Y", "fewer than four weeks of history"),
            ],
            columns=["method", "pairs", "fallback", "reason"],
        ),
        "method_scores": pd.DataFrame(
            [
                ("fast", 118, "ets+structural", "fast", AS_OF, 12.345, 14.0, True, 0.84, 1.5, 0.901),
                ("intermittent", 690, "thresholds", "intermittent", AS_OF, 0.04561, 0.0478, True, 0.908, 1.0, 0.908),
                ("lumpy", 4, "gamma_poisson", "all", AS_OF, 0.512, 0.512, False, 0.951, 1.0, 0.951),
                ("new", 8, "gamma_poisson", None, pd.NaT, *[np.nan] * 6),
            ],
            columns=list(METHOD_SCORES.columns),
        ),
        "holidays": pd.DataFrame(
            [
                ("Labour Day", pd.Timestamp("2026-05-01"), pd.Timestamp("2026-05-05")),
                ("National Day", pd.Timestamp("2026-10-01"), pd.Timestamp("2026-10-07")),
                ("New Year", pd.Timestamp("2027-01-01"), pd.Timestamp("2027-01-03")),
                ("Spring Festival 春节", pd.Timestamp("2027-02-05"), pd.Timestamp("2027-02-12")),
            ],
            columns=["name", "from", "to"],
        ),
        "calendar_verified_through": pd.Timestamp("2026-12-31"),
    }
