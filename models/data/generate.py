"""Makes a simulated data set from a seed.

    python models/data/generate.py SET --events N --seed S --out FILE.parquet

SET is one of

  jsc    jets of gluons, light quarks, W, Z and top quarks at 1 TeV: 16 features and
         32 particles; 5 classes                                            (Pythia)
  qg     quark against gluon jets at 500 GeV: 100 particles                 (Pythia)
  top    hadronic top against QCD jets at 600 GeV: 100 detector objects     (Pythia)
  l1ad   Level-1-like events: MET, 4 electrons, 4 muons, 10 jets. --part train is the
         background, --part signal four signals, --part zerobias pile-up    (Pythia)
  calo   clusters of photons, electrons and pions for energy calibration; --part gap
         is noisier at 1.3 < |eta| < 1.6                                    (numpy)

What is in each, with units, is in README.md beside this file. The file depends on SET,
--part, --events and --seed alone: not on --jobs, and not on the day. Two seeds give two
independent files. N is the number of rows; classes get equal shares (l1ad: 59.2 % W,
33.8 % QCD, 6.7 % Z, 0.3 % top pairs; calo: 30 % photons, 20 % electrons, 50 % pions
before the selection). The rows come in random order.

Examples:
  python models/data/generate.py calo --events 150000 --seed 1 --out calo.parquet
  python models/data/generate.py jsc --events 50000 --seed 2 --jobs 8 --out jsc.parquet
  python models/data/generate.py l1ad --part zerobias --events 2000 --seed 3 --out zb.parquet
"""

import argparse
import importlib
import os
import sys
import time

import chunks
import run
import table

#: Parts of each set; the first is the default.
PARTS = {
    "jsc": ("train",),
    "qg": ("train",),
    "top": ("train",),
    "l1ad": ("train", "signal", "zerobias"),
    "calo": ("train", "gap"),
}


def arguments(argv=None):
    """The parsed command line."""
    parser = argparse.ArgumentParser(
        prog="generate.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("set", choices=PARTS, metavar="SET", help=", ".join(PARTS))
    parser.add_argument("--part", help="part of the set; the default is train")
    parser.add_argument("--events", type=positive, required=True, help="rows to make")
    parser.add_argument("--seed", type=seed, required=True, help="a number from 0 to 2^63 - 1")
    parser.add_argument("--out", required=True, help="the Parquet file to write")
    parser.add_argument(
        "--jobs",
        type=positive,
        default=os.cpu_count(),
        help="processes to use; the default is the number of cores",
    )
    parser.add_argument("--quiet", action="store_true", help="without the progress line")
    chosen = parser.parse_args(argv)
    parts = PARTS[chosen.set]
    chosen.part = chosen.part or parts[0]
    if chosen.part not in parts:
        parser.error(f"{chosen.set} has the parts {', '.join(parts)}; '{chosen.part}' is none")
    if not chosen.out.endswith(".parquet"):
        parser.error(f"--out '{chosen.out}' must end in .parquet")
    return chosen


def positive(text):
    """An argument that counts something."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not positive")
    return number


def seed(text):
    """An argument that is a seed."""
    number = int(text)
    if not 0 <= number < 2**63:
        raise argparse.ArgumentTypeError(f"{number} is not from 0 to 2^63 - 1")
    return number


def generate(set_name, part, events, seed, jobs, quiet=False):
    """The Arrow table of a set's part."""
    try:
        module = importlib.import_module(set_name)
    except ModuleNotFoundError as error:
        sys.exit(
            f"the Python package '{error.name}' is not installed: "
            "python -m pip install -r models/data/requirements.txt"
        )
    shares = chunks.split(events, module.FRACTIONS[part])
    plan = chunks.plan(set_name, part, shares, module.CHUNK[part], seed)
    columns = run.run(module.make, plan, jobs, quiet)
    columns = chunks.shuffled(columns, f"{set_name}/{part}", seed)
    return table.to_arrow(module.LAYOUTS[part], columns)


def main(argv=None):
    """The command."""
    chosen = arguments(argv)
    start = time.monotonic()
    made = generate(
        chosen.set, chosen.part, chosen.events, chosen.seed, chosen.jobs, chosen.quiet
    )
    table.write(made, chosen.out)
    seconds = time.monotonic() - start
    size = os.path.getsize(chosen.out) / 1e6
    print(f"{chosen.out}: {made.num_rows} rows, {size:.2f} MB, {seconds:.1f} s")


if __name__ == "__main__":
    main()
