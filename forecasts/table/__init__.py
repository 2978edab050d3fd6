"""The long table of `python -m forecasts`: read, mended or refused by row; written as quantiles or paths."""
