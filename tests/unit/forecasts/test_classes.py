import pandas as pd

from forecasts.classes import classify
from forecasts.panel import Panel

ORIGIN = pd.Timestamp("2026-11-08")


def test_the_four_quadrants_of_syntetos_and_boylan_and_the_two_besides():
    weekly = {
        "smooth": [4, 5, 4, 5] * 5,
        "erratic": [1, 20, 1, 1] * 5,
        "intermittent": [0, 4, 0, 4] * 5,
        "lumpy": [0, 1, 0, 30, 0, 1, 0, 2] * 2 + [0, 1, 0, 1],
        "none": [0] * 20,
    }
    rows = [
        (name, ORIGIN - pd.Timedelta(days=7 * age), float(qty), 1)
        for name, series in weekly.items()
        for age, qty in enumerate(series)
        if qty
    ]
    demand = pd.DataFrame([*rows, ("new", ORIGIN, 1.0, 1)], columns=["unique_id", "day", "qty", "lines"])
    first = [ORIGIN - pd.Timedelta(days=139)] * 5 + [ORIGIN - pd.Timedelta(days=10)]
    series = pd.DataFrame({"family": "", "region": "", "first_day": first}, index=[*weekly, "new"])
    panel = Panel(series, demand, pd.DataFrame(columns=["unique_id", "first_day", "last_day"]), ORIGIN)
    found = classify(panel, 140, 56)
    assert found["demand_class"].to_dict() == {name: name for name in [*weekly, "new"]}
    assert found.loc["intermittent", ["adi", "cv2"]].tolist() == [2.0, 0.0]
