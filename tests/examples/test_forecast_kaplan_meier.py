"""The example of Kaplan and Meier (1958), Nonparametric estimation from incomplete observations, JASA 53, section 2."""

import numpy as np
import pandas as pd
import pytest

from forecasts.counted.thresholds import Sampling, forecast_thresholds
from forecasts.history import History

COPIES = 1000


def test_kaplan_and_meiers_deaths_and_losses() -> None:
    """Deaths at 0.8, 3.1, 5.4, 9.2 months and losses at 1.0, 2.7, 7.0, 12.1 give P(t) = 0.875, 0.70, 0.525, 0.2625.

    Only the order counts: the eight times become demands of 1 to 8 units, losses sold-out periods. Every series has
    the same past and is copied, so that no feature differs and Laplace's corrections vanish.
    """
    lost = np.array([False, True, True, False, False, True, False, True])
    demand = np.full((8 * COPIES, 4), np.nan)
    demand[:, 0], demand[:, 3] = 1.0, np.repeat(np.arange(1.0, 9.0), COPIES)
    bound = np.zeros(demand.shape, dtype=bool)
    bound[:, 3] = np.repeat(lost, COPIES)
    ids = pd.Index([f"{row:05d}" for row in range(len(demand))])
    history = History(ids, demand, bound, pd.DataFrame(index=ids))
    found = forecast_thresholds(history, [1], sampling=Sampling(series=len(demand)))
    assert (found.nodes[0, :9] == np.arange(9)).all()
    death = [1, 4, 5, 7]
    assert found.above[0, 0, death] == pytest.approx([0.875, 0.70, 0.525, 0.2625], abs=1e-3)
    assert found.above[0, 0, [2, 3, 6]] == pytest.approx([0.875, 0.875, 0.525], abs=1e-3)
