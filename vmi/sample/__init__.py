"""Write a synthetic company in the input format of the data contract, the same bytes for the same seed."""
