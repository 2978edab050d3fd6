"""Frames become the contract's files, each to its own supplier or centre."""

import csv
import gzip
from pathlib import Path

import pandas as pd
import pytest

from vmi.publish.outputs import write_outputs

Outputs = dict[str, pd.DataFrame]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_output_is_written_with_its_header_even_without_lines(tmp_path: Path, outputs: Outputs) -> None:
    records = write_outputs(tmp_path, outputs, "P1", {"kpis.json": b"{}\n"})
    assert {r.path: r.rows for r in records} == {
        "deliveries.csv": 3,
        "eta/C1.csv": 2,
        "forecast.csv.gz": 1,
        "kpis.json": None,
        "replenishment/S1.csv": 1,
        "replenishment/S2.csv": 1,
        "returns/S1.csv": 1,
        "scorecards.csv": 0,
        "targets.csv": 2,
        "transfers.csv": 1,
        "worklist.csv": 0,
    }
    assert (tmp_path / "scorecards.csv").read_bytes().startswith(b"\xef\xbb\xbfmonth,scope,id,")
    assert gzip.decompress((tmp_path / "forecast.csv.gz").read_bytes()).endswith(b"1.25,0,1,3,gamma_poisson,N\r\n")


def test_a_suppliers_file_holds_that_suppliers_lines_alone(tmp_path: Path, outputs: Outputs) -> None:
    write_outputs(tmp_path, outputs, "P1")
    (line,) = rows(tmp_path / "replenishment/S2.csv")
    assert (line["supplier_id"], line["plan_id"], line["part_name"], line["reason"]) == ("S2", "P1", "电池, 12 V", "'-")


def test_the_order_of_rows_does_not_show(tmp_path: Path, outputs: Outputs) -> None:
    there, back = tmp_path / "there", tmp_path / "back"
    there.mkdir()
    back.mkdir()
    one = write_outputs(there, outputs, "P1")
    other = write_outputs(back, {name: frame.iloc[::-1] for name, frame in reversed(outputs.items())}, "P1")
    assert one == other


def test_a_supplier_that_is_a_path_is_refused_before_anything_is_written(tmp_path: Path, outputs: Outputs) -> None:
    only = {"replenishment": outputs["replenishment"].assign(supplier_id=["S1", "../../x"])}
    with pytest.raises(ValueError, match="not an identifier"):
        write_outputs(tmp_path, only, "P1")
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_the_contract_does_not_know_is_refused(tmp_path: Path, outputs: Outputs) -> None:
    with pytest.raises(KeyError, match="guesses"):
        write_outputs(tmp_path, {"guesses": outputs["targets"]}, "P1")
