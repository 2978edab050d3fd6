from dataclasses import replace

import pandas as pd
import pytest

from vmi.demand import DemandHistory, demand_history
from vmi.frames import COVER, Situation
from vmi.supersession import resolve

AS_OF = pd.Timestamp("2026-11-20")


def days(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    return table.assign(**{c: pd.to_datetime(table[c]) for c in columns})


def parts(*rows: tuple[str, str, str | None]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["part_id", "successor_id", "introduced_on"]).assign(family="F1")
    return days(table, "introduced_on")


def usage(*rows: tuple[str, str, str, str, int]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["part_id", "centre_id", "day", "service", "qty"]).assign(lines=1)
    return days(table, "day")


def spans(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return days(pd.DataFrame(rows, columns=["part_id", "first_day", "last_day"]), "first_day", "last_day")


CENTRES = pd.DataFrame({"centre_id": ["C1", "C2", "C3", "C4"], "city": ["Hefei", "Hefei", "Wuhan", "Lhasa"]})
CITY_COVER = pd.DataFrame(
    [("Hefei", "W1", "standard", 9, 9.0, 1.0), ("Wuhan", "W2", "standard", 9, 9.0, 1.0)], columns=list(COVER.columns)
)
PARTS = parts(("A", "B", None), ("B", "", "2026-03-01"), ("C", "", None), ("D", "", "2026-10-01"), ("E", "", None))
USAGE = usage(
    ("A", "C1", "2024-01-10", "standard", 2),
    ("A", "C2", "2024-01-10", "same_day", 3),
    ("B", "C1", "2026-05-01", "standard", 1),
    ("C", "C3", "2024-02-01", "standard", 7),
    ("C", "C4", "2024-02-01", "standard", 4),
)


def situation(**frames: pd.DataFrame) -> Situation:
    nothing = pd.DataFrame({"part_id": pd.Series(dtype=object)})
    empty = {name: nothing for name in Situation.__dataclass_fields__ if name not in ("as_of", "timezone", "stockouts")}
    given = {"parts": PARTS, "usage": USAGE, "centres": CENTRES, **frames}
    return Situation(as_of=AS_OF, timezone="Asia/Shanghai", **(empty | given))


def history(**frames: pd.DataFrame) -> DemandHistory:
    found = situation(**frames)
    return demand_history(found, CITY_COVER, resolve(found.parts))


def test_an_old_parts_usage_counts_for_its_successor_in_the_region_of_its_centre() -> None:
    first = history().demand.iloc[0]
    assert first[["part_id", "warehouse_id", "qty", "lines", "same_day_qty"]].tolist() == ["B", "W1", 5, 2, 3]


def test_demand_of_a_city_that_nobody_covers_is_told_and_left_out() -> None:
    found = history()
    assert found.uncovered[["city", "part_id", "qty"]].to_numpy().tolist() == [["Lhasa", "C", 4]]
    assert found.demand["qty"].sum() + found.uncovered["qty"].sum() == USAGE["qty"].sum()


def test_a_part_has_a_pair_in_every_region_and_superseded_ones_have_none() -> None:
    pairs = history().pairs
    assert pairs.groupby("part_id")["warehouse_id"].agg(list).to_dict() == {p: ["W1", "W2"] for p in "BCD"}


def test_history_begins_with_the_region_or_with_the_parts_introduction() -> None:
    first = history().pairs.set_index(["part_id", "warehouse_id"])["first_day"].astype(str).to_dict()
    assert first[("C", "W1")] == "2024-01-10"
    assert first[("C", "W2")] == "2024-02-01"
    assert first[("D", "W1")] == "2026-10-01"


def test_a_successors_history_begins_with_its_predecessor() -> None:
    first = history().pairs.set_index(["part_id", "warehouse_id"])["first_day"].astype(str)
    assert first[("B", "W1")] == "2024-01-10"


def test_a_part_that_sold_before_it_was_introduced_was_there() -> None:
    found = history(parts=parts(("C", "", "2026-11-01"), ("A", "", None), ("B", "", None)))
    first = found.pairs.set_index(["part_id", "warehouse_id"])["first_day"].astype(str)
    assert first[("C", "W2")] == "2024-02-01"


def test_a_part_nobody_asked_for_in_years_is_expected_again_once_it_lies_somewhere() -> None:
    assert "E" not in set(history().pairs["part_id"])
    assert "E" in set(history(stock=pd.DataFrame({"part_id": ["E"]})).pairs["part_id"])


def test_with_a_short_history_silence_says_nothing() -> None:
    found = history(usage=usage(("C", "C3", "2026-09-01", "standard", 1)))
    assert "E" in set(found.pairs["part_id"])


def test_line_sizes_and_same_day_shares_come_from_the_part_shrunk_to_the_company() -> None:
    pairs = history().pairs.drop_duplicates("part_id").set_index("part_id")
    assert pairs["mean_line_qty"].to_dict() == {"B": 2.0, "C": 7.0, "D": 1.0}
    assert pairs.loc["B", "same_day_share"] == pytest.approx((3 + 10 * 3 / 13) / 16, abs=1e-6)


def test_censored_spans_keep_within_the_history_and_an_old_parts_end_with_its_successor() -> None:
    found = replace(
        situation(),
        stockouts=spans(
            ("A", "2026-02-01", "2026-04-01"),
            ("C", "2023-12-01", "2027-01-01"),
            ("X", "2025-01-01", "2025-01-02"),
        ),
    )
    censored = demand_history(found, CITY_COVER, resolve(found.parts)).censored.astype(str)
    assert set(censored["warehouse_id"]) == {"W1", "W2"}
    assert censored[censored["warehouse_id"] == "W1"].to_numpy().tolist() == [
        ["B", "W1", "2026-02-01", "2026-02-28"],
        ["C", "W1", "2024-01-10", "2026-11-20"],
    ]


def test_no_history_at_all_still_names_the_parts() -> None:
    found = history(usage=USAGE.iloc[:0])
    assert found.demand.empty
    assert set(found.pairs["part_id"]) == {"B", "C", "D", "E"}
    assert found.pairs["first_day"].notna().all()
