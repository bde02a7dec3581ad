"""Tests of `from_root`: a ROOT file is written, read back and compared.

    python -m unittest discover -s models/data
"""

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import uproot

import from_root


class FromRoot(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.met = np.array([10.5, 20.25, 30.0, 0.125, 7.0])
        self.label = np.array([0, 1, 1, 0, 1], dtype=np.int32)
        self.pt = ak.Array([[3.0, 2.0, 1.0], [], [5.0], [9.0, 8.0], [4.0, 3.0, 2.0]])
        with uproot.recreate(self.folder / "a.root") as file:
            file.mktree("Events", {"met": "float64", "label": "int32", "Jet_pt": "var * float64"})
            file["Events"].extend({"met": self.met, "label": self.label, "Jet_pt": self.pt})
        self.source = f"{self.folder / 'a.root'}:Events"
        self.out = self.folder / "a.parquet"

    def run_main(self, *extra):
        columns = ["--columns", "met:GeV", "pt=Jet_pt:GeV", "label"]
        quiet = io.StringIO()
        with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
            from_root.main([self.source, *columns, "--out", str(self.out), *extra])
        return pq.read_table(self.out)

    def test_values_types_and_units(self):
        table = self.run_main("--pad", "2")
        self.assertEqual(table.num_rows, 5)
        self.assertEqual(table.column_names, ["met", "pt", "label"])
        self.assertEqual(table.schema.field("met").type, pa.float32())
        self.assertEqual(table.schema.field("label").type, pa.int32())
        self.assertEqual(table.schema.field("pt").type.list_size, 2)
        self.assertEqual(table["met"].to_pylist(), self.met.tolist())
        self.assertEqual(table["label"].to_pylist(), self.label.tolist())
        expected = [[3.0, 2.0], [0.0, 0.0], [5.0, 0.0], [9.0, 8.0], [4.0, 3.0]]
        self.assertEqual(table["pt"].to_pylist(), expected)
        self.assertEqual(table.schema.field("pt").metadata, {b"unit": b"GeV"})
        units = json.loads(table.schema.metadata[b"units"])
        self.assertEqual(units, {"met": "GeV", "pt": "GeV", "label": "1"})

    def test_chunks_give_the_same_rows(self):
        whole = self.run_main("--pad", "3")
        chunked = self.run_main("--pad", "pt=3", "--chunk", "2")
        self.assertEqual(whole.to_pydict(), chunked.to_pydict())
        self.assertGreater(pq.ParquetFile(self.out).num_row_groups, 1)

    def test_cut_lists_are_counted(self):
        wanted = [from_root.Wanted.parse("Jet_pt")]
        rows, cut = from_root.convert([self.source], wanted, [(None, 2)], self.out)
        self.assertEqual((rows, cut), (5, {"Jet_pt": 2}))

    def test_mistakes_are_named(self):
        with self.assertRaisesRegex(SystemExit, "--pad pt=N"):
            self.run_main()
        self.assertFalse(self.out.exists())
        with self.assertRaisesRegex(SystemExit, "no branch mett; it has Jet_pt"):
            from_root.main([self.source, "--columns", "mett", "--out", str(self.out)])


if __name__ == "__main__":
    unittest.main()
