"""Make the cases beside the tests importable."""
