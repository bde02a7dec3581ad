"""How the work of a set is cut: chunks that do not know of each other.

A chunk is a fixed number of rows of one kind (a class or a process). Its random
numbers come from the user's seed and from which chunk it is, and from nothing
else, so a file does not depend on the number of processes that made it, nor on
the order in which they ended.
"""

import zlib
from dataclasses import dataclass

import numpy as np

#: The largest seed that Pythia takes.
PYTHIA_SEEDS = 900_000_000


@dataclass(frozen=True)
class Chunk:
    """Some rows of one kind."""

    set_name: str
    part: str
    kind: str
    index: int
    rows: int
    seed: int

    def random(self):
        """The chunk's numpy generator."""
        return np.random.Generator(np.random.PCG64(self._sequence(0)))

    def pythia_seed(self):
        """The chunk's seed for Pythia, from 1 to 900 000 000."""
        word = self._sequence(1).generate_state(1, np.uint64)[0]
        return int(word % np.uint64(PYTHIA_SEEDS)) + 1

    def _sequence(self, purpose):
        what = zlib.crc32(f"{self.set_name}/{self.part}/{self.kind}".encode())
        return np.random.SeedSequence([self.seed, what, self.index, purpose])


def plan(set_name, part, rows_of_kind, size, seed):
    """The chunks of `rows_of_kind`, a mapping from kind to rows, of `size` rows at most."""
    chunks = []
    for kind, rows in rows_of_kind.items():
        for index, start in enumerate(range(0, rows, size)):
            chunks.append(Chunk(set_name, part, kind, index, min(size, rows - start), seed))
    return chunks


def split(events, fractions):
    """Divides `events` rows between kinds by `fractions`; no row is lost to rounding."""
    kinds = list(fractions)
    edges = np.round(np.cumsum([fractions[kind] for kind in kinds]) * events).astype(int)
    edges[-1] = events
    return dict(zip(kinds, np.diff(edges, prepend=0).tolist()))


def shuffled(columns, part, seed):
    """The rows of all columns in one random order, which depends on part and seed alone."""
    rows = len(next(iter(columns.values())))
    sequence = np.random.SeedSequence([seed, zlib.crc32(f"order/{part}".encode())])
    order = np.random.Generator(np.random.PCG64(sequence)).permutation(rows)
    return {name: values[order] for name, values in columns.items()}
