"""Distributions over counts: by mean and variance, or by exceedance at nodes."""
