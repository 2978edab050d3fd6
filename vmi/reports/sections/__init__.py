"""One module per section of the report: each turns the view into what the template shows, title first."""
