"""A published folder is held against the inputs it came from, by reading files alone."""

from pathlib import Path

import pandas as pd
import pytest

from vmi.publish.audit import audit_folder, main, read_situation
from vmi.publish.manifest import InputRecord, PlanStamp, manifest_bytes
from vmi.publish.outputs import write_outputs

Outputs = dict[str, pd.DataFrame]

INPUTS = {
    "suppliers": "supplier_id,return_window_days\nS1,\nS2,60\n",
    "parts": (
        "part_id,supplier_id,unit_cost,volume_l,pack_qty,min_order_qty,hazmat,successor_id\n"
        "P0,S1,12.5,100,1,1,N,P1\nP1,S1,12.5,100,4,8.0,N,\nP2,S2,300,500,1,,Y,\nP3,S9,1,1,1,1,N,\n"
    ),
    "warehouses": "warehouse_id,city,capacity_m3,hazmat_capacity_m3\nW1,上海,3,1\nW2,杭州,2,\n",
    "centres": "centre_id,city\nC1,上海\nC2,杭州\n",
    "lanes": (
        "warehouse_id,city,service,transit_hours,cut_off\n"
        "W1,上海,standard,10,17:00\nW1,上海,same_day,3,14:00\nW2,杭州,standard,12,\n"
    ),
    "supply": "supplier_id,warehouse_id,lead_time_days\nS1,W1,5\n",
    "stock": (
        "warehouse_id,part_id,lot_id,received_on,qty,status\n"
        "W1,P1,L1,2026-11-01,5,\nW2,P1,L2,2026-08-01,6,available\nW1,P2,L3,2026-11-10,9,quarantine\nW1,P1,L4,2026-08-01,x,\n"
    ),
    "availability": "part_id,available_qty,available_on\nP1,8,\nP1,4,2026-11-25\n",
    "inbound": "shipment_id,line_no,part_id,warehouse_id,qty,eta_on\nI1,1,P1,W1,2,2026-11-23\n",
    "orders": (
        "order_id,line_no,ordered_at,centre_id,part_id,qty,service,status,first_promise\n"
        "O1,1,2026-11-20T10:00:00,C1,P0,3,,open,2026-11-22T08:00:00+08:00\n"
        "O2,1,2026-11-20T07:00:00Z,C1,P1,1,same_day,open,\n"
        "O3,1,2026-11-21T00:00:01,C1,P1,1,standard,open,\n"
        "O4,1,2026-11-19T10:00:00,C1,P1,1,standard,shipped,\n"
        "O5,1,2026-11-19T10:00:00,C1,P9,1,standard,open,\n"
    ),
}


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    folder = tmp_path / "inputs"
    folder.mkdir()
    for name, text in INPUTS.items():
        (folder / f"{name}.csv").write_text(text, encoding="gb18030" if name == "centres" else "utf-8")
    return folder


def published(folder: Path, outputs: Outputs) -> Path:
    folder.mkdir()
    files = write_outputs(folder, outputs, "P1", {"kpis.json": b"{}\n", "report.html": b"<html>"})
    stamp = PlanStamp("P1", "2026-11-20", "0.1", "1", "ab" * 32)
    (folder / "manifest.json").write_bytes(manifest_bytes(stamp, [InputRecord("parts", 4, "cd" * 32)], files))
    return folder


def test_a_plan_that_keeps_every_rule_passes(
    tmp_path: Path, inputs: Path, outputs: Outputs, capsys: pytest.CaptureFixture[str]
) -> None:
    out = published(tmp_path / "2026-11-20", outputs)
    assert audit_folder(inputs, out) == []
    assert main([str(inputs), str(out)]) == 0
    assert "keeps every rule" in capsys.readouterr().out
    assert main([]) == 2


def test_a_plan_without_returns_is_still_asked_for_the_lots_past_their_window(
    tmp_path: Path, inputs: Path, outputs: Outputs
) -> None:
    outputs["returns"] = outputs["returns"].iloc[:0]
    out = published(tmp_path / "2026-11-20", outputs)
    assert audit_folder(inputs, out) == ["returns: a lot past its return window stays: W2/P1/L2"]


def test_a_broken_rule_is_found_in_the_files(tmp_path: Path, inputs: Path, outputs: Outputs) -> None:
    outputs["transfers"] = outputs["transfers"].assign(qty=3)
    out = published(tmp_path / "2026-11-20", outputs)
    assert audit_folder(inputs, out) == ["stock: a lot given out beyond what is on hand: W2/P1/L2"]
    assert main([str(inputs), str(out)]) == 1


def test_a_report_in_another_centres_file_is_found(tmp_path: Path, inputs: Path, outputs: Outputs) -> None:
    outputs["eta"] = outputs["eta"].assign(centre_id=["C1", "C2"])
    out = published(tmp_path / "2026-11-20", outputs)
    assert audit_folder(inputs, out) == ["eta: a line in another centre's report: O2/1"]


def test_a_file_that_was_changed_after_publication_is_found(tmp_path: Path, inputs: Path, outputs: Outputs) -> None:
    out = published(tmp_path / "2026-11-20", outputs)
    (out / "targets.csv").write_bytes(b"")
    assert audit_folder(inputs, out) == ["targets.csv differs from the manifest"]


def test_rows_that_no_import_takes_are_left_out_and_defaults_filled_in(inputs: Path) -> None:
    seen = read_situation(inputs, pd.Timestamp("2026-11-20"), "Asia/Shanghai")
    assert seen.parts["part_id"].tolist() == ["P0", "P1", "P2"]
    assert seen.stock["lot_id"].tolist() == ["L1", "L2", "L3"]
    assert seen.stock["status"].tolist() == ["available", "available", "quarantine"]
    assert seen.suppliers["return_window_days"].tolist() == [90, 60]
    assert seen.lanes["cut_off"].tolist() == ["17:00", "14:00", "17:00"]
    assert seen.open_orders["order_id"].tolist() == ["O1", "O2"]
    assert seen.open_orders["ordered_at"].dt.hour.tolist() == [10, 15]


def test_a_dispatch_is_judged_from_its_own_moment(tmp_path: Path, inputs: Path, outputs: Outputs) -> None:
    out = tmp_path / "2026-11-20T1740"
    out.mkdir()
    files = write_outputs(out, {name: outputs[name] for name in ("deliveries", "eta")}, "D1")
    stamp = PlanStamp("D1", "2026-11-20T17:40:00+08:00", "0.1", "1", "ab" * 32)
    (out / "manifest.json").write_bytes(manifest_bytes(stamp, [], files))
    assert audit_folder(inputs, out) == []
    stamp = PlanStamp("D1", "2026-11-20T14:00:00+08:00", "0.1", "1", "ab" * 32)
    (out / "manifest.json").write_bytes(manifest_bytes(stamp, [], files))
    assert audit_folder(inputs, out) == [
        "deliveries: a line that is not open: O2/1",
        "eta: a line that is not open: O2/1",
    ]
