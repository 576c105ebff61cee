"""Rows of a database on this worker's disk, as they came: a pull may read them twice, the database answers once."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from datasync.sql import literal

if TYPE_CHECKING:
    import pyarrow as pa


_GROUP = 32 * 1024 * 1024


class Spool:
    """A file of text columns, filled batch by batch; it goes when this object does. ``count``: the rows so far."""

    def __init__(self, names: Sequence[str]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        folder = Path(tempfile.mkdtemp(prefix="datasync-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self._schema = pa.schema([(name, pa.string()) for name in names])
        self._file, self.count = folder / "rows.parquet", 0
        self._waiting: list[pa.RecordBatch] = []
        self._writer = pq.ParquetWriter(
            self._file, self._schema, compression="lz4", use_dictionary=False, write_statistics=False
        )

    @property
    def sql(self) -> str:
        """A SELECT of all rows, in the order they came."""
        return f"SELECT * FROM read_parquet({literal(str(self._file))})"

    def fill(self, batches: Iterable[pa.RecordBatch]) -> pa.RecordBatch | None:
        """Add rows; gives the last batch that had some."""
        import pyarrow as pa

        last = None
        for batch in batches:
            if batch.num_rows:
                last = pa.RecordBatch.from_arrays(batch.columns, schema=self._schema)
                self.count += last.num_rows
                self._waiting.append(last)
                if sum(one.nbytes for one in self._waiting) > _GROUP:
                    self._write()
        return last

    def close(self) -> None:
        """Finish the file: now it can be read."""
        self._write()
        self._writer.close()

    def _write(self) -> None:
        """What waits becomes one row group: a reader takes groups one by one, and small ones slow it down."""
        import pyarrow as pa

        self._writer.write_table(pa.Table.from_batches(self._waiting, self._schema))
        self._waiting.clear()
