"""So many days of demand of everything, as many companies run their stock: light in front, or heavy everywhere."""

from abc import abstractmethod

import numpy as np

from vmi.placement.problem import Mask
from vmi.simulate.policies.stocking import Board, Levels, StockPolicy


class DaysOfCover(StockPolicy):
    """Base stock of the demand of the lead time and so many days more, at least a unit of what counts as sold.

    Parameters
    ----------
    name
        The label.
    days
        Days of demand to hold.
    """

    def __init__(self, name: str, days: float) -> None:
        super().__init__(name)
        self.days = days

    @abstractmethod
    def sold(self, board: Board) -> Mask:
        """Return of what at least a unit is held."""

    def levels(self, board: Board) -> Levels:
        """Return the base stock."""
        needed = board.usual.mean * (board.lead_days + self.days)
        return Levels.base_stock(np.maximum(needed, self.sold(board)))


class ForwardStock(DaysOfCover):
    """The warehouse of first cover holds days of its own demand, and a unit of what sold there in the last year."""

    def sold(self, board: Board) -> Mask:
        """Return what sold in the last year."""
        return board.usual.sold_year


class HeavyStock(DaysOfCover):
    """Days of everything, and a unit of every part that ever sold in the region."""

    def sold(self, board: Board) -> Mask:
        """Return what ever sold."""
        return board.usual.sold_ever
