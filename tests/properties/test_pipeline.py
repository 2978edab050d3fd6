"""Laws of the pipeline: nothing is ordered twice, nothing vanishes, and the order of rows never matters."""

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from vmi.pipeline import open_plan_lines

START = pd.Timestamp("2026-11-01")
AS_OF = START + pd.Timedelta(days=30)
NO_ANSWERS = pd.DataFrame(columns=["line_id", "answer", "confirmed_qty", "confirmed_ship_on"])
NO_SHIPMENTS = pd.DataFrame(columns=["line_id", "shipment_id", "line_no", "qty"])

events = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 12), st.sampled_from("AB")), max_size=12)


def lines_of(published: list[tuple[int, int, str]]) -> pd.DataFrame:
    columns = ["line_id", "supplier_id", "part_id", "warehouse_id", "qty", "ship_on", "due_on", "published_as_of"]
    rows = [
        (f"L{i}", "S", part, "W", qty, START, START + pd.Timedelta(days=day + 5), START + pd.Timedelta(days=day))
        for i, (day, qty, part) in enumerate(published)
    ]
    return pd.DataFrame(rows, columns=columns)


def lots_of(arrived: list[tuple[int, int, str]]) -> pd.DataFrame:
    columns = ["warehouse_id", "part_id", "lot_id", "received_on", "qty", "import_id"]
    rows = [("W", part, f"T{i}", START + pd.Timedelta(days=day), qty, 1) for i, (day, qty, part) in enumerate(arrived)]
    return pd.DataFrame(rows, columns=columns)


def found(lines: pd.DataFrame, lots: pd.DataFrame) -> pd.DataFrame:
    return open_plan_lines(lines, NO_ANSWERS, NO_SHIPMENTS, NO_SHIPMENTS, lots, AS_OF)


def queue(published: list[tuple[int, int, str]], arrived: list[tuple[int, int, str]], part: str) -> int:
    """Return what is outstanding of a part, told event by event."""
    outstanding = 0
    for day in range(21):
        outstanding = max(0, outstanding - sum(q for d, q, p in arrived if (d, p) == (day, part)))
        outstanding += sum(q for d, q, p in published if (d, p) == (day, part))
    return outstanding


@given(events, events)
@settings(max_examples=30, deadline=None)
def test_what_is_open_is_what_a_queue_told_event_by_event_has_left(published, arrived) -> None:
    still = found(lines_of(published), lots_of(arrived)).groupby("part_id")["qty"].sum()
    for part in "AB":
        assert still.get(part, 0) == queue(published, arrived, part)


@given(events, events, st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_the_order_of_rows_never_matters(published, arrived, random) -> None:
    lines, lots = lines_of(published), lots_of(arrived)
    shuffled = [f.sample(frac=1, random_state=random.randrange(2**32)) for f in (lines, lots)]
    pd.testing.assert_frame_equal(found(lines, lots), found(*shuffled))


@given(events, events)
@settings(max_examples=20, deadline=None)
def test_no_line_has_more_open_than_was_ordered_and_none_is_empty(published, arrived) -> None:
    lines = lines_of(published)
    still = found(lines, lots_of(arrived)).set_index("line_id")["qty"]
    assert (still > 0).all()
    assert (still <= lines.set_index("line_id")["qty"].reindex(still.index)).all()
