"""What a forecast learned over several nights: kept in the database, found again, never from a later night."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Engine, delete, select, update

from forecasts import daily
from forecasts.profiles import exposure
from forecasts.profiles.aggregates import LEVEL, Profile
from vmi.cli import run
from vmi.store import gather, runs
from vmi.store.engine import open_engine
from vmi.store.frames_io import table_of
from vmi.store.runs import read_plan
from vmi.tables.plans import PlanForecastScore, PlanProfile

PROFILES = table_of(PlanProfile)
FRIDAY, SATURDAY, SUNDAY, NEXT_FRIDAY = "2026-11-20", "2026-11-21", "2026-11-22", "2026-11-27"


@pytest.fixture
def fitted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Labels fitted since the list was cleared; the fits are stand-ins that know their night."""
    labels: list[str] = []

    def fit(task: exposure.Task) -> Profile:
        labels.append(task.label)
        return Profile(task.label, {LEVEL: 1.0, "weekly_1": task.days[-1].day / 100}, 0.0)

    monkeypatch.setattr(exposure, "fit_profile", fit)
    return labels


@pytest.fixture
def plan(database_url: str, company: Path, tmp_path: Path, fitted: list[str]) -> Callable[[str], dict[str, bytes]]:
    """Plan a night and return the files it published, the labels fitted for it being in ``fitted``."""
    config = tmp_path / "profiles.toml"
    config.write_text("[forecast]\nprophet_min_days = 100\nprophet_min_lines = 60\n", encoding="utf-8")
    vmi = ["--db", database_url, "--config", str(config)]
    assert run([*vmi, "import", str(company)]) == 0

    def plan(day: str) -> dict[str, bytes]:
        fitted.clear()
        assert run([*vmi, "plan", "--as-of", day, "--out", str(tmp_path / "out")]) == 0
        folder = tmp_path / "out" / day
        return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}

    return plan


def kept(engine: Engine, day: str) -> set[str]:
    """Return the nights on which the profiles of a day's plan were fitted."""
    with engine.connect() as connection:
        chosen = select(PROFILES.c.fitted_on).join(runs.RUNS, runs.RUNS.c.run_id == PROFILES.c.run_id)
        found = connection.scalars(
            chosen.where(runs.RUNS.c.as_of == date.fromisoformat(day), runs.RUNS.c.state == "published")
        )
        return {f"{fitted_on:%Y-%m-%d}" for fitted_on in found}


def test_profiles_are_kept_between_nights_and_a_night_planned_again_is_the_same(
    plan: Callable[[str], dict[str, bytes]], fitted: list[str], database_url: str
) -> None:
    engine = open_engine(database_url)
    first = plan(FRIDAY)
    everything = len(fitted)
    assert everything > 3
    assert kept(engine, FRIDAY) == {FRIDAY}
    second = plan(SATURDAY)
    assert len(fitted) < everything
    assert kept(engine, SATURDAY) <= {FRIDAY, SATURDAY}
    assert plan(SATURDAY) == second
    assert plan(FRIDAY) == first
    assert len(fitted) == everything


def test_a_night_begins_with_the_hubs_and_prices_of_the_plan_before_and_never_of_its_own(
    plan: Callable[[str], dict[str, bytes]], database_url: str
) -> None:
    engine = open_engine(database_url)
    plan(FRIDAY)
    with engine.connect() as connection:
        own, following = (gather.learned(connection, pd.Timestamp(day)) for day in (FRIDAY, SATURDAY))
        derived, prices = (
            read_plan(connection, runs.last_published(connection), name) for name in ("plan_derivations", "plan_prices")
        )
    assert own["hubs"].empty and own["prices"].empty
    hubs = derived.loc[derived["hub"] == derived["warehouse_id"], ["part_id", "warehouse_id"]]
    assert len(hubs) and following["hubs"].to_numpy().tolist() == hubs.to_numpy().tolist()
    assert sorted(following["prices"]["price"]) == sorted(prices["price"])


def test_lost_and_damaged_profiles_are_fitted_again(
    plan: Callable[[str], dict[str, bytes]], fitted: list[str], database_url: str
) -> None:
    engine = open_engine(database_url)
    plan(FRIDAY)
    everything = len(fitted)
    with engine.begin() as connection:
        connection.execute(update(PROFILES).values(coefficients="half a"))
    plan(SATURDAY)
    assert len(fitted) == everything
    with engine.begin() as connection:
        connection.execute(delete(PROFILES))
    plan(SUNDAY)
    assert len(fitted) == everything


@pytest.fixture
def judgements(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What each judgement of methods was told of the one before; the company's history is long enough for one."""
    previous: list[dict[str, str]] = []
    score = daily.score_windows

    def judge(trials: Sequence[daily.WindowTrial], before: dict[str, str]) -> pd.DataFrame:
        previous.append(before)
        return score(trials, before)

    monkeypatch.setattr(daily, "FEWEST_WEEKS", 8)
    monkeypatch.setattr(daily, "score_windows", judge)
    return previous


def test_methods_are_judged_once_a_week_and_a_night_planned_again_is_the_same(
    plan: Callable[[str], dict[str, bytes]], judgements: list[dict[str, str]], database_url: str
) -> None:
    first = plan(FRIDAY)
    assert judgements == [{}]
    second = plan(SATURDAY)
    assert len(judgements) == 1
    engine, scores = open_engine(database_url), table_of(PlanForecastScore)
    with engine.connect() as connection:
        found = connection.execute(select(scores.c.run_id, scores.c.judged_on).distinct()).all()
        chosen = dict(
            connection.execute(select(scores.c.demand_class, scores.c.method).where(scores.c.chosen == "Y")).all()
        )
    assert len(found) == 2
    assert {f"{judged_on}" for _, judged_on in found} == {FRIDAY}
    assert plan(SATURDAY) == second
    assert plan(FRIDAY) == first
    assert judgements == [{}, {}]
    plan(NEXT_FRIDAY)
    assert judgements[2:] == [chosen]
