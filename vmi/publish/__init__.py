"""Publishing: staged, verified, moved into place in one step, and recovered after any death in between."""
