"""Compares `trigforge run` with the interpreters of alkaid and da4ml.

For each program (ALIR of alkaid, a list without a version of da4ml): random
real inputs, some of them beyond the formats of the inputs, are executed by the
compiled interpreter of the package that wrote the program, and by trigforge; all
outputs are compared with `==`. The comparison is checked too: one output changed
by one unit in the last place must be reported.

    check_alir.py --trigforge target/release/trigforge --events 10000 FILES
"""

import argparse
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np


def program(path):
    """The program of a file, read by its own package."""
    data = path.read_bytes()
    text = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    if isinstance(json.loads(text), list):
        from da4ml.types import CombLogic
    else:
        from alkaid.types import CombLogic
    return CombLogic.load(path)


def random_inputs(logic, count, generator):
    """Uniform over each input's interval, and a quarter of the events beyond."""
    lo = np.array([interval.min for interval in logic.inp_qint])
    hi = np.array([interval.max for interval in logic.inp_qint])
    wide = generator.random((count, 1)) < 0.25
    stretch = np.where(wide, 2.5, 1.0)
    middle, half = (lo + hi) / 2, (hi - lo) / 2 + 0.5
    return middle + stretch * half * generator.uniform(-1, 1, (count, len(lo)))


def first_difference(expected, found):
    """The first place where two arrays differ, in words; None if there is none."""
    if expected.shape != found.shape:
        return f"shapes differ: {expected.shape}, trigforge {found.shape}"
    places = np.argwhere(expected != found)
    if len(places) == 0:
        return None
    place = tuple(int(index) for index in places[0])
    return (
        f"event {place[0]}, output {place[1]}: expected {expected[place]!r}, "
        f"trigforge gives {found[place]!r} ({len(places)} values differ)"
    )


def trigforge_outputs(trigforge, path, events, engine):
    """What `trigforge run` computes."""
    with tempfile.TemporaryDirectory() as folder:
        given, result = pathlib.Path(folder, "x.npy"), pathlib.Path(folder, "y.npy")
        np.save(given, events)
        command = [trigforge, "run", path, "--engine", engine, "--input", given, "--out", result]
        subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
        return np.load(result)


def check(trigforge, path, count):
    """Compares one program; None, or what is wrong."""
    logic = program(path)
    events = random_inputs(logic, count, np.random.default_rng(1))
    expected = logic.predict(events).reshape(count, -1)
    for engine in ["interp", "rust"]:
        found = trigforge_outputs(trigforge, path, events, engine)
        difference = first_difference(expected, found)
        if difference is not None:
            return f"{engine}: {difference}"
    changed = found.copy()
    changed.flat[-1] = np.nextafter(changed.flat[-1], np.inf)
    if first_difference(expected, changed) is None:
        return "the comparison does not see a changed output"
    distinct = len(np.unique(expected, axis=0))
    print(f"    {path.name}: {expected.size} outputs of {count} events are equal, {distinct} rows of them distinct")
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--trigforge", type=pathlib.Path, required=True, help="the command")
    parser.add_argument("--events", type=int, default=10_000, help="events per program")
    parser.add_argument("files", type=pathlib.Path, nargs="+", help="programs")
    arguments = parser.parse_args()
    failed = False
    for path in arguments.files:
        problem = check(arguments.trigforge, path, arguments.events)
        if problem is not None:
            failed = True
            print(f"{path}: {problem}", file=sys.stderr)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
