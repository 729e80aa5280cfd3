"""What the source answers, as rows: JSON or XML, told apart by what it is and not by what it is called.

XML is read without entities: whatever declares a document type is refused, so nothing in it can grow or reach out.
"""

import json
import re
from codecs import getincrementaldecoder
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from hub.plugin import SourceBroken, SourceDown, SourceRefused
from plugins.open311.cells import cell

__all__ = ["complaint", "rows"]

WRAPPERS = ("service_requests", "requests", "request", "service_request_updates", "services", "errors")
ROW = frozenset({"service_request_id", "service_code", "update_id", "token", "code", "description"})
"""What an object says that is a row by itself: one of these at least."""
WEB_PAGE = re.compile(r"<(!doctype\s+)?html\b", re.IGNORECASE)
CUT_OFF = frozenset({3, 4, 5, 6, 20})
"""expat's codes for: no element, a broken token, an unclosed token, part of a character, an unclosed CDATA section."""


def rows(content: bytes, url: str) -> list[Any]:
    """The rows of an answer; every other answer as the error that says what happens next."""
    written = decoded(content, url).strip()
    if not written:
        raise cut_off(content, url)
    if WEB_PAGE.match(written):
        raise SourceRefused(f"{url} answered with a web page, probably a login page. Check the address.")
    return from_xml(written, content, url) if written[0] == "<" else from_json(written, content, url)


def complaint(told: list[Any]) -> str | None:
    """What the source complains of, in its own words, where these rows are errors."""
    errors = [row for row in told if isinstance(row, dict) and row.keys() <= {"code", "description"} and row]
    if not errors or len(errors) < len(told):
        return None
    return "; ".join(" ".join(str(part) for part in row.values() if part) for row in errors)[:300].rstrip(". ")


def decoded(content: bytes, url: str) -> str:
    """The text. GB18030 is hardly ever valid UTF-8. An answer cut off within a character is read up to there."""
    for charset in ("utf-8-sig", "gb18030"):
        try:
            return getincrementaldecoder(charset)().decode(content)
        except UnicodeDecodeError:
            continue
    raise SourceBroken(f"{url} answered in neither UTF-8 nor GB18030.")


def cut_off(content: bytes, url: str) -> SourceDown:
    return SourceDown(f"The answer of {url} was cut off after {len(content)} bytes.")


def from_json(written: str, content: bytes, url: str) -> list[Any]:
    try:
        return [cell(row) for row in listed(json.loads(written))]
    except json.JSONDecodeError as error:
        ended = written[-1] in "]}" and error.pos < len(written) and not error.msg.startswith("Unterminated")
        if written[0] in "[{" and not ended:
            raise cut_off(content, url) from None
        raise SourceBroken(f"{url} answered with neither JSON nor XML. Check the address.") from None
    except (ValueError, RecursionError) as error:
        raise SourceBroken(f"{url} answered with JSON that cannot be read: {error}.") from None


def listed(told: Any) -> list[Any]:
    """The rows of a list, whether it stands alone, in an object under its name, or is a single row."""
    if isinstance(told, dict):
        inner = next((told[name] for name in WRAPPERS if isinstance(told.get(name), (list, dict))), None)
        if inner is None and ROW.isdisjoint(told):
            raise ValueError(f"rows were due, this is an object of {', '.join(told) or 'nothing'}")
        return [told] if inner is None else listed(inner)
    if isinstance(told, list):
        return told
    raise ValueError(f"a list of rows was due, this is {type(told).__name__}")


def from_xml(written: str, content: bytes, url: str) -> list[Any]:
    builder = TreeBuilder()
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = lambda name, attributes: builder.start(plain(name), {})
    parser.EndElementHandler = lambda name: builder.end(plain(name))
    parser.CharacterDataHandler = builder.data

    def refuse(name: str, *rest: Any) -> None:
        if name.lower() == "html":
            raise SourceRefused(f"{url} answered with a web page, probably a login page. Check the address.")
        raise SourceBroken(f"{url} answered with XML that declares a document type. Such XML is not read.")

    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(written.encode(), True)
    except expat.ExpatError as error:
        if error.code in CUT_OFF:
            raise cut_off(content, url) from None
        raise SourceBroken(f"{url} answered with XML that cannot be read: {error}.") from None
    root = builder.close()
    if not len(root) and (root.text or "").strip():
        raise SourceBroken(f"{url} answered with XML without rows: {root.tag}.")
    try:
        return [inside(row) for row in root]
    except RecursionError:
        raise SourceBroken(f"{url} answered with XML that is nested too deeply to be read.") from None


def plain(name: str) -> str:
    return name.rpartition(":")[2]


def inside(element: Element) -> Any:
    """What an element says: text, a list of equals, or parts by name."""
    names = {part.tag for part in element}
    if not names:
        return cell(element.text)
    if len(names) == 1 and len(element) > 1:
        return [inside(part) for part in element]
    return {part.tag: inside(part) for part in element}
