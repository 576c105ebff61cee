"""Rows of a database on their way: read once from the server, kept on this worker's disk for whoever reads them again.

DuckDB scans the object as an Arrow stream. Its first scan takes the batches as they come from the server, so that
reading and working go on side by side, and leaves them in a file; any further scan reads the file.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from datasync.sources.sql.sound import schema
from datasync.store.scratch import process_folder

if TYPE_CHECKING:
    import pyarrow as pa

_GROUP = 32 * 1024 * 1024


class RowStream:
    """A stream of text columns that can be read again and again. ``error`` is what broke it off, if something did."""

    def __init__(self, names: Sequence[str], batches: Iterator[pa.RecordBatch]) -> None:
        import pyarrow.parquet as pq

        folder = Path(tempfile.mkdtemp(dir=process_folder()))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.error: Exception | None = None
        self._schema = schema(names)
        self._file = folder / "rows.parquet"
        self._writer = pq.ParquetWriter(
            self._file, self._schema, compression="lz4", use_dictionary=False, write_statistics=False
        )
        self._is_new, self._arriving = True, self._filed(batches)

    def __arrow_c_schema__(self) -> object:
        return self._schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        import pyarrow as pa
        import pyarrow.parquet as pq

        batches = self._arriving
        if self.error:
            raise self.error
        if not self._is_new:
            self.drain()
            batches = pq.ParquetFile(self._file).iter_batches()
        self._is_new = False
        return pa.RecordBatchReader.from_batches(self._schema, batches).__arrow_c_stream__(requested_schema)

    def drain(self) -> None:
        """Take what has not come yet into the file."""
        self._is_new = False
        for _ in self._arriving:
            pass

    def _filed(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The batches, each left in the file before it is handed on; small ones share a row group."""
        import pyarrow as pa

        waiting: list[pa.RecordBatch] = []
        try:
            for batch in batches:
                waiting.append(pa.RecordBatch.from_arrays(batch.columns, schema=self._schema))
                if sum(batch.nbytes for batch in waiting) > _GROUP:
                    self._writer.write_table(pa.Table.from_batches(waiting, self._schema))
                    waiting.clear()
                yield pa.RecordBatch.from_arrays(batch.columns, schema=self._schema)
        except Exception as error:
            self.error = error
            raise
        self._writer.write_table(pa.Table.from_batches(waiting, self._schema))
        self._writer.close()
