"""How far back a review looks."""

from vmi.config import Config
from vmi.past import PastParameters


def past_reach(config: Config) -> PastParameters:
    """Return the reach that the figures and the scorecards of ``config`` need."""
    # A line counts when its promise falls due: a week more than the window holds the orders before it.
    order_days = max(31 * config.scorecards.months, config.kpi.kpi_days) + 7
    return PastParameters(order_days=order_days, on_hand_days=config.kpi.kpi_days)
