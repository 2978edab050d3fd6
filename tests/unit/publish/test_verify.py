"""A staged plan that is not what was decided is not published."""

from pathlib import Path

import pandas as pd
import pytest

from vmi.frames import Situation
from vmi.publish.manifest import FileRecord, file_record
from vmi.publish.outputs import write_outputs
from vmi.publish.verify import VerificationFailed, verify

Outputs = dict[str, pd.DataFrame]


def restated(files: tuple[FileRecord, ...], folder: Path, path: str, rows: int) -> list[FileRecord]:
    """Return the records with that of ``path`` as if its present content had been meant."""
    return [file_record(path, (folder / path).read_bytes(), rows) if f.path == path else f for f in files]


def test_what_was_decided_and_written_passes(tmp_path: Path, situation: Situation, outputs: Outputs) -> None:
    verify(tmp_path, write_outputs(tmp_path, outputs, "P1", {"kpis.json": b"{}"}), situation, outputs)


def test_a_file_that_changed_or_vanished_on_the_disk_is_named(
    tmp_path: Path, situation: Situation, outputs: Outputs
) -> None:
    files = write_outputs(tmp_path, outputs, "P1")
    (tmp_path / "targets.csv").write_bytes(b"torn")
    (tmp_path / "transfers.csv").unlink()
    with pytest.raises(VerificationFailed) as failed:
        verify(tmp_path, files, situation, outputs)
    assert failed.value.faults == ("targets.csv: differs from what was written", "transfers.csv: is missing")


def test_a_line_in_another_suppliers_file_is_named(tmp_path: Path, situation: Situation, outputs: Outputs) -> None:
    files = write_outputs(tmp_path, outputs, "P1")
    strange = tmp_path / "replenishment/S2.csv"
    strange.write_bytes(strange.read_bytes().replace(b",S2,", b",S1,"))
    with pytest.raises(VerificationFailed) as failed:
        verify(tmp_path, restated(files, tmp_path, "replenishment/S2.csv", 1), situation, outputs)
    assert failed.value.faults == ("replenishment/S2.csv: holds a line of S1",)


def test_lost_lines_are_counted_in_the_file_and_against_the_decision(
    tmp_path: Path, situation: Situation, outputs: Outputs
) -> None:
    files = write_outputs(tmp_path, outputs, "P1")
    path = tmp_path / "targets.csv"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(VerificationFailed) as failed:
        verify(tmp_path, restated(files, tmp_path, "targets.csv", 2), situation, outputs)
    assert failed.value.faults == ("targets.csv: 1 lines where 2 were written, or cells lost",)
    with pytest.raises(VerificationFailed) as failed:
        verify(tmp_path, restated(files, tmp_path, "targets.csv", 1), situation, outputs)
    assert failed.value.faults == ("targets: 2 lines were decided, 1 written",)


def test_a_plan_that_breaks_a_rule_is_not_published(tmp_path: Path, situation: Situation, outputs: Outputs) -> None:
    outputs["targets"] = outputs["targets"].assign(target_qty=-1)
    with pytest.raises(VerificationFailed, match="not published:\ntargets: target_qty is negative"):
        verify(tmp_path, write_outputs(tmp_path, outputs, "P1"), situation, outputs)
