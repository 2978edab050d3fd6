"""Demand distributions for intermittent parts; knows nothing of vmi."""
