"""A small sound company as text, and what reading it gives; tests change one thing of it."""

import gzip
from datetime import date
from pathlib import Path

from vmi.ingest.intake import Intake, read_folder
from vmi.ingest.parameters import ImportParameters
from vmi.store.known import KnownKeys

TODAY = date(2026, 11, 20)
ZONE = "Asia/Shanghai"

SUPPLIERS = "supplier_id,name\nS1,Acme\nS2,博世\n"
PARTS = "part_id,name,supplier_id,unit_cost,successor_id\nNA,Pad,S1,12.5,\n00123,Disc,S1,80,\nP3,Lamp,S2,7.25,NA\n"
WAREHOUSES = "warehouse_id,city,capacity_m3\nW1,Shanghai,100\nW2,Chengdu,50\n"
CENTRES = "centre_id,city\nC1,Shanghai\nC2,Chengdu\n"
LANES = "warehouse_id,city,service,transit_hours\nW1,Shanghai,standard,10\nW2,Chengdu,standard,12\n"
SUPPLY = "supplier_id,warehouse_id,lead_time_days\nS1,W1,5\nS2,W2,6\n"
ORDER_HEADER = "order_id,line_no,ordered_at,centre_id,part_id,qty,status,warehouse_id,shipped_at,delivered_at\n"
ORDERS = (
    ORDER_HEADER
    + "O1,1,2026-11-18T09:00:00+08:00,C1,NA,2,delivered,W1,2026-11-18T18:00:00+08:00,2026-11-19T09:00:00+08:00\n"
    + "O2,1,2026-11-19T09:00:00+08:00,C2,00123,1,open,,,\n"
)
STOCK = "warehouse_id,part_id,lot_id,received_on,qty\nW1,NA,L1,2026-10-01,4\nW2,00123,L2,2026-11-01,0\n"

COMPANY = {
    "suppliers": SUPPLIERS,
    "parts": PARTS,
    "warehouses": WAREHOUSES,
    "centres": CENTRES,
    "lanes": LANES,
    "supply": SUPPLY,
    "orders": ORDERS,
    "stock": STOCK,
}


def write_company(folder: Path, **changed: str | bytes | None) -> Path:
    """Write the company with some files changed, added, or (``None``) left out; ``.gz`` content is given as bytes."""
    for name, content in {**COMPANY, **changed}.items():
        if content is not None:
            data = content.encode() if isinstance(content, str) else content
            packed = data.startswith(b"\x1f\x8b")
            (folder / f"{name}.csv{'.gz' if packed else ''}").write_bytes(data)
    return folder


def read(folder: Path, *, known: KnownKeys | None = None, share: float = 1.0, today: date = TODAY) -> Intake:
    """Read a folder; unless a test is about it, no share of broken references refuses it (the company is small)."""
    return read_folder(folder, today, ZONE, ImportParameters(max_reject_share=share), known or KnownKeys())


def read_changed(folder: Path, **changed: str | bytes | None) -> Intake:
    """Write the company with changes and read it, holding the books: imported and rejected are the rows read."""
    intake = read(write_company(folder, **changed))
    for file in intake.tables.values():
        assert file.imported == len(file.frame)
        assert file.imported + file.rejected == file.rows_read
    assert sum(f.rejected for f in intake.tables.values()) == len(intake.rejects)
    return intake


def only_reject(intake: Intake) -> dict[str, object]:
    """Return the one reject there must be, as a dictionary."""
    assert intake.refusals == []
    assert len(intake.rejects) == 1, intake.rejects.to_string()
    return dict(intake.rejects.iloc[0])


def packed(text: str) -> bytes:
    """Return the text as a gzip file."""
    return gzip.compress(text.encode(), mtime=0)
