"""Nights lived before they are signed: the simulation from the command line, on a company that is only read."""

import gzip
import hashlib
import io
import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from tests.unit.simulate.small_company import company as small_company
from vmi import lives as running
from vmi import simulating
from vmi.cli import run
from vmi.config import Config, load_config
from vmi.errors import UsageProblem
from vmi.lives import MARKER, Run, live_all
from vmi.simulate.company import Company
from vmi.simulate.live import Life, Span, live
from vmi.simulate.outcome import COST_KINDS, Outcome
from vmi.simulate.policies import make_policy
from vmi.simulate.policy import Decisions, View
from vmi.store import replay
from vmi.store.engine import open_engine, read_only

pytestmark = pytest.mark.xdist_group("lived")
SPAN = Span(pd.Timestamp("2026-11-06"), pd.Timestamp("2026-11-13"))
KINDS = [f"{kind}_cny" for kind in COST_KINDS]


@pytest.fixture(scope="module")
def config(quick_config: Path) -> Config:
    return load_config(quick_config)


@pytest.fixture(scope="module")
def lived_company(tmp_path_factory: pytest.TempPathFactory, company: Path, quick_config: Path) -> Company:
    """The small company at the close of the day before SPAN."""
    db = tmp_path_factory.mktemp("lived") / "lived.db"
    arguments = ["--db", str(db), "--config", str(quick_config)]
    assert run([*arguments, "init"]) == 0
    assert run([*arguments, "import", str(company)]) == 0
    with read_only(open_engine(str(db))) as connection:
        opening = replay.opening_at(connection, SPAN.eve, "Asia/Shanghai")
        orders = replay.orders_between(connection, SPAN.first, SPAN.last, "Asia/Shanghai")
    return Company(opening, orders, opening.closures.iloc[:0])


@pytest.fixture(scope="module")
def lives(lived_company: Company, config: Config) -> Callable[[str], Outcome]:
    known: dict[str, Outcome] = {}

    def lived(label: str) -> Outcome:
        if label not in known:
            known[label] = live(Life(lived_company, config, make_policy(label, lived_company.orders), SPAN, seed=1))
        return known[label]

    return lived


@pytest.mark.parametrize(
    "label", ["vmi", "textbook:1", "zero_inventory", "heavy_stock", "forward_stock", "clairvoyant"]
)
def test_units_and_money_add_up_every_night(lives: Callable[[str], Outcome], label: str) -> None:
    outcome = lives(label)
    moved, nights = outcome.movements, outcome.nights
    came = moved["opening"] + moved["received"] + moved["transferred_in"]
    went = moved["delivered"] + moved["returned"] + moved["transferred_out"] + moved["closing"]
    assert (came == went).all()
    # What closes one night opens the next on which the pair moves.
    ordered = moved.sort_values("night")
    before = ordered.groupby(["part_id", "warehouse_id"])["closing"].shift()
    assert (before.isna() | before.eq(ordered["opening"])).all()
    fen = (nights[KINDS] * 100).round().astype(int).sum(axis=1)
    assert fen.tolist() == (nights["total_cny"] * 100).round().astype(int).tolist()
    assert nights["night"].tolist() == list(pd.date_range(SPAN.first, SPAN.last))
    assert nights["units_shipped"].sum() == moved["delivered"].sum() > 0


def test_every_policy_meets_the_same_orders_and_the_same_promises(lives: Callable[[str], Outcome]) -> None:
    same = ["lines_ordered", "units_ordered", "lines_due", "same_day_ordered"]
    one, other = (lives(label).nights[same] for label in ("vmi", "heavy_stock"))
    pd.testing.assert_frame_equal(one, other)


def test_more_stock_serves_no_worse_and_costs_more_to_carry(lives: Callable[[str], Outcome]) -> None:
    heavy, none = lives("heavy_stock").nights, lives("zero_inventory").nights
    assert heavy["carrying_cny"].sum() > none["carrying_cny"].sum()
    assert heavy["lines_on_time"].sum() >= none["lines_on_time"].sum()


@pytest.mark.parametrize("label", ["vmi", "textbook:1"])
def test_what_is_planted_in_the_future_changes_nothing_before_it(
    lives: Callable[[str], Outcome], lived_company: Company, config: Config, label: str
) -> None:
    secret_on = pd.Timestamp("2026-11-12", tz="Asia/Shanghai")
    orders = lived_company.orders
    future = orders["ordered_at"].ge(secret_on)
    assert future.any()
    planted = orders.assign(qty=orders["qty"].where(~future, orders["qty"] * 50))
    weather = lived_company.opening.weather
    storm = {"city": "上海", "from": secret_on.tz_localize(None) + pd.Timedelta(days=3), "severity": "red"}
    storm |= {"to": storm["from"], "transit_delay_hours": 48.0, "demand_factor": 9.0}
    opening = replace(lived_company.opening, weather=pd.concat([weather, pd.DataFrame([storm])], ignore_index=True))
    changed = live(
        Life(Company(opening, planted, lived_company.surprises), config, make_policy(label, planted), SPAN, seed=1)
    )
    past = changed.nights["night"].lt(secret_on.tz_localize(None))
    # What falls due and whether it came is known later: of those days it may be told with hindsight.
    known = [c for c in changed.nights if not str(c).endswith("_on_time")]
    pd.testing.assert_frame_equal(changed.nights.loc[past, known], lives(label).nights.loc[past, known])
    moved = lives(label).movements
    before = changed.movements["night"].lt(secret_on.tz_localize(None))
    pd.testing.assert_frame_equal(
        changed.movements[before].reset_index(drop=True),
        moved[moved["night"].lt(secret_on.tz_localize(None))].reset_index(drop=True),
    )
    assert not changed.nights.loc[~past, known].equals(lives(label).nights.loc[~past, known])


def test_a_run_that_is_left_in_the_middle_goes_on_as_if_nothing_had_happened(
    lives: Callable[[str], Outcome], lived_company: Company, config: Config
) -> None:
    life = Life(lived_company, config, make_policy("vmi", lived_company.orders), SPAN, seed=1)
    for _ in range(4):
        life.live_a_day()
    again = live(pickle.loads(pickle.dumps(life)))
    pd.testing.assert_frame_equal(again.nights, lives("vmi").nights)
    assert again.kpis == lives("vmi").kpis


def test_runs_in_processes_give_the_same_frames(
    lives: Callable[[str], Outcome], lived_company: Company, config: Config, tmp_path: Path
) -> None:
    labels = ("textbook:1", "heavy_stock")
    runs = [
        Run(label, "", 1, lived_company, config, SPAN, kept=tmp_path / f"{n}.pickle") for n, label in enumerate(labels)
    ]
    for label, outcome in zip(labels, live_all(runs, processes=2), strict=True):
        pd.testing.assert_frame_equal(outcome.nights, lives(label).nights)
        pd.testing.assert_frame_equal(outcome.lines, lives(label).lines)


class Greedy:
    """A policy that sends back what is not there."""

    name, dispatches = "greedy", False

    def decide(self, view: View) -> Decisions:
        lot = view.situation.stock.query("status == 'available'").iloc[[0]]
        back = lot.assign(qty=lot["qty"] + 1, pick_up_on=view.situation.as_of + pd.Timedelta(days=1))
        return Decisions(returns=back)


def test_a_policy_that_asks_for_more_than_lies_there_is_refused_by_name(lived_company: Company, config: Config) -> None:
    with pytest.raises(UsageProblem, match=r"policy greedy, 2026-11-05: \d+ units of part \S+ are asked for at FW0\d"):
        Life(lived_company, config, Greedy(), SPAN, seed=1)


def test_one_at_a_time_the_first_policy_that_fails_ends_the_work_and_shows_where(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = []

    def broken(label: str, orders: pd.DataFrame) -> Greedy:
        begun.append(label)
        raise ZeroDivisionError("of mine")

    monkeypatch.setattr(running, "make_policy", broken)
    runs = [Run(label, "", 1, small_company(), Config(), SPAN) for label in ("textbook", "vmi")]
    with pytest.raises(RuntimeError) as failed:
        live_all(runs, processes=1)
    assert str(failed.value) == "textbook, seed 1: ZeroDivisionError: of mine"
    assert begun == ["textbook"]
    assert 'raise ZeroDivisionError("of mine")' in failed.value.__notes__[0]


def simulated(vmi: Callable[..., int], out: Path, *more: str) -> int:
    span = ("--from", "2026-11-10", "--to", "2026-11-13")
    return vmi("simulate", *span, "--policy", "textbook:1", "--out", out, *more)


def test_a_planner_compares_two_policies_and_reads_what_came_of_it(
    imported: Callable[..., int], tmp_path: Path
) -> None:
    out = tmp_path / "sim"
    assert simulated(imported, out, "--policy", "heavy_stock", "--compare") == 0
    assert sorted(p.name for p in out.iterdir()) == ["movements.csv.gz", "nights.csv", "report.html", "simulation.json"]
    assert not (tmp_path / "sim.unfinished").exists()
    told = json.loads((out / "simulation.json").read_text())
    assert [run["policy"] for run in told["runs"]] == ["textbook:1", "heavy_stock"]
    nights = pd.read_csv(out / "nights.csv", encoding="utf-8-sig")
    assert len(nights) == 8
    moved = pd.read_csv(io.BytesIO(gzip.decompress((out / "movements.csv.gz").read_bytes())), encoding="utf-8-sig")
    sums = moved.groupby("policy")["delivered"].sum()
    assert sums.to_dict() == nights.groupby("policy")["units_shipped"].sum().to_dict()
    page = (out / "report.html").read_text()
    assert "textbook:1" in page and "<script" not in page


def test_the_same_request_gives_the_same_bytes(imported: Callable[..., int], tmp_path: Path) -> None:
    hashes = []
    for name in ("one", "two"):
        assert simulated(imported, tmp_path / name, "--seed", "3") == 0
        hashes.append({p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in (tmp_path / name).iterdir()})
    assert hashes[0] == hashes[1]


def test_orders_are_drawn_from_the_forecast(imported: Callable[..., int], tmp_path: Path) -> None:
    span = ("--from", "2026-11-21", "--to", "2026-11-24", "--demand", "drawn")
    assert (
        imported("simulate", *span, "--policy", "textbook", "--out", tmp_path / "sim", "--seed", 2, "--seeds", 2) == 0
    )
    nights = pd.read_csv(tmp_path / "sim" / "nights.csv", encoding="utf-8-sig")
    ordered = nights.groupby("seed")["lines_ordered"].sum()
    assert ordered.index.tolist() == [2, 3] and (ordered > 0).all()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (("--to", "2027-01-01"), "outside the data"),
        (("--from", "2026-11-14"), "lies after"),
        (("--demand", "drawn"), "needs --seed"),
        (("--policy", "magic"), "'magic' is not known"),
        (("--set", "placement.penalty_x=3"), "penalty_x is unknown"),
        (("--close", "FW99"), "FW99"),
    ],
)
def test_what_cannot_be_lived_is_said_in_a_sentence(
    imported: Callable[..., int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changed: tuple[str, ...],
    said: str,
) -> None:
    assert simulated(imported, tmp_path / "sim", *changed) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "sim").exists()


DIGEST = "0123456789abcdef"


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        (["sim/thesis.txt"], "is not the folder of a simulation and is left alone"),
        (["sim"], "is a file"),
        (["sim/simulation.json", "sim/thesis.txt"], "holds thesis.txt, which no simulation writes"),
        (["sim/simulation.json", "sim/nights.csv/thesis.txt"], "holds nights.csv, which no simulation writes"),
        (["sim.unfinished"], "but sim.unfinished is none"),
        (["sim.unfinished/thesis.txt"], "but thesis.txt is none"),
        ([f"sim.unfinished/{DIGEST}/000.pickle"], f"but {DIGEST} is none"),
        ([f"sim.unfinished/{DIGEST}/{MARKER}", f"sim.unfinished/drafts/{MARKER}"], "but drafts is none"),
    ],
)
def test_what_somebody_else_has_put_there_is_left_alone(
    tmp_path: Path, theirs: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def gathered(*_: object) -> None:
        raise AssertionError("refused too late")

    monkeypatch.setattr(simulating, "_companies", gathered)
    assert run(["--db", str(tmp_path / "vmi.db"), "init"]) == 0
    for name in theirs:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("years of work")
    assert simulated(lambda *asked: run(["--db", str(tmp_path / "vmi.db"), *map(str, asked)]), tmp_path / "sim") == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert all((tmp_path / name).read_text() == "years of work" for name in theirs)


def test_the_folder_one_stands_in_is_filled_and_the_unfinished_runs_of_others_stay(
    imported: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "sim.unfinished" / DIGEST
    other.mkdir(parents=True)
    (other / MARKER).touch()
    (tmp_path / "sim").mkdir()
    monkeypatch.chdir(tmp_path / "sim")
    assert simulated(imported, Path()) == 0
    assert {path.name for path in (tmp_path / "sim").iterdir()} == set(simulating.FILES)
    assert [path.name for path in (tmp_path / "sim.unfinished").iterdir()] == [DIGEST]


def test_an_interrupted_run_is_gone_on_with_by_the_same_request_of_the_same_code(
    imported: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept: list[Path | None] = []

    def interrupted(runs: list[Run], processes: int) -> list[Outcome]:
        kept.extend(one.kept for one in runs)
        raise KeyboardInterrupt

    code = tmp_path / "code" / "policy.py"
    code.parent.mkdir()
    monkeypatch.setattr(simulating, "CODE", (code.parent,))
    monkeypatch.setattr(simulating, "live_all", interrupted)
    for text, more in (("1", ()), ("1", ()), ("2", ()), ("1", ("--seed", "2"))):
        code.write_text(text)
        assert simulated(imported, tmp_path / "sim", *more) == 130
        assert "interrupted; give the same command again to go on" in capsys.readouterr().err
    assert kept[0] == kept[1]
    assert len(set(kept)) == 3


def test_the_code_is_told_by_names_and_bytes_of_its_python_files(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x")
    before = simulating.code_digest([tmp_path])
    (tmp_path / "a.pyc").write_text("compiled")
    assert simulating.code_digest([tmp_path]) == before
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    assert simulating.code_digest([tmp_path]) != before
    assert {folder.name for folder in simulating.CODE} == {"vmi", "forecasts"}
