"""(s, S) as the textbook has it: each warehouse alone, normal demand, one safety factor for all parts."""

import numpy as np

from vmi.simulate.policies.stocking import Board, Levels, StockPolicy


class Textbook(StockPolicy):
    """Periodic review with a reorder point (Silver, Pyke and Thomas 2017, sections 6.9 and 6.10).

    With demand of mean mu and standard deviation sigma a day, lead time L (standard deviation sd_L) and review cycle
    R::

        s = mu (L + R) + z sqrt((L + R) sigma^2 + mu^2 sd_L^2),    S = s + mu R

    s is rounded down, S up: after a review the position is then never below the exact s. An order that waits is
    always ordered for (s is at least -1), a part without demand only then.

    Parameters
    ----------
    name
        The label.
    z
        Safety factor; 1.64 covers 95 % of normal demand, a negative one keeps less than what is expected.
    """

    def __init__(self, name: str, z: float) -> None:
        super().__init__(name)
        self.z = z

    def levels(self, board: Board) -> Levels:
        """Return s and S."""
        mean, sd = board.usual.mean, board.usual.sd
        interval = board.lead_days + board.review_days
        spread = np.sqrt(interval * sd**2 + mean**2 * board.lead_sd_days**2)
        exact = (mean * interval + self.z * spread).round(6)
        reorder = np.where(mean > 0, np.maximum(np.floor(exact), -1.0), -1.0)
        up_to = np.where(mean > 0, np.ceil((exact + mean * board.review_days).round(6)), 0.0)
        return Levels(reorder.astype(np.int64), np.maximum(up_to, reorder + 1.0).astype(np.int64))
