"""Charts as inline SVG, made here and not in the browser: the same bytes every time, and they print."""
