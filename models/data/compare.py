"""Says whether two files of a set are alike: the same columns, and the same distributions.

    python models/data/compare.py A.parquet B.parquet [--all]

First the schemata: names, order, types, units and the file's metadata must be equal.
Then a two-sample Kolmogorov-Smirnov test for every column and class (`label`, `process`,
`signal` or `pdg`), and for numbers made from several columns (the energy response). A list
column is tested through its first and fifth value, one in GeV also through its number of
filled slots and its sum; a list of particle identities through how many there are of each.

The table shows, for each column, the class with the smallest p-value; --all shows them all.
With n tests, the files differ if a p-value is below 0.001/n (Bonferroni): then, or if the
schemata differ, the exit status is 1.
"""

import argparse
import json
import sys
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.stats import ks_2samp

#: Smallest allowed p-value times the number of tests.
LEVEL = 1e-3

#: Rows below which a class is not tested.
FEWEST = 20

CLASSES = ("label", "process", "signal", "pdg")

#: Particles that are counted in a list of PDG ids.
IDENTITIES = {22: "photons", 211: "pions", 321: "K+-", 130: "K0L", 2212: "protons", 2112: "neutrons"}

#: Numbers of a row that are made from several columns.
DERIVED = {
    "e_obs/e_dep": (("e_obs", "e_dep"), lambda a, b: a / b),
    "e_dep/e_true": (("e_dep", "e_true"), lambda a, b: a / b),
    "eta-eta_true": (("eta", "eta_true"), lambda a, b: a - b),
    "|eta_true|": (("eta_true",), np.abs),
    "jet_mass/jet_pt": (("jet_mass", "jet_pt"), lambda a, b: a / b),
    "jet_pt/particle": (("jet_pt", "particle_jet_pt"), lambda a, b: a / b),
}


@dataclass(frozen=True)
class Test:
    """One comparison."""

    column: str
    group: str
    rows: tuple[int, int]
    means: tuple[float, float]
    distance: float
    p_value: float


def schema_differences(a, b):
    """What differs between two Arrow schemata, in words."""
    found = []
    if a.names != b.names:
        found.append(f"columns: {a.names} and {b.names}")
    for name in [name for name in a.names if name in b.names]:
        one, other = a.field(name), b.field(name)
        if one.type != other.type:
            found.append(f"type of '{name}': {one.type} and {other.type}")
        if one.metadata != other.metadata:
            found.append(f"metadata of '{name}': {one.metadata} and {other.metadata}")
    one, other = (_file_metadata(schema) for schema in (a, b))
    for key in sorted(one.keys() | other.keys()):
        if one.get(key) != other.get(key):
            found.append(f"metadata '{key}': {one.get(key)} and {other.get(key)}")
    return found


def _file_metadata(schema):
    metadata = {k.decode(): v.decode() for k, v in (schema.metadata or {}).items()}
    metadata.pop("ARROW:schema", None)
    if "units" in metadata:
        metadata["units"] = json.loads(metadata["units"])
    return metadata


def quantities(table):
    """Numbers per row, by name, that the tests compare; NaN where there is none."""
    out = {}
    for field in table.schema:
        column = table[field.name].combine_chunks()
        if pa.types.is_fixed_size_list(field.type):
            values = column.flatten().to_numpy().reshape(len(column), -1)
            unit = (field.metadata or {}).get(b"unit")
            out |= _of_list(field.name, values, unit == b"GeV")
        elif field.name not in CLASSES:
            out[field.name] = column.to_numpy()
    for name, (inputs, function) in DERIVED.items():
        if all(i in out for i in inputs):
            out[name] = function(*(out[i].astype(float) for i in inputs))
    return out


def _of_list(name, values, in_gev):
    if np.issubdtype(values.dtype, np.integer):
        return {
            f"{name}: {what}": (np.abs(values) == identity).sum(axis=1)
            for identity, what in IDENTITIES.items()
        }
    # Only where an energy is 0 the slot is empty: an angle may be 0.
    filled = values != 0
    out = {}
    if in_gev:
        out[f"{name}: filled"] = filled.sum(axis=1)
        out[f"{name}: sum"] = values.sum(axis=1, dtype=float)
    for slot in (0, 4):
        if slot < values.shape[1]:
            out[f"{name}[{slot}]"] = np.where(filled[:, slot], values[:, slot], np.nan)
    return out


def tests(a, b):
    """All comparisons of two tables of the same schema."""
    group = next((name for name in CLASSES if name in a.schema.names), None)
    groups = {"": tuple(np.ones(len(t), dtype=bool) for t in (a, b))}
    if group:
        codes = [t[group].to_numpy() for t in (a, b)]
        groups = {
            f"{group} {code}": tuple(c == code for c in codes) for code in np.unique(codes[0])
        }
    one, other = quantities(a), quantities(b)
    for column in one:
        for label, (rows_a, rows_b) in groups.items():
            x, y = one[column][rows_a], other[column][rows_b]
            x, y = x[~np.isnan(x)], y[~np.isnan(y)]
            if min(len(x), len(y)) < FEWEST or np.ptp(x) == 0 and np.ptp(y) == 0 and x[0] == y[0]:
                continue
            result = ks_2samp(x, y, method="asymp")
            yield Test(
                column,
                label,
                (len(x), len(y)),
                (float(np.mean(x)), float(np.mean(y))),
                float(result.statistic),
                float(result.pvalue),
            )


def report(found, every):
    """Prints the table; gives the smallest p-value."""
    print(f"{'column':24} {'class':10} {'rows A':>8} {'rows B':>8} {'mean A':>11} {'mean B':>11} "
          f"{'distance':>9} {'p-value':>9}")
    worst = {}
    for test in found:
        if test.column not in worst or test.p_value < worst[test.column].p_value:
            worst[test.column] = test
    for test in found if every else worst.values():
        print(f"{test.column:24} {test.group:10} {test.rows[0]:8} {test.rows[1]:8} "
              f"{test.means[0]:11.5g} {test.means[1]:11.5g} {test.distance:9.4f} "
              f"{test.p_value:9.2g}")
    return min(test.p_value for test in found)


def main(argv=None):
    """The command; gives the exit status."""
    parser = argparse.ArgumentParser(
        prog="compare.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("a", metavar="A.parquet")
    parser.add_argument("b", metavar="B.parquet")
    parser.add_argument("--all", action="store_true", help="print every test")
    chosen = parser.parse_args(argv)
    a, b = pq.read_table(chosen.a), pq.read_table(chosen.b)
    differences = schema_differences(a.schema, b.schema)
    for difference in differences:
        print(f"DIFFERENT {difference}")
    if a.schema.names != b.schema.names:
        return 1
    if not differences:
        print(f"the same {len(a.schema.names)} columns, types, units and metadata")
    found = list(tests(a, b))
    if not found:
        print(f"nothing was tested: fewer than {FEWEST} rows of each class")
        return 1
    least = report(found, chosen.all)
    low = least * len(found) < LEVEL
    print(f"{len(found)} tests, smallest p-value {least:.2g}, "
          f"{min(1.0, least * len(found)):.2g} after the correction for their number: "
          f"{'DIFFERENT' if low else 'compatible'}")
    return 1 if differences or low else 0


if __name__ == "__main__":
    sys.exit(main())
