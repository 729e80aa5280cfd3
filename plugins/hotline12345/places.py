"""Where an order is: a division's code where the row has one, else the names in the source's words; WGS 84 degrees."""

import re
from functools import lru_cache
from math import cos, degrees, pi, radians, sin, sqrt
from typing import Any

from hub.plugin import Place
from plugins.hotline12345.cells import Cells, Unreadable, decimal, path
from plugins.hotline12345.readings import Reading

__all__ = ["grid", "position", "to_wgs84"]

CODE = re.compile(r"\d{6}|\d{9}|\d{12}|\d{15}")
DIGITS = re.compile(r"\d+")
CHINA_EAST, CHINA_NORTH = (73.0, 136.0), (3.0, 54.0)
RADIUS, FLATTENING = 6378245.0, 0.00669342162296594323


def grid(cells: Cells, reading: Reading, district: str) -> dict[str, str | Place]:
    """A division's code, or a Place below the district; nothing where the row says nothing."""
    code = reading.first(cells, "grid_code")[1]
    if code is not None and CODE.fullmatch(code):
        return {"grid": code}
    if not reading.names:
        return {}
    place = named(district, path(reading.dialect, [cells[column] for column in reading.names if column in cells]))
    return {"grid": place} if place.names else {}


@lru_cache(maxsize=4096)
def named(district: str, names: tuple[str, ...]) -> Place:
    """The place of these names, among which numbers are none."""
    return Place(under=district, names=tuple([name for name in names if not DIGITS.fullmatch(name)]))


def position(cells: Cells, reading: Reading) -> dict[str, Any]:
    """Longitude and latitude of a row that has a column for both; "0" stands for nothing."""
    (name, east), (other, north) = reading.first(cells, "longitude"), reading.first(cells, "latitude")
    if name is None or other is None or east is None or north is None:
        return {"longitude": None, "latitude": None}
    longitude, latitude = decimal(name, east), decimal(other, north)
    if longitude == latitude == 0:
        return {"longitude": None, "latitude": None}
    if not (CHINA_EAST[0] < longitude < CHINA_EAST[1] and CHINA_NORTH[0] < latitude < CHINA_NORTH[1]):
        raise Unreadable(f"column {name}: {east}, {north} is not in China. Correct the coordinates at the hotline.")
    if reading.dialect.gcj02:
        longitude, latitude = to_wgs84(longitude, latitude)
    return {"longitude": round(longitude, 6), "latitude": round(latitude, 6)}


def to_wgs84(longitude: float, latitude: float) -> tuple[float, float]:
    """From GCJ-02, the shifted coordinates of Chinese maps, within a tenth of a metre."""
    east, north = longitude, latitude
    for _ in range(3):
        shift_east, shift_north = shift(east, north)
        east, north = longitude - shift_east, latitude - shift_north
    return east, north


def shift(longitude: float, latitude: float) -> tuple[float, float]:
    """By how many degrees GCJ-02 moves a place. Waves of a third of a length follow: sin 3a = 3 sin a - 4 sin³ a."""
    x, y, root = longitude - 105.0, latitude - 35.0, sqrt(abs(longitude - 105.0))
    short, long, tall = sin(2 * pi * x), sin(pi / 3 * x), sin(pi / 3 * y)
    waves = 80 * short * (1 - short * short)
    across = waves + long * (100 - 80 * long * long) + 150 * sin(pi / 12 * x) + 300 * sin(pi / 30 * x)
    along = waves + tall * (100 - 80 * tall * tall) + 160 * sin(pi / 12 * y) + 320 * sin(pi / 30 * y)
    east = 300 + x + 2 * y + 0.1 * (x * x + x * y + root) + across * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * (y * y + root) + 0.1 * x * y + along * 2 / 3
    angle = radians(latitude)
    curve = 1 - FLATTENING * sin(angle) ** 2
    bent = sqrt(curve)
    return degrees(east * bent / (RADIUS * cos(angle))), degrees(north * curve * bent / (RADIUS * (1 - FLATTENING)))
