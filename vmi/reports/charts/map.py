"""A plain map of cities by latitude and longitude: each in the colour of the warehouse that covers it first."""

import math
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup, escape

from vmi.reports import palette
from vmi.reports.charts import svg

WIDTH, MARGIN, TALLEST = 560, 40, 520


@dataclass(frozen=True)
class _Plane:
    west: float
    north: float
    per_degree: float
    squeeze: float

    def at(self, latitude: float, longitude: float) -> svg.Point:
        x = MARGIN + (longitude - self.west) * self.squeeze * self.per_degree
        return x, MARGIN + (self.north - latitude) * self.per_degree


def coverage_map(cities: pd.DataFrame, sites: pd.DataFrame, colours: dict[str, str], label: str) -> Markup:
    """Draw the map.

    Parameters
    ----------
    cities
        Columns city, latitude, longitude, centres, warehouse_id (empty where nobody covers it within the promise).
    sites
        Columns warehouse_id, city, latitude, longitude.
    """
    cities = cities.dropna(subset=["latitude", "longitude"]).sort_values("city")
    sites = sites.dropna(subset=["latitude", "longitude"]).sort_values("warehouse_id")
    if cities.empty and sites.empty:
        return Markup("")
    plane, height = _plane(pd.concat([cities[["latitude", "longitude"]], sites[["latitude", "longitude"]]]))
    shapes = _graticule(plane, height)
    place = dict(zip(sites["warehouse_id"], _positions(sites, plane), strict=True))
    shapes += _cities(cities, plane, place, colours)
    for site, (x, y) in place.items():
        shapes.append(
            svg.rect(x - 5, y - 5, 10, 10, fill=colours.get(site, palette.INK), stroke="#fff", stroke_width=1.5)
        )
    shapes += _labels(place, dict(zip(cities["city"], _positions(cities, plane), strict=True)))
    return svg.picture(WIDTH, height, shapes, label)


def _plane(points: pd.DataFrame) -> tuple[_Plane, int]:
    """Fit all points; degrees of longitude shrink with the cosine of the middle latitude."""
    south, north = float(points["latitude"].min()), float(points["latitude"].max())
    west, east = float(points["longitude"].min()), float(points["longitude"].max())
    squeeze = math.cos(math.radians((south + north) / 2))
    across, down = max((east - west) * squeeze, 0.5), max(north - south, 0.5)
    per_degree = min((WIDTH - 2 * MARGIN) / across, (TALLEST - 2 * MARGIN) / down)
    spare = (WIDTH - 2 * MARGIN) / per_degree - (east - west) * squeeze
    plane = _Plane(west - spare / 2 / squeeze, north, per_degree, squeeze)
    return plane, round(2 * MARGIN + down * per_degree)


def _positions(places: pd.DataFrame, plane: _Plane) -> list[svg.Point]:
    return [plane.at(float(a), float(b)) for a, b in zip(places["latitude"], places["longitude"], strict=True)]


def _graticule(plane: _Plane, height: int) -> list[str]:
    shapes: list[str] = []
    south = plane.north - (height - 2 * MARGIN) / plane.per_degree
    east = plane.west + (WIDTH - 2 * MARGIN) / plane.per_degree / plane.squeeze
    step = 5 if max(plane.north - south, east - plane.west) > 8 else 1
    for degree in range(math.ceil(south / step) * step, math.floor(plane.north) + 1, step):
        y = plane.at(degree, plane.west)[1]
        shapes.append(svg.line((0, y), (WIDTH, y), stroke="#eef1f4"))
        shapes.append(svg.text(2, y - 3, f"{degree}° N" if degree >= 0 else f"{-degree}° S", class_="grid"))
    for degree in range(math.ceil(plane.west / step) * step, math.floor(east) + 1, step):
        x = plane.at(plane.north, degree)[0]
        shapes.append(svg.line((x, 0), (x, height), stroke="#eef1f4"))
        shapes.append(svg.text(x + 3, height - 4, f"{degree}° E" if degree >= 0 else f"{-degree}° W", class_="grid"))
    return shapes


def _cities(cities: pd.DataFrame, plane: _Plane, sites: dict[str, svg.Point], colours: dict[str, str]) -> list[str]:
    spokes: list[str] = []
    dots: list[str] = []
    for city, here in zip(cities.to_dict("records"), _positions(cities, plane), strict=True):
        radius = 2.6 + 1.1 * math.sqrt(float(city["centres"]))
        site = str(city["warehouse_id"])
        colour = colours.get(site, palette.BAD)
        if site in sites:
            spokes.append(svg.line(here, sites[site], stroke=colour, stroke_width=1, stroke_opacity=0.45))
        name = svg.element("title", str(escape(f"{city['city']}: {site or 'not covered'}")))
        fill = colour if site else "#fff"
        dots.append(
            svg.element(
                "circle", name, cx=here[0], cy=here[1], r=radius, fill=fill, stroke=colour if not site else "#fff"
            )
        )
    return spokes + dots


class _Labels:
    """Places texts beside points where least lies in the way."""

    def __init__(self, points: list[svg.Point]) -> None:
        self.points = points
        self.boxes: list[tuple[float, float, float, float]] = []
        self.shapes: list[str] = []

    def _crowd(self, left: float, base: float, broad: float) -> int:
        right, top = left + broad, base - 10
        points = sum(left - 4 < x < right + 4 and top - 3 < y < base + 4 for x, y in self.points)
        over = sum(left < r and right > a and top < b and base > t for a, t, r, b in self.boxes)
        return points + 4 * over + 9 * (left < 0 or right > WIDTH)

    def write(self, words: str, at: svg.Point, given: tuple[str, float], must: bool) -> None:
        """Write beside ``at`` in class and letter breadth ``given``; unless it ``must``, only where there is room."""
        (x, y), (look, per_letter) = at, given
        broad = svg.breadth(words, per_letter)
        sides = [(x + 9, y + 4), (x - 9 - broad, y + 4), (x - broad / 2, y - 9), (x - broad / 2, y + 18)]
        crowds = [self._crowd(left, base, broad) for left, base in sides]
        least = min(crowds)
        if must or least == 0:
            left, base = sides[crowds.index(least)]
            self.boxes.append((left, base - 10, left + broad, base))
            self.shapes.append(svg.text(left, base, words, class_=look))


def _labels(sites: dict[str, svg.Point], cities: dict[str, svg.Point]) -> list[str]:
    """Write every warehouse's id, then the cities' names as far as there is room for them."""
    labels = _Labels([*sites.values(), *cities.values()])
    for site, at in sites.items():
        labels.write(site, at, ("site", 7.0), must=True)
    for city, at in cities.items():
        labels.write(city, at, ("city", 5.4), must=False)
    return labels.shapes
