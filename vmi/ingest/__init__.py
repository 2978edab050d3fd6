"""Read a folder of the company's files: frames of sound rows, rejects for the rest, refusals for whole files."""
