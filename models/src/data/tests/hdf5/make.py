"""Writes the HDF5 files of these tests beside itself: `python make.py` (h5py 3.16, HDF5 2.0).

Cells are functions of row, slot and feature, which the tests know, too.
"""

from pathlib import Path

import h5py
import numpy as np

HERE = Path(__file__).parent
ROWS = 500


def cell(row, slot, feature):
    return (row * 31 + slot * 7 + feature * 3) % 50 + 0.5


def short(path, libver):
    """Every number type, layout and filter that is read."""
    row = np.arange(ROWS)
    slot, feature = np.arange(3), np.arange(2)
    with h5py.File(path, "w", libver=libver) as file:
        # Contiguous.
        file["row"] = row.astype("f8")
        file["label"] = row % 2 == 1
        file["event"] = (row // 3).astype("u2")
        file["negative"] = -row.astype(">i4")
        file["half"] = cell(row, 0, 0).astype("f2")
        file["big"] = cell(row, 0, 0).astype(">f4")
        file["row"].attrs["unit"] = "GeV"
        # In chunks that do not divide the rows.
        pair = cell(row[:, None], 0, feature).astype("f4")
        chunks = {"chunks": (64, 2), "shuffle": True, "fletcher32": True}
        file.create_dataset("pair", data=pair, compression="gzip", **chunks)
        lists = cell(row[:, None, None], slot[:, None], feature).astype("f4")
        jets = file.create_group("jets")
        jets.create_dataset("x", data=lists, compression="lzf", chunks=(100, 3, 2))
        # Records, one or three for a row.
        record = np.zeros(ROWS, dtype=[("pt", "f4"), ("name", "S3"), ("n", "i2"), ("b", "f2")])
        record["pt"], record["n"], record["b"] = 2 * row, -row, cell(row, 1, 1)
        grown = {"maxshape": (None,), "chunks": (90,), "compression": "gzip"}
        jets.create_dataset("records", data=record, **grown)
        tracks = np.zeros((ROWS, 3), dtype=[("pt", "f4"), ("valid", "?")])
        tracks["pt"] = cell(row[:, None], slot, 0)
        tracks["valid"] = slot < 2
        file["tracks"] = tracks
        # What is no column of these rows.
        file["names"] = np.array([b"a", b"b"])
        file["short"] = np.ones(5)
        file["scalar"] = 3.0
        file["loop"] = file["/"]
        broken = np.where(row == 7, np.nan, row).astype("f4")
        file.create_dataset("broken", data=broken, compression="gzip")


def long(path):
    """More rows than a group has."""
    row = np.arange(40_000)
    with h5py.File(path, "w") as file:
        for name, values in [("row", row.astype("i4")), ("label", (row % 2).astype("u1"))]:
            file.create_dataset(name, data=values, chunks=(5000,), shuffle=True, compression=9)


short(HERE / "earliest.h5", "earliest")
short(HERE / "latest.h5", "latest")
long(HERE / "long.h5")
