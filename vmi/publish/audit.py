"""Hold a published folder against the folder of inputs it was planned from, from outside.

    python -m vmi.publish.audit INPUT_FOLDER OUT/2026-11-20

Reads the CSVs itself, as text, and shares no code with ingest, store or any room that plans. What only the database
knows, lines of earlier plans, is not seen. Input rows that break the contract are left out, as an import would.
"""

import gzip
import io
import sys
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from vmi import frames
from vmi.contract import INPUTS, OUTPUT, Column, InputFile
from vmi.frames import Situation
from vmi.publish.csv_out import FORMATS
from vmi.publish.invariants import violations
from vmi.publish.manifest import folder_faults, read_manifest
from vmi.publish.verify import output_name, table_faults

_NUMBERS = {"quantity", "money", "rate", "number"}
_OFFSET = r"(?:Z|[+-]\d\d:?\d\d)$"


def audit_folder(inputs: Path, out: Path, timezone: str = "Asia/Shanghai") -> list[str]:
    """Return every rule of the data contract that a published plan breaks.

    Parameters
    ----------
    inputs : Path
        The folder that was imported.
    out : Path
        The published folder, ``OUT/<as_of>``.
    timezone : str
        The planning time zone.

    Returns
    -------
    list of str
        One sentence a rule; empty for a plan that keeps them all.
    """
    faults = folder_faults(out)
    if faults:
        return faults
    manifest = read_manifest(out)
    for file in manifest["files"]:
        if file["rows"] is not None:
            faults += table_faults(file["path"], (out / file["path"]).read_bytes(), file["rows"])
    as_of = pd.Timestamp(manifest["as_of"])
    is_night = as_of.tzinfo is None
    situation = read_situation(inputs, as_of, timezone)
    return [*faults, *violations(situation, read_outputs(out, timezone), None if is_night else as_of)]


def read_outputs(out: Path, timezone: str) -> dict[str, pd.DataFrame]:
    """Return the tables of a published folder by the contract's names; ``eta`` with the centre_id of its file."""
    found: dict[str, list[pd.DataFrame]] = {}
    for path in sorted((*out.rglob("*.csv"), *out.rglob("*.csv.gz"))):
        name = output_name(str(path.relative_to(out)))
        frame = _typed_output(_read_text(path), timezone)
        found.setdefault(name, []).append(frame.assign(centre_id=path.stem) if name == "eta" else frame)
    # Suppliers without lines have no file; that there are none at all still says that returns were decided.
    if (out / "targets.csv").exists():
        for name in ("replenishment", "returns", "eta"):
            found.setdefault(name, [pd.DataFrame(columns=[*OUTPUT[name].columns, "centre_id"])])
    return {name: pd.concat(parts, ignore_index=True) for name, parts in found.items()}


def read_situation(inputs: Path, as_of: pd.Timestamp, timezone: str) -> Situation:
    """Return what a plan at ``as_of`` (a day, or a dispatch's moment) could see of a folder of inputs."""
    tables: dict[str, pd.DataFrame] = {}
    for file in INPUTS:
        tables[file.name] = _typed_input(_read_input(inputs, file), file, tables, timezone)
    orders = tables.pop("orders")
    close = as_of if as_of.tzinfo else (as_of + pd.Timedelta(days=1)).tz_localize(timezone)
    seen = orders[(orders["status"] == "open") & (orders["ordered_at"] <= close)]
    tables.pop("confirmations")
    return Situation(
        as_of=as_of.tz_localize(None).normalize(),
        timezone=timezone,
        usage=frames.USAGE.empty(),
        open_orders=seen,
        lane_times=frames.LANE_TIMES.empty(),
        open_plan_lines=frames.OPEN_PLAN_LINES.empty(),
        **tables,
    )


def _read_input(folder: Path, file: InputFile) -> pd.DataFrame:
    columns = [c.name for c in file.columns]
    for path in (folder / f"{file.name}.csv", folder / f"{file.name}.csv.gz"):
        if path.exists():
            return _read_text(path).reindex(columns=columns, fill_value="")
    return pd.DataFrame(columns=columns, dtype=object)


def _read_text(path: Path) -> pd.DataFrame:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030")
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)


def _typed_input(
    rows: pd.DataFrame, file: InputFile, tables: Mapping[str, pd.DataFrame], timezone: str
) -> pd.DataFrame:
    """Return rows with the contract's types and defaults, without those that no import would take."""
    usable = pd.Series(True, index=rows.index)
    typed = rows.apply(lambda column: column.str.strip())
    for column in file.columns:
        cells = typed[column.name]
        if column.default is not None:
            cells = cells.where(cells != "", str(column.default))
        values = _typed(cells, column, timezone)
        typed[column.name] = values
        usable &= (cells == "") | values.notna()
        if column.required:
            usable &= cells != ""
        if column.choices:
            usable &= cells.isin([*column.choices, ""])
        usable &= (cells == "") | _is_known(cells, column, tables, file, rows)
    return typed[usable].drop_duplicates(list(file.keys)).reset_index(drop=True)


def _is_known(
    cells: pd.Series, column: Column, tables: Mapping[str, pd.DataFrame], file: InputFile, rows: pd.DataFrame
) -> pd.Series:
    if column.references is None:
        return pd.Series(True, index=cells.index)
    name, key = column.references.split(".")
    return cells.isin(rows[key] if name == file.name else tables[name][key])


def _typed(cells: pd.Series, column: Column, timezone: str) -> pd.Series:
    if column.kind in _NUMBERS:
        values = pd.to_numeric(cells, errors="coerce").astype("float64")
        low, high = column.minimum, column.maximum
        return values.where(
            values.between(float("-inf") if low is None else low, float("inf") if high is None else high)
        )
    if column.kind == "date":
        return pd.to_datetime(cells, format="ISO8601", errors="coerce")
    if column.kind == "timestamp":
        return _moments(cells, timezone)
    return cells.str.zfill(5) if column.kind == "clock" else cells


def _typed_output(rows: pd.DataFrame, timezone: str) -> pd.DataFrame:
    typed = rows.copy()
    for column in rows.columns:
        kind = FORMATS.get(str(column), "text")
        if kind == "day":
            typed[column] = pd.to_datetime(rows[column], format="ISO8601", errors="coerce")
        elif kind == "moment":
            typed[column] = _moments(rows[column], timezone)
        elif kind != "text":
            typed[column] = pd.to_numeric(rows[column], errors="coerce").astype("float64")
    return typed


def _moments(cells: pd.Series, timezone: str) -> pd.Series:
    """Return moments in the planning zone; one without an offset is read in it."""
    has_offset = cells.str.contains(_OFFSET, regex=True)
    aware = pd.to_datetime(cells.where(has_offset, ""), format="ISO8601", utc=True, errors="coerce")
    naive = pd.to_datetime(cells.where(~has_offset, ""), format="ISO8601", errors="coerce")
    return aware.dt.tz_convert(timezone).fillna(naive.dt.tz_localize(timezone))


def main(arguments: list[str]) -> int:
    """Print what is broken; return 0 when nothing is."""
    if len(arguments) != 2:
        print("usage: python -m vmi.publish.audit INPUT_FOLDER OUT/<as_of>", file=sys.stderr)
        return 2
    faults = audit_folder(Path(arguments[0]), Path(arguments[1]))
    print("\n".join(faults) if faults else "The plan keeps every rule that can be checked from its files.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
