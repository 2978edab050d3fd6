"""Demand distributions for intermittent parts; knows nothing of vmi.

``read_history`` makes a :class:`~forecasts.history.History` of a long table, ``forecast`` a
:class:`~forecasts.forecaster.Forecast` of a history, ``backtest`` scores it at rolling origins. The nightly forecast of
sparse daily demand, with calendar profiles, is :func:`forecasts.daily.forecast_daily`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forecasts.forecaster import Forecast, backtest, forecast
    from forecasts.table.reading import read_history

__all__ = ["Forecast", "backtest", "forecast", "read_history"]

_ROOMS = {"Forecast": "forecaster", "backtest": "forecaster", "forecast": "forecaster", "read_history": "table.reading"}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: parameters are read where pandas is not wanted."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"forecasts.{_ROOMS[name]}"), name)
