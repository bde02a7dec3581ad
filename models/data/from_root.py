"""Turns trees of ROOT files into a Parquet file that the trainer reads.

    python models/data/from_root.py FILE.root:TREE ... --columns COLUMN ... --out FILE.parquet

A COLUMN is BRANCH, NAME=BRANCH, and either with a unit behind a colon: `met:GeV`,
`pt=Jet_pt:GeV`. A branch with one number per event becomes a plain column. A branch with
several, of fixed or varying length, becomes a list of N slots with --pad N: what is too
long is cut, what is too short is filled with zeros; the order is kept. --pad NAME=N gives
one column its own N, and may be repeated.

The files are read in chunks (--chunk) and written as they come, so they may be larger than
memory. Floats become float32; 64-bit integers stay as they are.

Examples:
  python models/data/from_root.py run.root:Events --columns met:GeV pt=Jet_pt:GeV \\
      eta=Jet_eta label --pad 10 --out run.parquet
  python models/data/from_root.py 'data/*.root:Events' --columns Jet_pt:GeV Muon_pt:GeV \\
      --pad Jet_pt=10 --pad Muon_pt=4 --out all.parquet
"""

import argparse
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import uproot


@dataclass(frozen=True)
class Wanted:
    """A column that is asked for."""

    name: str
    branch: str
    unit: str

    @classmethod
    def parse(cls, text):
        """From NAME=BRANCH:UNIT, of which only the branch is needed."""
        path, _, unit = text.partition(":")
        name, equals, branch = path.partition("=")
        if not name or equals and not branch:
            raise argparse.ArgumentTypeError(f"'{text}' is not [NAME=]BRANCH[:UNIT]")
        return cls(name, branch or name, unit or "1")


def padding(text):
    """(name or None, slots) from N or NAME=N."""
    name, _, number = text.rpartition("=")
    if not number.isdigit() or int(number) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not N or NAME=N with N > 0")
    return name or None, int(number)


class Reader:
    """Makes Arrow tables of chunks of events."""

    def __init__(self, wanted, pads):
        self.wanted, self.pads = wanted, dict(pads)
        #: Lists that were longer than their slots, by column.
        self.cut = {}

    def table(self, events):
        """The table of a chunk, an awkward record array."""
        columns = [self._column(column, events[column.branch]) for column in self.wanted]
        fields = [
            pa.field(column.name, array.type, metadata={"unit": column.unit})
            for column, array in zip(self.wanted, columns)
        ]
        units = {column.name: column.unit for column in self.wanted}
        schema = pa.schema(fields, metadata={"units": json.dumps(units)})
        return pa.Table.from_arrays(columns, schema=schema)

    def _column(self, column, values):
        if values.ndim == 1:
            return pa.array(_narrow(ak.to_numpy(values), column))
        if values.ndim > 2:
            sys.exit(f"branch '{column.branch}' is a list of lists; flatten it first")
        slots = self.pads.get(column.name, self.pads.get(None))
        if slots is None:
            sys.exit(
                f"branch '{column.branch}' has several numbers per event: "
                f"say how many to keep with --pad {column.name}=N"
            )
        longer = int(ak.sum(ak.num(values) > slots))
        self.cut[column.name] = self.cut.get(column.name, 0) + longer
        filled = ak.fill_none(ak.pad_none(values, slots, clip=True), 0)
        flat = pa.array(_narrow(ak.to_numpy(filled).reshape(-1), column))
        kind = pa.list_(pa.field("element", flat.type), slots)
        return pa.FixedSizeListArray.from_arrays(flat, type=kind)


def _narrow(values, column):
    """float32 of floats, int8 of booleans, integers as they are."""
    if values.dtype.kind == "f":
        return values.astype(np.float32)
    if values.dtype.kind == "b":
        return values.astype(np.int8)
    if values.dtype.kind in "iu":
        return values
    return sys.exit(f"branch '{column.branch}' holds {values.dtype}, which is no number")


def convert(sources, wanted, pads, out, chunk="50 MB", show=None):
    """Writes `out`; gives the number of rows and, by column, of lists that were cut."""
    out = Path(out)
    temporary = out.with_name(f".{out.name}.{os.getpid()}.part")
    reader, writer, rows = Reader(wanted, pads), None, 0
    branches = sorted({column.branch for column in wanted})
    try:
        for events in uproot.iterate(sources, branches, step_size=chunk, library="ak"):
            table = reader.table(events)
            writer = writer or pq.ParquetWriter(temporary, table.schema, compression="zstd")
            writer.write_table(table)
            rows += table.num_rows
            if show:
                show(rows)
        if writer is None:
            sys.exit(f"{', '.join(sources)}: no event was found")
        writer.close()
        os.replace(temporary, out)
    finally:
        temporary.unlink(missing_ok=True)
    return rows, {name: count for name, count in reader.cut.items() if count}


def check_branches(source, wanted):
    """Ends the program if a branch is not there, and says which ones are."""
    with uproot.open(source) as tree:
        there = set(tree.keys())
    missing = [column.branch for column in wanted if column.branch not in there]
    if missing:
        sys.exit(f"{source} has no branch {', '.join(missing)}; it has {', '.join(sorted(there))}")


def main(argv=None):
    """The command."""
    parser = argparse.ArgumentParser(
        prog="from_root.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("sources", nargs="+", metavar="FILE:TREE")
    parser.add_argument("--columns", nargs="+", type=Wanted.parse, required=True, metavar="COLUMN")
    parser.add_argument("--pad", action="append", type=padding, default=[], metavar="[NAME=]N")
    parser.add_argument("--chunk", default="50 MB", help="events, or memory as '50 MB'")
    parser.add_argument("--out", required=True, metavar="FILE.parquet")
    chosen = parser.parse_args(argv)
    chunk = int(chosen.chunk) if chosen.chunk.isdigit() else chosen.chunk
    for source in chosen.sources:
        if "*" not in source:
            check_branches(source, chosen.columns)
    rows, cut = convert(
        chosen.sources,
        chosen.columns,
        chosen.pad,
        chosen.out,
        chunk,
        lambda done: print(f"{done} rows", end="\r", file=sys.stderr),
    )
    print(f"{chosen.out}: {rows} rows, {os.path.getsize(chosen.out) / 1e6:.2f} MB")
    for name, count in cut.items():
        print(f"'{name}': {count} lists were longer than their slots and were cut")


if __name__ == "__main__":
    main()
