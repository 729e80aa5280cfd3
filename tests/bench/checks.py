"""Before anything is timed: all servers must give the same data, and have written the same rows."""

import asyncio
from collections.abc import Iterable
from typing import Any

import asyncpg

from tests.bench.databases import plain
from tests.bench.faces import FLOOR, Asked, Face
from tests.bench.queries import Q5, QUERIES, SAME_FOR_ALL, Query, neutral

COMPARED = 20
WRITTEN = f"""
SELECT number, {", ".join(SAME_FOR_ALL)}, status, level, grid_id AS id, grid_path AS path
FROM requests WHERE number = ANY($1)
"""


def same_answers(faces: list[Face], asked: Asked) -> None:
    """Stop the bench at the first difference between answers."""
    for query in QUERIES:
        if not asked[query.name]:
            raise SystemExit(f"There is nothing to ask {query.name} about in this data.")
        if query is not Q5:
            _compare(query, faces, asked[query.name][:COMPARED])


def same_rows(faces: list[Face], asked: Asked, url: str) -> None:
    """The same for what is written. It comes after all reading, which would find these rows."""
    for face in faces:
        if face.answers(Q5):
            _write(face, asked[Q5.name][:COMPARED], url)


def _compare(query: Query, faces: list[Face], parameters: list[dict[str, Any]]) -> None:
    answers = {
        face.name: [neutral(query, data) for data in face.ask(*(face.request(query, one) for one in parameters))]
        for face in faces
        if face.answers(query)
    }
    if not any(answers[FLOOR]):
        raise SystemExit(f"{query.name} finds nothing in this data: there is nothing to measure.")
    for name, given in answers.items():
        for parameter, expected, found in zip(parameters, answers[FLOOR], given, strict=True):
            if found != expected:
                where = difference(expected, found)
                raise SystemExit(f"{query.name} of {name} differs from {FLOOR}'s for {parameter}:\n{where}")


def difference(expected: Any, found: Any, path: str = "") -> str:
    """Where two answers part."""
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs: Iterable[tuple[Any, Any, Any]] = zip(range(len(found)), expected, found, strict=True)
    elif isinstance(expected, dict) and isinstance(found, dict) and expected.keys() == found.keys():
        pairs = ((key, expected[key], found[key]) for key in expected)
    else:
        return f"  at {path or 'the top'}\n  expected {expected!r:.600}\n  found    {found!r:.600}"
    return next(difference(one, other, f"{path}/{key}") for key, one, other in pairs if one != other)


def _write(face: Face, parameters: list[dict[str, Any]], url: str) -> None:
    """Submit, and compare both the answer and the row with what was asked."""
    answers = [neutral(Q5, data)[0] for data in face.ask(*(face.request(Q5, one) for one in parameters))]
    rows = {row.pop("number"): row for row in asyncio.run(_rows(url, [answer["number"] for answer in answers]))}
    for parameter, answer in zip(parameters, answers, strict=True):
        wanted = {name: parameter[name] for name in (*SAME_FOR_ALL, "level", "id", "path")} | {"status": "RECEIVED"}
        row = rows.get(answer.pop("number"))
        told = {name: wanted[name] for name in ("title", "status", "level", "urgency")}
        if row != wanted or {name: answer.get(name) for name in told} != told or not answer["grid"]["name"]:
            raise SystemExit(f"Q5 of {face.name} wrote {row} and told {answer}; asked was {wanted}.")


async def _rows(url: str, numbers: list[str]) -> list[dict[str, Any]]:
    connection = await asyncpg.connect(plain(url))
    found = [dict(row) for row in await connection.fetch(WRITTEN, numbers)]
    await connection.close()
    return found
