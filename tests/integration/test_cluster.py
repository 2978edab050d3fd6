"""Lives on the workers of a real Dask cluster: the same outcomes, kept where the folder is seen."""

import pickle
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from tests.dask_cluster import await_workers
from tests.unit.simulate.test_figures import FIRST, LAST, urgent_company
from vmi import cli
from vmi.config import Config
from vmi.errors import UsageProblem
from vmi.lives import MARKER, Run, live_all, live_one
from vmi.simulate.live import Span
from vmi.simulate.outcome import Outcome

pytestmark = pytest.mark.xdist_group("dask")
SPAN = Span(FIRST, LAST)
LABELS = ("forward_stock", "zero_inventory")


def config_at(address: str) -> Config:
    config = Config()
    return replace(config, forecast=replace(config.forecast, cluster=address))


def runs_of(labels: tuple[str, ...], config: Config, folder: Path | None = None) -> list[Run]:
    return [
        Run(label, "", 1, urgent_company(), config, SPAN, kept=folder / f"{n}.pickle" if folder else None)
        for n, label in enumerate(labels)
    ]


def test_lives_on_a_cluster_are_the_same_as_here_and_kept(dask_cluster: str, tmp_path: Path) -> None:
    await_workers(dask_cluster)
    folder = tmp_path / "sim.unfinished" / "digest"
    here = live_all(runs_of(LABELS, Config()), processes=1)
    there = live_all(runs_of(LABELS, config_at(dask_cluster), folder), processes=1)
    for one, other in zip(here, there, strict=True):
        for name in ("nights", "lines", "movements"):
            pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))
        assert one.kpis == other.kpis
    assert {path.name for path in folder.iterdir()} == {MARKER, "0.pickle", "1.pickle"}
    assert isinstance(pickle.loads((folder / "0.pickle").read_bytes()), Outcome)


def test_a_life_that_is_refused_on_a_cluster_is_told_by_name(dask_cluster: str) -> None:
    await_workers(dask_cluster)
    runs = runs_of(("no such policy", "nor this one"), config_at(dask_cluster))
    with pytest.raises(UsageProblem, match="no such policy, seed 1: "):
        live_all(runs, processes=1)


def test_a_machine_that_does_not_see_the_folder_keeps_nothing(tmp_path: Path) -> None:
    [run] = runs_of(LABELS[:1], Config(), tmp_path / "elsewhere")
    assert isinstance(live_one(run), Outcome)
    assert not (tmp_path / "elsewhere").exists()


def test_a_cluster_that_cannot_be_used_exits_2_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(settings: cli.Settings) -> None:
        live_all(runs_of(LABELS, config_at("pigeon://loft:1")), processes=1)

    monkeypatch.setattr(cli.Settings, "engine", refused)
    assert cli.run(["--db", str(tmp_path / "vmi.db"), "status"]) == 2
    assert "vmi: the Dask scheduler at pigeon://loft:1 cannot be reached" in capsys.readouterr().err
