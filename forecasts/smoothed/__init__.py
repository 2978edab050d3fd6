"""Smooth, fast series: structural models weighed by their likelihood, and ETS."""
