"""The colours of the page, one place. Contrast of text on white is above 4.5 : 1; no meaning rests on colour alone."""

INK = "#1c2430"
MUTED = "#5d6878"
RULE = "#dfe3e8"
ACCENT = "#23598f"
BAND = "#c9dcee"
HISTORY = "#a9b4c2"
HOLIDAY = "#f6ead2"
GOOD = "#1d7a5a"
BAD = "#b03a2e"
AMBER = "#c98a1b"

SITES = (
    *("#23598f", "#c4703d", "#3d8a6b", "#84559b", "#b3902f", "#4c9ab5", "#a8455c", "#66783a"),
    *("#8b6a4f", "#4a4fa3", "#2f7f86", "#9a5f2c"),
)
"""Warehouses, in the order of their ids."""

CLASSES = {
    "smooth": "#1f4e7d",
    "erratic": "#5f97c4",
    "intermittent": "#d6a04a",
    "lumpy": "#ab5638",
}
OTHER_CLASSES = ("#8d96a3", "#5d7d6b", "#a98fb5", "#c2c8d0")


def site_colours(ids: list[str]) -> dict[str, str]:
    """Return a colour per warehouse; they repeat after twelve, the labels do not."""
    return {site: SITES[n % len(SITES)] for n, site in enumerate(sorted(ids))}


def class_colours(names: list[str]) -> dict[str, str]:
    """Return a colour per demand class; the four of Syntetos, Boylan and Croston always have theirs."""
    others = sorted(name for name in names if name not in CLASSES)
    found = {name: OTHER_CLASSES[n % len(OTHER_CLASSES)] for n, name in enumerate(others)}
    return {name: CLASSES.get(name, found.get(name, MUTED)) for name in [*CLASSES, *others] if name in names}
