"""Looking for a secret in whatever was left behind, in any form, without what datasync itself knows of such forms."""

from __future__ import annotations

import base64
import html
import re
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from urllib.parse import unquote

import duckdb

from datasync.sql import literal


def texts(folder: Path, without: Collection[Path] = ()) -> Iterator[tuple[Path, str]]:
    """The content of every other file, unpacked: rows and footers of Parquet, pages, data files of the report."""
    con = duckdb.connect()
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and path not in without):
        content = file.read_bytes()
        if file.suffix == ".parquet":
            path = literal(str(file))
            yield file, str(con.execute(f"SELECT * FROM read_parquet({path}, hive_partitioning = false)").fetchall())
            yield file, str(con.execute(f"SELECT decode(value) FROM parquet_kv_metadata({path})").fetchall())
        elif file.suffix == ".gz":
            yield file, zlib.decompress(content, 47).decode("utf-8", "replace")
        elif packed := re.fullmatch(r'datasync\("[^"]+","([^"]*)",(\d+)\)', content.decode("utf-16", "replace")):
            bits = "".join(f"{ord(letter) - 0x3400:015b}"[::-1] for letter in packed[1])
            raw = bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, 8 * int(packed[2]), 8))
            yield file, zlib.decompressobj(-15).decompress(raw).decode("utf-8", "replace")
        else:
            yield file, content.decode("utf-8", "replace")
    con.close()


def shows(text: str, *secrets: str) -> list[str]:
    """Those of the secrets that a text shows, in whatever form."""
    layers = [text]
    for _ in range(4):
        plainer = _plainer(layers[-1])
        if plainer == layers[-1]:  # as plain as it can be
            break
        layers.append(plainer)
    bare = {layer.replace("\\", "").replace("\0", "") for layer in layers}
    return [secret for secret in secrets if any(form in layer for form in _forms(secret) for layer in bare)]


def _plainer(text: str) -> str:
    for escape in (r"\\u([0-9A-Fa-f]{4})", r"\\x([0-9A-Fa-f]{2})"):
        text = re.sub(escape, lambda code: chr(int(code[1], 16)), text)
    return unquote(html.unescape(text), errors="surrogateescape")


def _forms(secret: str) -> list[str]:
    raw = secret.encode()
    in_base64 = [encode(b"x" * n + raw).decode()[4:-4] for n in range(3) for encode in _BASE64]
    return [secret, raw.hex(), raw.hex().upper(), *in_base64]


_BASE64 = (base64.b64encode, base64.urlsafe_b64encode)
