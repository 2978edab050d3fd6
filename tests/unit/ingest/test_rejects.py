"""The file of rejects as a spreadsheet opens it."""

from pathlib import Path

import numpy as np

from vmi.ingest.rejects import COLUMNS, gather_rejects, no_rejects, reject_rows, write_rejects


def test_the_file_has_a_mark_crlf_and_no_cell_that_runs(tmp_path: Path) -> None:
    values = ["=1+1", "-5", "-5x", "@x", "\tx", "+1e3", "博,世"]
    lines = np.arange(2, 9)
    write_rejects(tmp_path / "r.csv", reject_rows("parts.csv", lines, "name", values, "rule", "mend {value}"))
    content = (tmp_path / "r.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbffile,line,column,value,rule,mend\r\n")
    assert content.count(b"\n") == content.count(b"\r\n") == 8
    shown = [line.split(",")[3] for line in content.decode("utf-8-sig").splitlines()[1:7]]
    assert shown == ["'=1+1", "-5", "'-5x", "'@x", "'\tx", "+1e3"]
    assert '"博,世",rule,"mend 博,世"' in content.decode()


def test_values_are_cut_to_200_characters() -> None:
    reject = reject_rows("f", np.array([2]), "c", ["x" * 500], "rule", "mend")
    assert reject["value"][0] == "x" * 200


def test_rejects_are_in_line_order() -> None:
    pieces = [reject_rows("f", np.array(at), "c", ["v"] * len(at), "r", "m") for at in ([9, 3], [4], [])]
    assert gather_rejects(pieces)["line"].tolist() == [3, 4, 9]


def test_no_rejects_is_a_header(tmp_path: Path) -> None:
    write_rejects(tmp_path / "r.csv", no_rejects())
    assert (tmp_path / "r.csv").read_bytes() == b"\xef\xbb\xbf" + ",".join(COLUMNS).encode() + b"\r\n"
