"""Adders of constant matrix products: trigforge beside da4ml, in turns.

The task is that of arXiv:2507.04535, table 2: y = x M for N x N matrices with
weights uniform in 129..255 and signed inputs of 8 bits. Both sides get the same
matrices, one thread each, and one bound on the extra adder depth. Each time is
processor time per matrix: of da4ml's `solve` inside this process, and of the whole
`trigforge adders` command, from its start to its end, over all matrices at once.

Entries that are in the result file already are not computed again.
"""

import argparse
import json
import os
import resource
import subprocess
import tempfile
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before da4ml starts its threads

import numpy as np  # noqa: E402
from da4ml.cmvm import solve  # noqa: E402

BOUNDS = {"unlimited": -1, "dc=2": 2, "dc=0": 0}


def matrices(size, count, seed):
    """The first matrices of this size; more of them begin with the same."""
    draw = np.random.default_rng([seed, size])
    return draw.integers(129, 256, (count, size, size))


def cpu(who):
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def theirs(stack, bound):
    adders, depths = [], []
    spent = 0.0
    inputs = [(-128.0, 127.0, 1.0)] * stack.shape[1]
    for matrix in stack:
        kernel = matrix.astype(np.float32)
        start = cpu(resource.RUSAGE_SELF)
        solution = solve(kernel, hard_dc=bound, qintervals=inputs)
        spent += cpu(resource.RUSAGE_SELF) - start
        if not np.array_equal(solution.kernel, kernel):
            raise SystemExit("da4ml's graph does not compute the matrix")
        operations = [op for stage in solution.solutions for op in stage.ops]
        adders.append(sum(op.opcode in (0, 1) for op in operations))
        depths.append(max(solution.out_latencies))
    return summary(adders, depths, spent)


def ours(program, stack, bound, effort):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "matrices.npy"
        np.save(file, stack)
        command = [program, "adders", file, "--json", "--input-bits", "8"]
        if effort is not None:
            command += ["--effort", str(effort)]
        if bound >= 0:
            command += ["--extra-depth", str(bound)]
        start = cpu(resource.RUSAGE_CHILDREN)
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        spent = cpu(resource.RUSAGE_CHILDREN) - start
    figures = json.loads(said)
    return summary([f["adders"] for f in figures], [f["depth"] for f in figures], spent)


def summary(adders, depths, spent):
    count = len(adders)
    return {
        "adders": float(np.mean(adders)),
        "adders_error": float(np.std(adders) / count**0.5),
        "depth": float(np.mean(depths)),
        "time_ms": 1e3 * spent / count,
    }


def table(results):
    lines = [
        "| N | matrices | extra depth | adders: ours | da4ml | ratio | depth: ours | da4ml | ms: ours | da4ml | ratio |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for entry in sorted(results, key=lambda e: (e["size"], list(BOUNDS).index(e["bound"]))):
        a, b = entry["trigforge"], entry["da4ml"]
        lines.append(
            f"| {entry['size']} | {entry['count']} | {entry['bound']} "
            f"| {a['adders']:.1f} | {b['adders']:.1f} | {a['adders'] / b['adders']:.3f} "
            f"| {a['depth']:.1f} | {b['depth']:.1f} "
            f"| {a['time_ms']:.2f} | {b['time_ms']:.2f} | {a['time_ms'] / b['time_ms']:.2f} |"
        )
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trigforge", required=True, help="the command, built with --release")
    parser.add_argument("--out", required=True, type=Path, help="result file, JSON; continued if it is there")
    parser.add_argument("--table", type=Path, help="file for the table, Markdown")
    parser.add_argument("--sizes", default="4,8,16,32,64", help="N of the matrices [%(default)s]")
    parser.add_argument("--count", type=int, default=100, help="matrices of each size [%(default)s]")
    parser.add_argument("--seed", type=int, default=1, help="of the matrices [%(default)s]")
    parser.add_argument("--effort", type=int, help="of trigforge [its default]")
    args = parser.parse_args()
    results = json.loads(args.out.read_text()) if args.out.exists() else []
    for size in map(int, args.sizes.split(",")):
        stack = matrices(size, args.count, args.seed)
        for name, bound in BOUNDS.items():
            key = {"size": size, "count": args.count, "bound": name, "seed": args.seed, "effort": args.effort}
            if any(all(entry[k] == v for k, v in key.items()) for entry in results):
                continue
            entry = key | {
                "trigforge": ours(args.trigforge, stack, bound, args.effort),
                "da4ml": theirs(stack, bound),
            }
            results.append(entry)
            args.out.write_text(json.dumps(results, indent=1) + "\n")
            print(table([entry]).splitlines()[-1], flush=True)
    text = table(results)
    print(text, end="")
    if args.table:
        args.table.write_text(text)


if __name__ == "__main__":
    main()
