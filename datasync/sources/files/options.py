"""The options of a files source, and what its scopes have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from datasync.settings.options import RowsScope, Scope, SourceOptions, absolute, absolute_at
from datasync.settings.values import Options, Whole, known_encoding, known_zone

if TYPE_CHECKING:
    from datasync.sources.base import Opening, Source


class FilesScope(RowsScope):
    """A scope of files: the pattern of their paths, what they are together, and how they are written."""

    needed: ClassVar[tuple[str, str] | None] = ("path", '"exports/de/*.jsonl"')

    path: str | None = None
    locale: str | None = None
    snapshot: Literal["complete", "newest", "partial"] = "complete"
    format: Literal["csv", "jsonl", "parquet", "xlsx"] | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    header_line: Annotated[Whole, Field(ge=1)] = 1
    encoding: Annotated[str, AfterValidator(known_encoding)] | None = None
    time_zone: Annotated[str, AfterValidator(known_zone)] | None = None
    sheet: str | int = 0

    @property
    def is_partial(self) -> bool:
        return self.snapshot == "partial"

    @classmethod
    def placed(cls, written: dict[Any, Any], source: Mapping[Any, Any], folder: str) -> dict[Any, Any]:
        """Its path is relative to the ``root`` of its source, and that to the settings file."""
        return absolute_at(written, "path", str(absolute(source.get("root", ""), folder)))


class FilesSource(SourceOptions):
    """Files that somebody exports: CSV, JSON lines, Parquet or XLSX, plain or .gz, in a folder or on S3.

    ``time_zone`` is that of times without an offset, where the scope has none of its own; without both, it is UTC.
    A record of CSV or JSON lines that is longer than ``max_record_mb`` goes to quarantine, and so does one of Parquet
    with a text that is.
    """

    scope_model: ClassVar[type[Scope]] = FilesScope
    outside_fingerprint: ClassVar[frozenset[str]] = SourceOptions.outside_fingerprint | {"max_record_mb"}

    kind: Literal["files"]
    root: str = ""
    options: Options = Field(default_factory=dict)
    time_zone: Annotated[str, AfterValidator(known_zone)] | None = None
    max_record_mb: Annotated[Whole, Field(ge=1, le=256)] = 16

    def open(self, opening: Opening) -> Source:
        from datasync.sources.files.source import Files

        return Files(opening.name, opening.scope, self)
