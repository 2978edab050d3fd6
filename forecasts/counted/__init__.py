"""Pooled count models of slow and lumpy series: thresholds, Gamma-Poisson, and the season they share."""
