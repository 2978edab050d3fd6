"""A hash of what a plan saw: the same content has the same digest, whatever the order of rows or the database."""

import hashlib

import numpy as np
import pandas as pd

from vmi.frames import Situation

HASH_KEY = "vmi-inputs-hash1"  # 16 bytes, as SipHash wants


def inputs_digest(situation: Situation) -> str:
    """Return the SHA-256 of a situation's content: its day, zone and every frame.

    A promise that a plan of the same day made is left out: the night planned again on the same files has the same
    digest, although the first planning has promised in between.
    """
    frames = {**situation.frames(), "open_orders": _inherited(situation.open_orders, situation.as_of)}
    digest = hashlib.sha256(f"{situation.as_of:%Y-%m-%d} {situation.timezone}".encode())
    for name in sorted(frames):
        digest.update(f"\n{name} ".encode() + frame_digest(frames[name]))
    return digest.hexdigest()


def frame_digest(frame: pd.DataFrame) -> bytes:
    """Return the SHA-256 of a frame's rows as a multiset; columns by name, numbers to 6 decimals."""
    columns = sorted(frame.columns)
    plain = pd.DataFrame({name: _plain(frame[name]) for name in columns})
    rows = np.asarray(pd.util.hash_pandas_object(plain, index=False, hash_key=HASH_KEY))
    # A total order of the rows' hashes stands for the rows in any order.
    content = np.sort(rows).astype("<u8").tobytes()
    return hashlib.sha256(" ".join(columns).encode() + b"\0" + content).digest()


def _plain(column: pd.Series) -> pd.Series:
    """Return a column in a form that does not depend on how it was read: text, float64 or microseconds."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return column.dt.tz_convert("UTC").dt.tz_localize(None).astype("M8[us]")
    if column.dtype.kind == "M":
        return column.astype("M8[us]")
    if column.dtype.kind in "iuf":
        # + 0.0 makes of -0.0 a 0.0
        return column.astype("float64").round(6) + 0.0
    return column.astype(object)


def _inherited(open_orders: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    if "promised_on" not in open_orders:
        return open_orders
    own = open_orders["promised_on"].ge(as_of)
    inherited = open_orders.assign(first_promise=open_orders["first_promise"].where(~own))
    return inherited.drop(columns="promised_on")
