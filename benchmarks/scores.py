"""Scores of decile forecasts, defined as the yardsticks' score.py defines them, and demand classes to split them by."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

DECILES: Array = np.arange(1, 10) / 10
P90 = 8
"""Place of the 0.9 quantile among the deciles."""
ADI_CUT_OFF = 1.32
CV2_CUT_OFF = 0.49
CLASSES = ("smooth", "erratic", "intermittent", "lumpy", "none")


def weighted_quantile_loss(actual: Array, quantiles: Array) -> float:
    """Return the WQL: mean over the deciles of sum 2 x pinball / sum |actual|, pooled over series and steps.

    Parameters
    ----------
    actual
        Units, any shape; NaN = unknown, left out of every sum.
    quantiles
        Units, shape of ``actual`` and a last axis of the nine deciles.
    """
    known = np.isfinite(actual)
    y, q = actual[known][:, None], quantiles[known]
    loss = 2 * np.abs((y - q) * ((y <= q) - DECILES))
    return float(loss.sum(axis=0).mean() / np.abs(y).sum())


def coverage(actual: Array, upper: Array) -> float:
    """Return the share of known actuals that are at most ``upper`` (same shape); NaN if none is known."""
    known = np.isfinite(actual)
    return float((actual[known] <= upper[known]).mean()) if known.any() else float("nan")


def demand_classes(history: Array) -> npt.NDArray[np.str_]:
    """Return each series' class by ADI and CV² (Syntetos, Boylan and Croston 2005) of its history, shape (n, T).

    ADI: known periods per period with demand; CV²: of the demand of those periods; ``none``: no demand at all.
    """
    sold = np.where(history > 0, history, 0.0)
    active = (sold > 0).sum(axis=1)
    safe = np.maximum(active, 1)
    adi = np.isfinite(history).sum(axis=1) / safe
    cv2 = (sold**2).sum(axis=1) * safe / np.maximum(sold.sum(axis=1), 1e-12) ** 2 - 1
    quadrant = 2 * (adi >= ADI_CUT_OFF) + (cv2 >= CV2_CUT_OFF)
    return np.array(CLASSES)[np.where(active > 0, quadrant, 4)]


def coverage_by_class(classes: npt.NDArray[np.str_], actual: Array, upper: Array) -> dict[str, tuple[int, int]]:
    """Return (known cells, cells covered) of each class that has a known cell."""
    known, covered = np.isfinite(actual), actual <= upper
    counts = {name: (int(known[classes == name].sum()), int(covered[classes == name].sum())) for name in CLASSES}
    return {name: cells for name, cells in counts.items() if cells[0]}


def claims_by_class(classes: npt.NDArray[np.str_], actual: Array, claimed: Array) -> dict[str, float]:
    """Return the mean claim over the known cells of each class that has one."""
    known = np.isfinite(actual)
    cells = {name: claimed[classes == name][known[classes == name]] for name in CLASSES}
    return {name: float(of.mean()) for name, of in cells.items() if len(of)}
