"""The plan as one page for a person: ``render`` turns a ``ReportView`` into a self-contained HTML file."""
