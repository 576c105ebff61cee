"""XLSX files made by hand: the XML of a sheet, with whatever a library would not write."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def cell(place: str, value: object, kind: str = "", style: int = 0) -> str:
    """One cell: ``kind`` as the sheet writes it (s, str, b, e, d, inlineStr), a number where it is empty."""
    inside = f"<is>{value}</is>" if kind == "inlineStr" else f"<v>{value}</v>"
    return f'<c r="{place}" s="{style}"{f" t={chr(34)}{kind}{chr(34)}" if kind else ""}>{inside}</c>'


def text(place: str, value: str) -> str:
    """One cell with a text of its own."""
    return cell(place, f"<t>{value}</t>", "inlineStr")


def row(number: int, *cells: str) -> str:
    """One row of a sheet."""
    return f'<row r="{number}">{"".join(cells)}</row>'


HEADER = row(1, text("A1", "sku"), text("B1", "name"), text("C1", "price"))


def book(
    rows: str | Mapping[str, str],
    *,
    formats: Sequence[str] = (),
    shared: str = "",
    is_1904: bool = False,
    namespace: str = _MAIN,
    compression: int = zipfile.ZIP_DEFLATED,
    parts: Mapping[str, bytes] | None = None,
) -> bytes:
    """A workbook: sheets by name (or one) of rows, ``formats`` by style from 1, the ``si`` elements of shared texts."""
    sheets = {"Products": rows} if isinstance(rows, str) else rows
    listed = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="s{n}"/>' for n, name in enumerate(sheets, 1))
    links = {f"s{n}": ("worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(sheets) + 1)}
    links |= {"st": ("styles", "styles.xml"), "sh": ("sharedStrings", "sharedStrings.xml")}
    own = "".join(f'<numFmt numFmtId="{200 + n}" formatCode="{code}"/>' for n, code in enumerate(formats))
    styles = "".join(f'<xf numFmtId="{200 + n}"/>' for n in range(len(formats)))
    content = {
        "_rels/.rels": _links({"b": ("officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": f'<workbook xmlns="{namespace}" xmlns:r="{_OFFICE}"><workbookPr date1904="{int(is_1904)}"/>'
        f"<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _links(links),
        "xl/styles.xml": f'<styleSheet xmlns="{namespace}"><numFmts>{own}</numFmts><cellStyleXfs><xf numFmtId="9"/>'
        f'</cellStyleXfs><cellXfs><xf numFmtId="0"/>{styles}</cellXfs></styleSheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{namespace}">{shared}</sst>',
    }
    for number, data in enumerate(sheets.values(), 1):
        sheet = f'<worksheet xmlns="{namespace}"><sheetData>{data}</sheetData></worksheet>'
        content[f"xl/worksheets/sheet{number}.xml"] = sheet
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as file:
        for name, data in {**content, **(parts or {})}.items():
            file.writestr(name, data)
    return packed.getvalue()


def _links(links: Mapping[str, tuple[str, str]]) -> str:
    listed = "".join(
        f'<Relationship Id="{key}" Type="{_OFFICE}/{kind}" Target="{target}"/>' for key, (kind, target) in links.items()
    )
    return f'<Relationships xmlns="{_LINKS}">{listed}</Relationships>'
