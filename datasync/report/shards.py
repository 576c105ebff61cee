"""Page data as scripts: how products get from columns into files that a page opened from a disk can load.

A page under ``file://`` may fetch nothing, but it may run a script that stands beside it. Each file is one call,
``datasync(key, text, ...)``, and every argument a JSON string: what stands in a catalog never meets a script's grammar.

    scope-<scope>.js         key, one text: the columns of the scope's versions, each service's list, and quarantine
    payload-<scope>-<n>.js   key, the hashes of PAYLOADS versions as JSON, then each one's payload as it was received
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from datasync.report.pages import ScopeProducts

PAYLOADS = 256
_ESCAPES = (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029"))


def json_text(value: object) -> str:
    """JSON that may stand in a script element and in a script: nothing in it ends either."""
    made = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign, escape in _ESCAPES:  # many times faster than str.translate where most letters are no Latin ones
        made = made.replace(sign, escape)
    return made


def files(products: ScopeProducts) -> Iterator[tuple[str, str]]:
    """Every data file of one scope: its key (the file's name without its ending) and its content."""
    return ((key, f"datasync({json_text([key, *texts])[1:-1]});\n") for key, *texts in _parts(products))


def blocks(products: ScopeProducts) -> Iterator[tuple[str, str]]:
    """The same as JSON, for a page that carries its data inside: by key, an array of the key and its texts."""
    return ((key, json_text([key, *texts])) for key, *texts in _parts(products))


def _parts(products: ScopeProducts) -> Iterator[tuple[str, ...]]:
    """The arguments of each data file: its key, then its texts."""
    key = f"scope-{products.scope}"
    yield key, json.dumps(columns(products), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for number, start in enumerate(range(0, products.versions.num_rows, PAYLOADS)):
        part = products.versions.slice(start, PAYLOADS)
        key = f"payload-{products.scope}-{number}"
        yield key, json.dumps(part["hash"].to_pylist()), *(text or "" for text in part["payload"].to_pylist())


def columns(products: ScopeProducts) -> dict[str, Any]:
    """A scope's products as the page holds them in memory: a list per column, words once each."""
    versions = products.versions
    return {
        "payloads": PAYLOADS,
        "sku": versions["sku"].to_pylist(),
        "name": versions["name"].to_pylist(),
        "type": _words(versions["type"]),
        "visibility": _lists(versions["visible_in"]),
        "stock": _words(versions["stock"]),
        "lists": {one: _list(products.rows, one) for one in pc.unique(products.rows["service"]).to_pylist()},
        "quarantined": products.quarantined.to_pydict(),
    }


def _words(column: pa.ChunkedArray) -> dict[str, Any]:
    """A column of few different values: those values, and for each row the place of its own."""
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    return {"values": encoded.dictionary.to_pylist(), "of": encoded.indices.to_pylist()}


def _lists(column: pa.ChunkedArray) -> dict[str, Any]:
    """The same for a column of lists of plain words."""
    made = _words(pc.binary_join(column, ","))
    return {**made, "values": [text if text is None else text.split(",") if text else [] for text in made["values"]]}


def _list(rows: pa.Table, service: str) -> dict[str, Any]:
    """One service's products, newest first: their versions, and what is told of each."""
    mine = rows.filter(pc.equal(rows["service"], service))
    return {
        "rows": mine["version"].to_pylist(),
        "received": _steps(mine["received_ms"]),
        "told": _steps(mine["told_ms"]),
        "state": _words(mine["state"]),
        "words": _words(mine["words"]),
        "flags": mine["flags"].to_pylist(),
    }


def _steps(column: pa.ChunkedArray) -> list[int | None]:
    """Times as the milliseconds from each to the one before, the first as it is; none stays none."""
    times = column.combine_chunks()
    before = pc.fill_null_forward(pa.concat_arrays([pa.nulls(1, pa.int64()), times]))[:-1]
    steps: list[int | None] = pc.subtract(pc.fill_null(before, 0), times).to_pylist()
    return steps
