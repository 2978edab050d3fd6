"""The sample company: every file keeps the contract, the same seed gives the same bytes, and it looks alive."""

import gzip
import hashlib
import re
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vmi.contract import INPUT, Column
from vmi.sample.company import write_company
from vmi.sample.parameters import SampleParameters

SMALL = SampleParameters(parts=150, warehouses=4, centres=30, days=400, seed=11)
COMMITTED = Path(__file__).parents[3] / "data" / "samples"
ZONE = "Asia/Shanghai"
# What each kind of cell must look like as text; empty cells are judged apart.
SHAPES = {
    "id": r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}",
    "text": r"[^\r\n,\"]+",
    "quantity": r"\d+",
    "money": r"\d+(\.\d{1,4})?",
    "rate": r"0(\.\d+)?|1(\.0)?",
    "number": r"-?\d+(\.\d+)?",
    "date": r"\d{4}-\d\d-\d\d",
    "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:00\+08:00",
    "clock": r"\d\d:\d\d",
    "month": r"\d{4}-\d\d",
    "flag": r"[YN]",
}
Company = dict[str, pd.DataFrame]


def _read(folder: Path) -> Company:
    paths = [p for p in sorted(folder.iterdir()) if p.name.endswith((".csv", ".csv.gz"))]
    return {p.name.split(".")[0]: pd.read_csv(p, dtype=str, keep_default_na=False, encoding="utf-8") for p in paths}


def _digests(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def _moments(text: pd.Series) -> pd.Series:
    return pd.to_datetime(text.replace("", None), utc=True).dt.tz_convert(ZONE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("company")
    write_company(path, SMALL)
    return path


@pytest.fixture(scope="module")
def company(folder: Path) -> Company:
    return _read(folder)


def test_the_same_seed_writes_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write_company(tmp_path, SMALL)
    assert _digests(tmp_path) == _digests(folder)


def test_another_seed_writes_another_company(folder: Path, tmp_path: Path) -> None:
    write_company(tmp_path, SampleParameters(parts=150, warehouses=4, centres=30, days=400, seed=12))
    same = {name for name, digest in _digests(tmp_path).items() if digest == _digests(folder)[name]}
    assert not same & {"orders.csv.gz", "parts.csv", "stock.csv", "suppliers.csv", "warehouses.csv"}


def test_the_compressed_file_carries_no_time_and_no_name(folder: Path) -> None:
    header = (folder / "orders.csv.gz").read_bytes()[:10]
    assert header[3:8] == b"\x00" * 5


def test_it_returns_the_rows_of_each_file(tmp_path: Path) -> None:
    rows = write_company(tmp_path, SampleParameters(parts=40, warehouses=2, centres=5, days=60))
    assert rows == {name: len(frame) for name, frame in _read(tmp_path).items()}


def test_every_file_but_confirmations_is_there_with_the_contracts_columns(company: Company) -> None:
    assert set(company) == set(INPUT) - {"confirmations"}
    for name, frame in company.items():
        assert tuple(frame.columns) == tuple(c.name for c in INPUT[name].columns), name


def _faults(name: str, column: Column, cells: pd.Series) -> list[str]:
    filled = cells[cells != ""]
    shape = "|".join(map(re.escape, column.choices)) if column.choices else SHAPES[column.kind]
    bad = filled[~filled.str.fullmatch(shape)].tolist()
    if column.required and len(filled) < len(cells):
        bad.append("(empty)")
    if column.kind in ("quantity", "money", "rate", "number"):
        number = filled.astype(float)
        low = -np.inf if column.minimum is None else column.minimum
        high = np.inf if column.maximum is None else column.maximum
        bad += filled[(number < low) | (number > high)].tolist()
    return [f"{name}.{column.name}: {value!r}" for value in bad]


def test_every_cell_is_of_its_columns_kind_and_range(company: Company) -> None:
    columns = [(name, c) for name in company for c in INPUT[name].columns]
    faults = [fault for name, c in columns for fault in _faults(name, c, company[name][c.name])]
    assert faults == []


def test_keys_are_unique(company: Company) -> None:
    doubled = {name: int(frame.duplicated(list(INPUT[name].keys)).sum()) for name, frame in company.items()}
    assert {name: count for name, count in doubled.items() if count} == {}


def test_references_hold(company: Company) -> None:
    broken = {}
    for name, frame in company.items():
        for column in (c for c in INPUT[name].columns if c.references):
            target, key = str(column.references).split(".")
            missing = set(frame[column.name]) - set(company[target][key]) - {""}
            broken |= {f"{name}.{column.name}": missing} if missing else {}
    assert broken == {}


def test_inbound_comes_from_the_parts_own_supplier_or_from_another_warehouse(company: Company) -> None:
    inbound = company["inbound"].merge(company["parts"][["part_id", "supplier_id"]], on="part_id")
    supply = inbound[inbound["kind"] == "supply"]
    assert (supply["from_id"] == supply["supplier_id"]).all()
    transfers = inbound[inbound["kind"] == "transfer"]
    assert len(transfers) > 0
    assert set(transfers["from_id"]) <= set(company["warehouses"]["warehouse_id"])
    assert (transfers["from_id"] != transfers["warehouse_id"]).all()
    assert (transfers["received_on"] != "").all()


def test_every_centres_city_has_a_standard_lane_from_every_warehouse(company: Company) -> None:
    standard = company["lanes"][company["lanes"]["service"] == "standard"]
    lanes = set(zip(standard["warehouse_id"], standard["city"], strict=True))
    assert lanes == {(w, c) for w in company["warehouses"]["warehouse_id"] for c in set(company["centres"]["city"])}


def test_same_day_lanes_are_few_dear_and_fast(company: Company) -> None:
    lanes = company["lanes"].astype({"transit_hours": float, "cost_per_shipment": float})
    same_day, standard = (lanes[lanes["service"] == s] for s in ("same_day", "standard"))
    assert 0 < len(same_day) < len(standard) / 3
    assert same_day["transit_hours"].max() < 8
    assert same_day["cost_per_shipment"].min() > 3 * standard["cost_per_shipment"].max()


def test_every_supplier_serves_every_warehouse(company: Company) -> None:
    assert len(company["supply"]) == len(company["suppliers"]) * len(company["warehouses"])


def test_nothing_was_ordered_shipped_or_delivered_after_as_of(company: Company) -> None:
    end = pd.Timestamp(SMALL.as_of, tz=ZONE) + pd.Timedelta(days=1)
    for column in ("ordered_at", "shipped_at", "delivered_at"):
        assert _moments(company["orders"][column]).max() < end, column


def test_moments_of_an_order_line_follow_its_status(company: Company) -> None:
    orders = company["orders"]
    has = {c: orders[c] != "" for c in ("warehouse_id", "shipped_at", "delivered_at")}
    gone = orders["status"].isin(["shipped", "delivered"])
    assert (has["warehouse_id"] == gone).all()
    assert (has["shipped_at"] == gone).all()
    assert (has["delivered_at"] == (orders["status"] == "delivered")).all()
    assert not ((_moments(orders["shipped_at"]) < _moments(orders["ordered_at"])) & gone).any()
    assert not (_moments(orders["delivered_at"]) <= _moments(orders["shipped_at"])).any()


def test_same_day_is_ordered_only_where_a_lane_for_it_exists(company: Company) -> None:
    reach = set(company["lanes"].loc[company["lanes"]["service"] == "same_day", "city"])
    city = company["centres"].set_index("centre_id")["city"]
    asked = company["orders"].loc[company["orders"]["service"] == "same_day", "centre_id"].map(city)
    assert set(asked) <= reach
    assert 0.04 < len(asked) / len(company["orders"]) < 0.1


def test_some_lines_are_open_a_few_of_them_for_parts_that_lie_nowhere(company: Company) -> None:
    waiting = company["orders"][company["orders"]["status"] == "open"]
    held = set(company["stock"].loc[company["stock"]["status"] == "available", "part_id"])
    assert len(waiting) >= 5
    assert 0 < (~waiting["part_id"].isin(held)).sum() < len(waiting)
    evening = (waiting["service"] == "same_day") & (_moments(waiting["ordered_at"]).dt.hour >= 13)
    assert evening.any()


def test_chains_of_supersession_end_after_three_parts_at_most(company: Company) -> None:
    successor = company["parts"].set_index("part_id")["successor_id"]
    step = successor[successor != ""]
    assert len(step) >= 3
    for _ in range(2):
        step = step.map(successor)
        step = step[step != ""]
    assert len(step) == 0


def test_no_part_has_demand_before_it_was_introduced(company: Company) -> None:
    introduced = pd.to_datetime(company["parts"].set_index("part_id")["introduced_on"].replace("", None))
    first = _moments(company["orders"]["ordered_at"]).dt.tz_localize(None).groupby(company["orders"]["part_id"]).min()
    assert not (first < introduced.reindex(first.index)).any()


def test_what_lies_and_comes_fits_the_warehouses_and_hazmat_lies_only_where_it_may(company: Company) -> None:
    parts = company["parts"].set_index("part_id")
    rows = pd.concat([company[name][["warehouse_id", "part_id", "qty"]] for name in ("stock", "inbound")])
    volume = rows["qty"].astype(int) * rows["part_id"].map(parts["volume_l"]).astype(float) / 1000
    warehouses = company["warehouses"].set_index("warehouse_id")
    used = volume.groupby(rows["warehouse_id"]).sum() / warehouses["capacity_m3"].astype(float)
    hazmat = volume.where(rows["part_id"].map(parts["hazmat"]) == "Y", 0.0).groupby(rows["warehouse_id"]).sum()
    assert used.max() <= 1
    assert used.min() > 0.4
    assert (hazmat <= warehouses["hazmat_capacity_m3"].astype(float)).all()
    assert 2 <= (warehouses["hazmat_capacity_m3"].astype(float) > 0).sum() <= 4


def test_a_few_lots_are_near_their_return_window_and_a_few_over_it(company: Company) -> None:
    window = company["suppliers"].set_index("supplier_id")["return_window_days"].astype(int)
    supplier = company["stock"]["part_id"].map(company["parts"].set_index("part_id")["supplier_id"])
    age = (pd.Timestamp(SMALL.as_of) - pd.to_datetime(company["stock"]["received_on"])).dt.days
    left = supplier.map(window) - age
    assert age.min() >= 0
    assert 1 <= (left <= 0).sum() < 0.05 * len(left)
    assert ((left > 0) & (left <= 14)).sum() >= 3
    assert set(company["stock"]["status"]) == {"available", "quarantine", "returning"}


def test_most_parts_are_slow_and_a_few_make_most_of_the_lines(company: Company) -> None:
    lines = company["orders"].groupby("part_id").size().reindex(company["parts"]["part_id"], fill_value=0)
    months = SMALL.days / 30.4
    assert 0.55 < (lines / months < 1).mean() < 0.8
    assert lines.nlargest(len(lines) // 20).sum() > 0.4 * lines.sum()


def test_closures_tell_of_spring_festival_stocktaking_and_carriers(company: Company) -> None:
    closures = company["closures"]
    assert ((closures["scope"] == "carrier") == (closures["id"] == "")).all()
    ahead = closures[(closures["scope"] == "supplier") & (closures["from"] >= "2027-01-20")]
    assert set(ahead["id"]) == set(company["suppliers"]["supplier_id"])
    assert ahead["from"].between("2027-01-25", "2027-02-01").all()
    assert ahead["to"].between("2027-02-15", "2027-02-23").all()
    assert closures.loc[closures["scope"] == "warehouse", "from"].between("2026-11-21", "2026-12-05").all()
    assert "2026-10-01" in set(closures.loc[closures["scope"] == "carrier", "from"])


def test_overrides_show_every_kind_and_one_has_expired(company: Company) -> None:
    assert set(company["overrides"]["kind"]) == {"min", "max", "order", "do_not_stock", "no_return"}
    assert (company["overrides"]["until"] < SMALL.as_of.isoformat()).sum() == 1


def test_order_lines_grow_in_proportion_to_parts_and_to_days(tmp_path: Path) -> None:
    def count(name: str, parts: int, days: int) -> int:
        return write_company(tmp_path / name, SampleParameters(parts, 3, 20, days))["orders"]

    base = count("base", 400, 200)
    assert 1.7 < count("parts", 800, 200) / base < 2.3
    assert 1.7 < count("days", 400, 400) / base < 2.3


def test_about_as_many_lines_as_were_asked_for_are_written(tmp_path: Path) -> None:
    wanted = SampleParameters(parts=500, warehouses=3, centres=20, days=365, lines=8_000)
    assert 0.8 < write_company(tmp_path, wanted)["orders"] / 8_000 < 1.2


@pytest.mark.parametrize(
    "least",
    [
        SampleParameters(parts=20, warehouses=1, centres=1, days=30),
        SampleParameters(parts=60, warehouses=10, centres=400, days=30, as_of=date(2027, 6, 30)),
        SampleParameters(parts=30, warehouses=2, centres=3, days=90, lines=40),
    ],
    ids=["smallest", "wide-and-in-summer", "hardly-any-demand"],
)
def test_odd_sizes_still_give_every_file(least: SampleParameters, tmp_path: Path) -> None:
    rows = write_company(tmp_path, least)
    assert rows["parts"] == least.parts
    assert rows["centres"] == least.centres
    assert min(rows[name] for name in ("orders", "stock", "lanes", "supply", "vehicles")) > 0


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"parts": 3}, "parts is 3"),
        ({"warehouses": 11}, "warehouses is 11"),
        ({"seed": -1}, "seed is -1"),
        ({"lines": 0}, "lines is 0"),
        ({"as_of": date(2035, 1, 1)}, "as_of is 2035-01-01"),
    ],
)
def test_sizes_out_of_range_are_refused_by_name(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        SampleParameters(**wrong)  # type: ignore[arg-type]


def test_the_committed_sample_is_what_its_command_writes(tmp_path: Path) -> None:
    write_company(tmp_path)
    for path in sorted(tmp_path.iterdir()):
        kept = COMMITTED / path.name
        read = gzip.decompress if path.suffix == ".gz" else bytes
        assert read(kept.read_bytes()) == read(path.read_bytes()), path.name


def test_the_committed_sample_is_small_and_covers_two_years() -> None:
    orders = pd.read_csv(COMMITTED / "orders.csv.gz", usecols=["ordered_at"])["ordered_at"]
    days = (pd.Timestamp(orders.max()) - pd.Timestamp(orders.min())).days
    assert days >= 730
    assert sum(p.stat().st_size for p in COMMITTED.iterdir()) < 2_500_000
