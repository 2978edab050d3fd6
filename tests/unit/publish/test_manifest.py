"""The manifest says what a plan is made of, the same every time, and finds whatever differs."""

import json
from pathlib import Path

import numpy as np
import pytest

from vmi.publish.manifest import (
    FileRecord,
    InputRecord,
    PlanStamp,
    file_record,
    folder_faults,
    json_bytes,
    manifest_bytes,
    read_manifest,
)

STAMP = PlanStamp("P20261120-0123456789", "2026-11-20", "0.1.0", "1", "ab" * 32, "2026-12-31")


def plan(folder: Path) -> Path:
    (folder / "eta").mkdir(parents=True)
    contents = {"targets.csv": b"a\r\n1\r\n", "eta/C1.csv": b"b\r\n"}
    for path, content in contents.items():
        (folder / path).write_bytes(content)
    files = [file_record(path, content, content.count(b"\n") - 1) for path, content in contents.items()]
    (folder / "manifest.json").write_bytes(manifest_bytes(STAMP, [InputRecord("parts", 3, "cd" * 32)], files))
    return folder


def test_a_manifest_holds_what_the_contract_lists_in_a_fixed_order() -> None:
    files = [FileRecord("targets.csv", 2, 10, "ef" * 32), FileRecord("report.html", None, 5, "01" * 32)]
    inputs = [InputRecord("stock", 1, "aa" * 32), InputRecord("parts", 3, "bb" * 32)]
    gap = {"name": "placement", "objective": np.float64(1 / 3), "bound": 0.1 + 0.2, "gap": float("nan")}
    content = manifest_bytes(STAMP, inputs, files, [gap])
    assert content == manifest_bytes(STAMP, inputs[::-1], files[::-1], [gap])
    found = json.loads(content)
    assert list(found) == sorted(found)
    assert set(found) == {
        *("plan_id", "as_of", "engine_version", "contract_version", "config_sha256", "inputs", "files"),
        *("calendar_verified_through", "optimisations"),
    }
    assert [i["name"] for i in found["inputs"]] == ["parts", "stock"]
    assert found["files"][1] == {"path": "targets.csv", "rows": 2, "bytes": 10, "sha256": "ef" * 32}
    assert found["optimisations"] == [{"name": "placement", "objective": 0.333333, "bound": 0.3, "gap": None}]


def test_json_is_utf8_without_a_mark_and_without_a_negative_zero() -> None:
    assert json_bytes({"b": -1e-9, "a": "上海"}) == '{\n  "a": "上海",\n  "b": 0.0\n}\n'.encode()


def test_a_value_json_cannot_hold_is_an_error() -> None:
    with pytest.raises(TypeError, match="cannot be written as JSON"):
        json_bytes({"a": object()})


def test_a_whole_folder_has_no_faults(tmp_path: Path) -> None:
    folder = plan(tmp_path / "plan")
    assert folder_faults(folder) == []
    assert read_manifest(folder)["plan_id"] == STAMP.plan_id


def test_whatever_differs_from_the_manifest_is_named(tmp_path: Path) -> None:
    folder = plan(tmp_path / "plan")
    (folder / "targets.csv").write_bytes(b"a\r\n2\r\n")
    (folder / "eta/C1.csv").rename(folder / "eta/C2.csv")
    assert folder_faults(folder) == [
        "eta/C1.csv is missing",
        "eta/C2.csv is not in the manifest",
        "targets.csv differs from the manifest",
    ]


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"files": 1}'])
def test_a_manifest_that_cannot_be_read_is_a_fault_of_its_own(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(content)
    (fault,) = folder_faults(tmp_path)
    assert fault.startswith("manifest.json cannot be read")
