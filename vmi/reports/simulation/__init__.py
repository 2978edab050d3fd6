"""A simulation as one page for a person: ``render_simulation`` turns a ``SimulationView`` into one HTML file."""
