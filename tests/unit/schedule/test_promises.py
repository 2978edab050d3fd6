import pandas as pd
import pytest

from tests.unit.schedule.company import PARAMETERS, closures, orders, problem, stock
from vmi.schedule.promises import promise_by, promise_now


def promised(ordered_at: str, service: str, city: str = "Hangzhou", **changed) -> pd.Timestamp:
    made = problem(orders(("O1", ordered_at, "H1", "P1", 1, service)), stock(), **changed)
    return pd.Timestamp(promise_by(made, made.open_orders, pd.Series([city]), PARAMETERS)[0])


def test_a_standard_line_is_promised_within_48_hours_closed_or_not():
    closed = closures(("all", "", "2026-11-09", "2026-11-12"))
    assert promised("2026-11-08T17:40", "standard", workdays=closed) == pd.Timestamp("2026-11-10T17:40")


@pytest.mark.parametrize(
    ("ordered_at", "day"), [("2026-11-09T13:00", "2026-11-09"), ("2026-11-09T13:01", "2026-11-10")]
)
def test_a_same_day_line_is_promised_the_day_of_its_order_up_to_the_cut_off(ordered_at, day):
    assert promised(ordered_at, "same_day") == pd.Timestamp(f"{day}T23:59:59")


def test_after_the_cut_off_same_day_means_the_next_working_day():
    closed = closures(("carrier", "", "2026-11-10", "2026-11-11"))
    assert promised("2026-11-09T15:00", "same_day", workdays=closed) == pd.Timestamp("2026-11-12T23:59:59")


def test_a_city_without_same_day_lane_has_the_cut_off_of_the_parameters():
    assert promised("2026-11-09T12:59", "same_day", "Lhasa") == pd.Timestamp("2026-11-09T23:59:59")
    assert promised("2026-11-09T13:30", "same_day", "Lhasa") == pd.Timestamp("2026-11-10T23:59:59")


def rows(*etas: str, source: str = "warehouse") -> pd.DataFrame:
    eta = pd.to_datetime(pd.Series(etas))
    table = pd.DataFrame({"line": 0, "source": source, "eta": eta, "eta_p90": eta + pd.Timedelta(hours=5.5)})
    return table.assign(promise_by=pd.Timestamp("2026-11-10T12:00"))


def test_a_line_that_comes_in_time_is_promised_its_due_moment():
    assert promise_now(rows("2026-11-10T12:00"))[0] == pd.Timestamp("2026-11-10T12:00")


def test_a_late_line_is_promised_its_slow_arrival_rounded_up_for_all_its_pieces():
    found = promise_now(rows("2026-11-10T11:00", "2026-11-10T12:10"))
    assert (found == pd.Timestamp("2026-11-10T18:00")).all()


def test_a_line_of_which_a_unit_has_no_source_is_promised_nothing():
    table = rows("2026-11-10T11:00", "2026-11-10T12:10")
    table.loc[1, "source"] = "none"
    assert promise_now(table).isna().all()
