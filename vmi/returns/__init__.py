"""Returns and transfers: what leaves a warehouse because its return window ends, and what moves elsewhere first."""
