"""Demand distributions for intermittent parts; knows nothing of vmi.

``forecasts.engine.forecast`` takes a :class:`forecasts.panel.Panel` and gives a :class:`forecasts.result.Forecast`.
"""
