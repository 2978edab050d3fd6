from pathlib import Path

import pandas as pd
import pytest

from tests.unit.simulate.small_company import ZONE, opening
from vmi.errors import UsageProblem
from vmi.frames import OPEN_ORDERS
from vmi.ingest.orders_to_come import read_orders
from vmi.ingest.parameters import ImportParameters
from vmi.simulate.company import ORDERS_TO_COME

HEADER = "order_id,line_no,ordered_at,centre_id,part_id,qty,service,remark"
GOOD = "O2,1,2026-09-22T10:00,C1,P1,3,same_day,x"


def read(folder: Path, *rows: str, header: str = HEADER, open_lines: int = 0) -> pd.DataFrame:
    path = folder / "mine.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    is_open = pd.DataFrame({"order_id": ["O2"], "line_no": [1]}).reindex(columns=list(OPEN_ORDERS.columns))
    known = opening(open_orders=is_open.iloc[:open_lines])
    days = pd.Timestamp("2026-09-21"), pd.Timestamp("2026-09-30")
    return read_orders(path, known, *days, ImportParameters())


def test_lines_of_the_window_are_read_in_order_and_cancelled_ones_left_out(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        *(
            f"{row},open"
            for row in (GOOD, "O1,1,2026-09-21T00:00:00+08:00,C2,P2,1,,", "O3,1,2026-10-01T00:00,C1,P1,1,,")
        ),
        "O4,1,2026-09-21T10:00,C1,P1,1,standard,,cancelled",
        header=HEADER + ",status",
    )
    assert list(found.columns) == list(ORDERS_TO_COME.columns)
    assert found[["order_id", "qty", "service"]].values.tolist() == [["O1", 1, "standard"], ["O2", 3, "same_day"]]
    assert found["ordered_at"].dtype == f"datetime64[ns, {ZONE}]"
    assert found["qty"].dtype == found["line_no"].dtype == "int64"


def test_status_need_not_be_told(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD)["order_id"].tolist() == ["O2"]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("O3,1,2026-09-22T10:00,C1,P1,3.5,standard,", r"line 3, qty '3.5': "),
        ("O3,1,2026-09-22T10:00,C9,P1,3,standard,", r"line 3, centre_id 'C9': .* centres"),
        ("O3,1,2026-09-22T10:00,C1,P9,3,standard,", r"line 3, part_id 'P9': .* parts"),
        ("O2,1,2026-09-22T10:00,C1,P1,3,standard,", r"line 3, order_id 'O2': line 2 has the same"),
        ("O3,1,2026-09-22T10:00,C1", r"line 3, the row .* fields"),
    ],
)
def test_a_bad_row_is_named_with_line_column_and_mend(tmp_path: Path, row: str, says: str) -> None:
    with pytest.raises(UsageProblem, match=rf"(?s)mine.csv: 1 bad rows.*{says}"):
        read(tmp_path, GOOD, row)


def test_of_many_bad_rows_the_first_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="and 2 more") as refused:
        read(tmp_path, *(f"O{i},1,2026-09-22T10:00,C1,P1,0,standard," for i in range(12)))
    assert len(str(refused.value).splitlines()) == 12


def test_a_line_that_is_open_already_is_no_order_to_come(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="open when the simulation begins"):
        read(tmp_path, GOOD, open_lines=1)


def test_a_file_without_lines_of_the_window_or_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="orders nothing from 2026-09-21 to 2026-09-30"):
        read(tmp_path, "O3,1,2026-10-01T00:00,C1,P1,1,standard,")
    with pytest.raises(UsageProblem, match="obligatory column missing: qty"):
        read(tmp_path, "O3,1,2026-10-01T00:00,C1,P1", header="order_id,line_no,ordered_at,centre_id,part_id")
    with pytest.raises(UsageProblem, match=r"none\.csv: cannot be read"):
        day = pd.Timestamp("2026-09-21")
        read_orders(tmp_path / "none.csv", opening(), day, day, ImportParameters())
