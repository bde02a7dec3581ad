"""Whole networks in Verilog: trigforge beside da4ml and its successor alkaid.

Each network is read in trigforge's textual form, so that all sides have the same integers: formats,
weights, biases, roundings. trigforge compiles it; da4ml and alkaid trace it layer by layer. The
outputs are compared on random events. Then Yosys maps each Verilog with the same command, counts its
cells, and adds up the delays of the longest path between registers (`sta`: cells of Xilinx series 7
without wires, the same yardstick for all).

A pipeline of fewer stages has longer paths. The clock at which depths are compared is therefore the
one that trigforge's pipeline keeps by that yardstick; the others get more stages until they keep it
too. da4ml knows truncation and rounding half up alone: a network that rounds half to even is compared
with rounding half up, on all sides.

Entries that are in the result file already are not computed again.
"""

import argparse
import json
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import alkaid.codegen
import alkaid.trace
import da4ml.codegen
import da4ml.trace
import numpy as np
from ir_text import Network, rounding_half_up

CLOCK_MHZ = 200
# Adders in a row between registers: what both command lines take at 5 ns, and fewer.
CUTOFFS = (5, 3, 2)
EVENTS = 2000
MAP = "synth_xilinx -family xcup -flatten -noiopad -nodsp"
STA = "read_verilog -lib -specify +/xilinx/cells_sim.v; sta"


class Da4ml:
    """da4ml with the settings of `da4ml convert`."""

    def __init__(self, network):
        kind = network.input.type
        config = da4ml.trace.HWConfig(1, -1, -1)
        array = da4ml.trace.FixedVariableArray
        x = array.from_kif(kind.k, kind.i, kind.f, hwconf=config, solver_options={"hard_dc": 2})
        self.circuit = da4ml.trace.comb_trace(x, network.trace(x))

    def write(self, folder, cutoff):
        model = da4ml.codegen.RTLModel(self.circuit, "model", folder, latency_cutoff=cutoff, print_latency=False)
        model.write()
        return len(model._pipe.solutions)


class Alkaid:
    """alkaid with the settings of `alkaid convert`."""

    def __init__(self, network):
        kind = network.input.type
        config = alkaid.trace.HWConfig(1, 1, -1)
        step = 2.0**-kind.f
        low, high = -(2.0**kind.i) * kind.k, 2.0**kind.i - step
        array = alkaid.trace.FVArray
        x = array.from_lhs(low, high, step, hwconf=config, solver_options={"hard_dc": 5})
        self.circuit = alkaid.trace.trace(x, network.trace(x))

    def write(self, folder, cutoff):
        model = alkaid.codegen.RTLModel(self.circuit, folder, "model", latency_cutoff=cutoff, print_latency=False)
        model.write()
        return len(model.fsm.logic)


PEERS = {"da4ml": Da4ml, "alkaid": Alkaid}


def mapped(folder, top, sources):
    """What Yosys makes of a design: look-up tables, registers, longest path in ns."""
    script = f"read_verilog {' '.join(map(str, sources))}; hierarchy -check -top {top}; {MAP}; tee -q -o stat stat; {STA}"
    said = subprocess.run(
        ["yosys", "-p", script], cwd=folder, check=True, capture_output=True, text=True
    ).stdout
    cells = {}
    for line in (folder / "stat").read_text().rsplit("Number of cells:", 1)[1].splitlines()[1:]:
        words = line.split()
        if len(words) != 2:
            break
        cells[words[0]] = int(words[1])
    tables = r"INV|LUT\d|SRL.*|RAM\d.*"
    path = re.findall(r"Latest arrival time in '.*' is (\d+)", said)
    return {
        "luts": sum(n for cell, n in cells.items() if re.fullmatch(tables, cell)),
        "ffs": sum(n for cell, n in cells.items() if cell.startswith("FD")),
        "path_ns": int(path[-1]) / 1e3,
    }


def ours(program, model, folder):
    command = [program, "compile", model, "--target", "verilog", "--part", "xcvu9p", "--json"]
    command += ["--clock", f"{CLOCK_MHZ}MHz", "--out", folder]
    start = time.perf_counter()
    said = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    seconds = time.perf_counter() - start
    sources = sorted((folder / "rtl").glob("*.v"))
    (top,) = [file.stem for file in sources if file.stem.endswith("_core")]
    return {"stages": said["latency_cycles"], "seconds": seconds} | mapped(folder, top, sources)


def theirs(traced, cutoff, folder):
    stages = traced.write(folder, cutoff)
    # A memory file of theirs has no contents, and nothing here uses it.
    sources = [file for file in sorted(folder.glob("src/**/*.v")) if file.stem != "lookup_table"]
    return {"cutoff": cutoff, "stages": stages} | mapped(folder, "model", sources)


def compare_outputs(program, model, network, circuit, folder):
    """The peer's outputs must be ours, event by event."""
    kind = network.input.type
    draw = np.random.default_rng(1)
    shape = (EVENTS, *kind.shape[1:])
    width = kind.k + kind.i + kind.f
    mantissas = np.floor(draw.random(shape) * 2.0**width) - kind.k * 2.0 ** (width - 1)
    events = np.where(width > 0, mantissas, 0) * 2.0**-kind.f
    np.save(folder / "x.npy", events)
    files = ["--input", folder / "x.npy", "--out", folder / "y.npy"]
    subprocess.run([program, "run", model, *files], check=True, capture_output=True)
    wanted = np.load(folder / "y.npy").reshape(EVENTS, -1)
    if not np.array_equal(circuit.predict(events.reshape(EVENTS, -1)), wanted):
        raise SystemExit(f"{model}: a peer's circuit computes something else")


def compare(program, model, old):
    """The entries of one network that are not there yet."""
    said = subprocess.run([program, "inspect", model, "--ir"], check=True, capture_output=True, text=True).stdout
    text = rounding_half_up(said)
    network = Network(text)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        file = folder / "network.ir"
        file.write_text(text)
        entry = old or {"ebops": ebops(program, model), "rounding": "RND_CONV" if text != said else "as it is"}
        entry.setdefault("trigforge", ours(program, file, folder / "trigforge"))
        for name, peer in PEERS.items():
            mine, there = entry["trigforge"]["path_ns"], entry.get(name, {"tried": []})
            left = CUTOFFS[len(there["tried"]) :]
            if not left or any(one["path_ns"] <= mine for one in there["tried"]):
                continue
            start = time.perf_counter()
            traced = peer(network)
            there["seconds"] = time.perf_counter() - start
            compare_outputs(program, file, network, traced.circuit, folder)
            for cutoff in left:
                there["tried"].append(theirs(traced, cutoff, folder / f"{name}-{cutoff}"))
                if there["tried"][-1]["path_ns"] <= mine:
                    break
            entry[name] = there
    return entry


def ebops(program, model):
    said = subprocess.run([program, "inspect", model], check=True, capture_output=True, text=True).stdout
    return int(re.search(r"(\d+) EBOPs", said)[1])


def table(results):
    lines = [
        "| network | EBOPs | tool | stages | LUT | FF | path, ns | at our clock: stages | LUT | FF | path, ns |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    ratios = {name: [] for name in PEERS}
    deeper = {name: 0 for name in PEERS}
    for network, entry in sorted(results.items(), key=lambda item: item[1]["ebops"]):
        mine = entry["trigforge"]
        cells = "| {stages} | {luts} | {ffs} | {path_ns:.2f} "
        lines.append(f"| {network} | {entry['ebops']} | trigforge " + cells.format(**mine) * 2 + "|")
        for name in PEERS:
            tried = entry[name]["tried"]
            kept = [one for one in tried if one["path_ns"] <= mine["path_ns"]]
            same = cells.format(**kept[0]) if kept else f"| > {tried[-1]['stages']} | | | "
            lines.append(f"| | | {name} " + cells.format(**tried[0]) + same + "|")
            ratios[name].append(mine["luts"] / tried[0]["luts"])
            deeper[name] += bool(kept) and mine["stages"] > kept[0]["stages"]
    lines += ["", "| LUT, ours / theirs | median | least | most | ours has more stages at the same clock |", "|---|---|---|---|---|"]
    for name, values in ratios.items():
        figures = f"{statistics.median(values):.2f} | {min(values):.2f} | {max(values):.2f}"
        lines.append(f"| {name} | {figures} | {deeper[name]} of {len(values)} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trigforge", required=True, help="the command, built with --release")
    parser.add_argument("--out", required=True, type=Path, help="result file, JSON; continued if it is there")
    parser.add_argument("--table", type=Path, help="file for the table, Markdown")
    parser.add_argument("networks", nargs="+", metavar="NAME=FILE", help="models that `trigforge inspect` takes")
    args = parser.parse_args()
    results = json.loads(args.out.read_text()) if args.out.exists() else {}
    for argument in args.networks:
        name, _, file = argument.partition("=")
        results[name] = compare(args.trigforge, file, results.get(name))
        args.out.write_text(json.dumps(results, indent=1) + "\n")
        print(table({name: results[name]}).split("\n\n")[0], flush=True)
    text = table(results)
    print(text, end="")
    if args.table:
        args.table.write_text(text)


if __name__ == "__main__":
    main()
