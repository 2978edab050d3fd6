"""The supplier ships to order: what "zero inventory" means when it is taken at its word."""

import numpy as np

from vmi.simulate.policies.stocking import Board, Levels, StockPolicy

FAST_LINES_A_WEEK = 1.0
FAST_SAFETY_FACTOR = 1.28
"""Covers 90 % of normal demand."""


class ZeroInventory(StockPolicy):
    """Order exactly what is backordered, each night; hold only fast parts.

    A part is fast at a warehouse if at least ``FAST_LINES_A_WEEK`` lines a week asked for it there over the last
    quarter: base stock mu (L + R) + z sqrt((L + R) sigma^2 + mu^2 sd_L^2), z = ``FAST_SAFETY_FACTOR``.
    """

    def levels(self, board: Board) -> Levels:
        """Return the base stock of fast parts, 0 for the others."""
        mean, sd = board.usual.mean, board.usual.sd
        interval = board.lead_days + board.review_days
        spread = np.sqrt(interval * sd**2 + mean**2 * board.lead_sd_days**2)
        fast = board.usual.weekly_lines >= FAST_LINES_A_WEEK
        return Levels.base_stock(np.where(fast, mean * interval + FAST_SAFETY_FACTOR * spread, 0.0))
