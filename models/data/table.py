"""Columns of a data set: their units, how they are rounded, and the Parquet file.

A set states its columns once, as a `Layout`; `write` rounds the values, puts the
units into the metadata and writes the file. Values are float32 of which only the
leading bits are kept, so that the files compress; the step is far below any
physical resolution.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

#: Rows of a row group: what a reader that streams has in memory at once.
ROW_GROUP = 8192

GENERATOR = (
    "Pythia 8.317 (pythia8mc); cite arXiv:2203.11601; "
    "jets: FastJet (fjcore) arXiv:1111.6097"
)


@dataclass(frozen=True)
class Column:
    """One column.

    `length` is 0 for a number per row, else the slots of a fixed-size list.
    Floats are rounded to `bits` bits of the mantissa behind the leading one, or
    to multiples of 2**-`grid`.
    """

    name: str
    unit: str = "1"
    dtype: str = "float32"
    length: int = 0
    bits: int | None = None
    grid: int | None = None

    def arrow_type(self):
        """The type in the file."""
        element = pa.from_numpy_dtype(np.dtype(self.dtype))
        if not self.length:
            return element
        return pa.list_(pa.field("element", element), self.length)

    def rounded(self, values):
        """The values as they are stored, of the column's dtype."""
        if self.bits is not None:
            return round_mantissa(values, self.bits)
        if self.grid is not None:
            return round_grid(values, self.grid)
        return np.asarray(values).astype(self.dtype)


@dataclass(frozen=True)
class Layout:
    """The columns of a file, in order, and what the file says about itself."""

    description: str
    columns: tuple[Column, ...]

    def schema(self):
        """The Arrow schema with all units: per field, and as a map for the file."""
        fields = [
            pa.field(c.name, c.arrow_type(), metadata={"unit": c.unit}) for c in self.columns
        ]
        units = {c.name: c.unit for c in self.columns}
        return pa.schema(
            fields,
            metadata={
                "description": self.description,
                "generator": GENERATOR,
                "units": json.dumps(units),
            },
        )


def round_mantissa(values, bits):
    """float32 with `bits` bits behind the leading one, rounded half to even."""
    raw = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    drop = 23 - bits
    odd = (raw >> np.uint32(drop)) & np.uint32(1)
    raw = raw + np.uint32((1 << (drop - 1)) - 1) + odd
    return (raw & np.uint32(0xFFFFFFFF ^ ((1 << drop) - 1))).view(np.float32)


def round_grid(values, grid):
    """float32 that are multiples of 2**-grid."""
    return (np.round(np.asarray(values, dtype=np.float64) * 2.0**grid) / 2.0**grid).astype(
        np.float32
    )


def padded(rows, length):
    """Rows of different lengths as an array (rows, length): cut, or filled with zeros."""
    out = np.zeros((len(rows), length))
    for target, row in zip(out, rows):
        row = row[:length]
        target[: len(row)] = row
    return out


def to_arrow(layout, columns):
    """The table of a mapping from names to arrays (rows) or (rows, length)."""
    arrays = []
    for column in layout.columns:
        if column.name not in columns:
            raise KeyError(f"column '{column.name}' was not made")
        values = column.rounded(columns[column.name])
        if column.length:
            if values.shape[1:] != (column.length,):
                raise ValueError(
                    f"column '{column.name}' has the shape {values.shape}, "
                    f"expected (rows, {column.length})"
                )
            flat = pa.array(np.ascontiguousarray(values).reshape(-1))
            arrays.append(pa.FixedSizeListArray.from_arrays(flat, type=column.arrow_type()))
        else:
            arrays.append(pa.array(values))
    return pa.Table.from_arrays(arrays, schema=layout.schema())


def write(table, path):
    """Writes a Parquet file: under another name first, so that no half file is ever seen."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        pq.write_table(
            table, temporary, compression="zstd", compression_level=9, row_group_size=ROW_GROUP
        )
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
