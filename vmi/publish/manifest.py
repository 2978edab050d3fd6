"""The manifest: what makes a folder a published plan, and what it can be checked by.

Nothing in it depends on the clock, the machine or the folder it lies in, so that the same night gives the same bytes.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
_DECIMALS = 6


@dataclass(frozen=True)
class FileRecord:
    """A published file: path inside the plan, lines without the header (None where it is no table), bytes, hash."""

    path: str
    rows: int | None
    bytes: int
    sha256: str


@dataclass(frozen=True)
class InputRecord:
    """An input the plan was made from: its name, rows and the SHA-256 of its content."""

    name: str
    rows: int
    sha256: str


@dataclass(frozen=True)
class PlanStamp:
    """What identifies a plan, equal for equal inputs, configuration and version.

    ``as_of`` is an ISO day for a night and an ISO moment with its offset for a dispatch; ``calendar_verified_through``
    an ISO day, empty where no calendar is verified.
    """

    plan_id: str
    as_of: str
    engine_version: str
    contract_version: str
    config_sha256: str
    calendar_verified_through: str = ""


def file_record(path: str, content: bytes, rows: int | None = None) -> FileRecord:
    """Return the record of a file with that content."""
    return FileRecord(path, rows, len(content), hashlib.sha256(content).hexdigest())


def manifest_bytes(
    stamp: PlanStamp,
    inputs: Sequence[InputRecord],
    files: Sequence[FileRecord],
    optimisations: Sequence[Mapping[str, Any]] = (),
) -> bytes:
    """Return manifest.json: sorted keys, inputs by name, files by path, optimisations by name.

    Parameters
    ----------
    optimisations : sequence of mapping
        ``name``, ``objective``, ``bound``, ``gap`` and whatever else describes the solution; no running times.
    """
    return json_bytes(
        {
            **asdict(stamp),
            "inputs": [asdict(i) for i in sorted(inputs, key=lambda i: i.name)],
            "files": [asdict(f) for f in sorted(files, key=lambda f: f.path)],
            "optimisations": sorted((dict(o) for o in optimisations), key=lambda o: str(o["name"])),
        }
    )


def json_bytes(value: Any) -> bytes:
    """Return ``value`` as UTF-8 JSON that is the same everywhere: sorted keys, floats of six decimals, NaN as null."""
    return (json.dumps(_stable(value), ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False) + "\n").encode()


def _stable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _stable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_stable(item) for item in value]
    if value is None or isinstance(value, str | bool | int):
        return value
    if hasattr(value, "item"):
        return _stable(value.item())
    if isinstance(value, float):
        return round(value, _DECIMALS) + 0.0 if math.isfinite(value) else None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"cannot be written as JSON: {value!r}")


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a published folder.

    Raises
    ------
    ValueError
        When it is no JSON object.
    """
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    if not isinstance(manifest, dict):
        raise ValueError(f"{folder / MANIFEST} is not a manifest")
    return manifest


def folder_faults(folder: Path) -> list[str]:
    """Return what differs between a folder and its manifest, one sentence a file; empty when the plan is whole."""
    try:
        listed = {str(f["path"]): f for f in read_manifest(folder)["files"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        return [f"{MANIFEST} cannot be read: {error}"]
    present = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_symlink() or not p.is_dir()} - {MANIFEST}
    faults = [f"{name} is missing" for name in sorted(listed.keys() - present)]
    faults += [f"{name} is not in the manifest" for name in sorted(present - listed.keys())]
    for name in sorted(present & listed.keys()):
        content = (folder / name).read_bytes()
        if len(content) != listed[name]["bytes"] or hashlib.sha256(content).hexdigest() != listed[name]["sha256"]:
            faults.append(f"{name} differs from the manifest")
    return faults
