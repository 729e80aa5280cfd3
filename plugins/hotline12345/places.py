"""Where an order is: a division's code where the row has one, else the names in the source's words; WGS 84 degrees."""

import math
import re
from typing import Any

from hub.plugin import Place
from plugins.hotline12345.cells import Row, Unreadable, decimal, first, path
from plugins.hotline12345.dialects import Dialect

__all__ = ["grid", "position", "to_wgs84"]

CODE = re.compile(r"\d{6}|\d{9}|\d{12}|\d{15}")
DIGITS = re.compile(r"\d+")
CHINA_EAST, CHINA_NORTH = (73.0, 136.0), (3.0, 54.0)
RADIUS, FLATTENING = 6378245.0, 0.00669342162296594323


def grid(row: Row, dialect: Dialect, district: str) -> dict[str, str | Place]:
    """A division's code, or a Place below the district; nothing where the row says nothing."""
    code = first(row, dialect, "grid_code")[1]
    if code is not None and CODE.fullmatch(code):
        return {"grid": code}
    names = tuple(name for name in path(row, dialect, dialect.fields.get("names", ())) if not DIGITS.fullmatch(name))
    return {"grid": Place(under=district, names=names)} if names else {}


def position(row: Row, dialect: Dialect) -> dict[str, Any]:
    """Longitude and latitude, where both are there; "0" stands for nothing."""
    (name, east), (other, north) = first(row, dialect, "longitude"), first(row, dialect, "latitude")
    if name is None or other is None:
        return {}
    if east is None or north is None:
        return {"longitude": None, "latitude": None}
    longitude, latitude = decimal(name, east), decimal(name, north)
    if longitude == latitude == 0:
        return {"longitude": None, "latitude": None}
    if not (CHINA_EAST[0] < longitude < CHINA_EAST[1] and CHINA_NORTH[0] < latitude < CHINA_NORTH[1]):
        raise Unreadable(f"column {name}: {east}, {north} is not in China. Correct the coordinates at the hotline.")
    if dialect.gcj02:
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
    """By how many degrees GCJ-02 moves a place."""
    x, y = longitude - 105.0, latitude - 35.0
    waves = 20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + (waves + ripple(x)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    north += (waves + 20 * math.sin(y * math.pi) + 40 * math.sin(y / 3 * math.pi)) * 2 / 3
    north += (160 * math.sin(y / 12 * math.pi) + 320 * math.sin(y * math.pi / 30)) * 2 / 3
    angle = math.radians(latitude)
    curve = 1 - FLATTENING * math.sin(angle) ** 2
    return (
        math.degrees(east / (RADIUS / math.sqrt(curve) * math.cos(angle))),
        math.degrees(north / (RADIUS * (1 - FLATTENING) / (curve * math.sqrt(curve)))),
    )


def ripple(x: float) -> float:
    """The longer waves along the longitude."""
    short = 20 * math.sin(x * math.pi) + 40 * math.sin(x / 3 * math.pi)
    return short + 150 * math.sin(x / 12 * math.pi) + 300 * math.sin(x / 30 * math.pi)
