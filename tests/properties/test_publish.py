"""Laws of publishing: text survives, numbers are plain, ids do not depend on the order of rows."""

import csv
import io
import re

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from vmi.contract import OutputFile
from vmi.publish.csv_out import csv_bytes, csv_lines
from vmi.publish.identity import line_ids

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
NUMBERS = st.floats(-1e12, 1e12, allow_nan=False)


def read_back(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))[1:]


@given(st.lists(st.tuples(TEXT, TEXT), max_size=8))
@settings(deadline=None, max_examples=60)
def test_whatever_text_goes_in_comes_out_of_a_strict_reader(rows: list[tuple[str, str]]) -> None:
    file = OutputFile("test", "test.csv", ("part_name", "reason"), ("reason",))
    content = csv_bytes(csv_lines(pd.DataFrame(rows, columns=["part_name", "reason"]), file), file)
    cells = read_back(content)
    assert [row[0] for row in cells] == [name for name, _ in rows]
    assert [row[1] for row in cells] == [
        f"'{t}" if t[:1] in ("=", "+", "-", "@", "\t", "\r") and t else t for _, t in rows
    ]


@given(st.lists(NUMBERS, min_size=1, max_size=8))
@settings(deadline=None, max_examples=60)
def test_a_number_is_written_plain_and_within_half_a_millionth(values: list[float]) -> None:
    cells = csv_lines(pd.DataFrame({"mean": values}), OutputFile("test", "test.csv", ("mean",)))
    for value, cell in zip(values, cells, strict=True):
        assert re.fullmatch(r"-?\d+(\.\d{1,6})?", cell)
        assert cell != "-0"
        assert not (("." in cell) and cell.endswith("0"))
        assert abs(float(cell) - value) <= 5.1e-7 + abs(value) * 1e-15


KEY = st.tuples(st.sampled_from("AB"), st.sampled_from("PQ"), st.sampled_from("VW"), st.integers(1, 3))


@given(st.lists(KEY, max_size=10), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_ids_are_unique_and_stay_with_their_rows_in_any_order(rows: list[tuple], random) -> None:  # type: ignore[no-untyped-def, type-arg]
    frame = pd.DataFrame(rows, columns=["supplier_id", "part_id", "warehouse_id", "qty"])
    frame = frame.assign(commitment="firm", due_on=pd.Timestamp("2026-11-26"))
    ids = line_ids("replenishment", frame)
    assert ids.is_unique
    order = list(range(len(frame)))
    random.shuffle(order)
    shuffled = frame.iloc[order]
    again = shuffled.assign(line_id=line_ids("replenishment", shuffled))
    before = frame.assign(line_id=ids)
    keys = ["supplier_id", "part_id", "warehouse_id", "qty", "line_id"]
    assert sorted(map(tuple, before[keys].to_numpy())) == sorted(map(tuple, again[keys].to_numpy()))
    later = line_ids("replenishment", frame, taken=ids)
    assert set(later).isdisjoint(ids)
