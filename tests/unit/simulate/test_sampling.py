import numpy as np
import pandas as pd
import pytest

from tests.unit.simulate.small_company import EVE, opening, order_lines, table
from vmi.errors import UsageProblem
from vmi.simulate.company import Company
from vmi.simulate.sampling import sample_parts

SUPPLIERS = ("S1", "S2", "S3")


def large(parts: int = 120) -> Company:
    """Return a company of many parts: a third by each supplier, one in four fast, one in ten superseded by the next."""
    usual = {"family": "brakes", "unit_cost": 100.0, "volume_l": 10.0, "weight_kg": 1.0}
    rows = [
        usual
        | {"part_id": f"P{i:03d}", "supplier_id": SUPPLIERS[i % 3], "hazmat": "Y" if i % 8 == 0 else "N"}
        | ({"successor_id": f"P{i + 3:03d}"} if i % 10 == 0 and i + 3 < parts else {})
        for i in range(parts)
    ]
    table_of_parts = table("parts", rows, pack_qty="int64", min_order_qty="int64")
    ids = table_of_parts["part_id"].to_numpy()
    lines = np.where(np.arange(parts) % 4 == 0, 60, 1)
    used = pd.DataFrame(
        {"part_id": ids, "centre_id": "C1", "day": EVE, "service": "standard", "qty": lines, "lines": lines}
    )
    lots = [
        {"warehouse_id": w, "part_id": p, "lot_id": f"L{p}{w}", "received_on": EVE, "qty": 1}
        for w in ("W1", "W2")
        for p in ids
    ]
    stock = table("stock", lots, qty="int64")
    orders = order_lines(*((f"O{p}", "2026-09-21T10:00", "C1", p, 1) for p in ids))
    return Company(opening(parts=table_of_parts, usage=used, stock=stock), orders)


def taken(company: Company) -> set[str]:
    return set(company.opening.parts["part_id"])


@pytest.mark.parametrize("seed", range(5))
def test_suppliers_and_speeds_have_their_share_of_a_sample(seed: int) -> None:
    found = sample_parts(large(), 40, seed).opening
    assert len(found.parts) == pytest.approx(40, abs=4)
    assert found.parts["supplier_id"].value_counts().between(10, 17).all()
    fast = found.usage.groupby("part_id")["lines"].sum().ge(60).sum()
    assert fast == pytest.approx(10, abs=3)


def test_a_chain_is_taken_whole_or_left() -> None:
    successor = large().opening.parts.set_index("part_id")["successor_id"]
    chains = [{old, new} for old, new in successor[successor != ""].items()]
    found = [taken(sample_parts(large(), 40, seed)) for seed in range(5)]
    assert all(chain <= sample or not chain & sample for sample in found for chain in chains)
    assert any(chain <= sample for sample in found for chain in chains)


def test_nothing_speaks_of_parts_left_out() -> None:
    found = sample_parts(large(), 40, 1)
    for name, frame in {**found.opening.frames(), "orders": found.orders}.items():
        if "part_id" in frame.columns:
            assert set(frame["part_id"]) <= taken(found), name
    assert len(found.orders) == len(taken(found))


def test_room_picks_and_trucks_shrink_with_the_parts_that_share_them() -> None:
    whole, found = large(), sample_parts(large(), 40, 1)
    share = len(taken(found)) / 120
    used = found.opening.usage["lines"].sum() / whole.opening.usage["lines"].sum()
    room = found.opening.warehouses["capacity_m3"] / whole.opening.warehouses["capacity_m3"]
    assert room.tolist() == pytest.approx([max(share, used)] * 2, abs=1e-5)
    assert found.opening.warehouses["outbound_lines_per_day"].tolist() == [np.ceil(20 * used)] * 2
    for supplier in SUPPLIERS:
        of = [c.opening.usage.merge(c.opening.parts[["part_id", "supplier_id"]]) for c in (found, whole)]
        kept, total = (u.loc[u["supplier_id"] == supplier, "qty"].sum() for u in of)
        cost = found.opening.supply.query("supplier_id == @supplier")["cost_per_shipment"]
        assert cost.tolist() == pytest.approx([40 * kept / total] * 2, abs=1e-4)
    assert "of 120 parts are lived" in found.notes[0]


def test_a_warehouse_where_little_of_the_sample_lies_still_has_the_room_its_demand_needs() -> None:
    whole = large()
    stock = whole.opening.stock
    left = ~(stock["part_id"].isin(taken(sample_parts(whole, 40, 1))) & stock["warehouse_id"].eq("W2"))
    bare = Company(opening(parts=whole.opening.parts, usage=whole.opening.usage, stock=stock[left]), whole.orders)
    found = sample_parts(bare, 40, 1).opening
    used = found.usage["qty"].sum() / whole.opening.usage["qty"].sum()
    assert found.warehouses["capacity_m3"].iloc[1] == pytest.approx(10 * used, abs=1e-5)


def test_the_seed_decides_and_the_order_of_rows_does_not() -> None:
    whole = large()
    assert taken(sample_parts(whole, 40, 1)) == taken(sample_parts(whole, 40, 1))
    assert taken(sample_parts(whole, 40, 1)) != taken(sample_parts(whole, 40, 2))
    frames = {name: frame.iloc[::-1] for name, frame in whole.opening.frames().items()}
    turned = Company(opening(**frames), whole.orders)
    assert taken(sample_parts(turned, 40, 1)) == taken(sample_parts(whole, 40, 1))


def test_a_sample_of_all_is_the_company_and_one_of_none_is_refused() -> None:
    whole = large()
    assert sample_parts(whole, 120, 1) is whole
    with pytest.raises(UsageProblem, match="--parts-sample 0"):
        sample_parts(whole, 0, 1)
