"""Trains the 16-64-32-32-5 jet tagger with HGQ2 at several betas; see README.md in this folder.

    python hgq2_jsc.py --data DIR --betas 1e-6 1e-5 1e-6:1e-3 --seeds 1 2 3 --out hgq2.json --resume
"""

import argparse
import dataclasses
import importlib.metadata
import json
import os
import pathlib
import platform
import tempfile

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy as np  # noqa: E402

import hgq2_exact as exact  # noqa: E402
import hgq2_network as network  # noqa: E402
from hgq2_network import Beta, Settings  # noqa: E402

PARTS = ("train", "validation", "test")


def load(folder):
    """The three parts, inputs standardised with the training part's mean and deviation."""
    parts = {}
    for part in PARTS:
        with np.load(folder / f"{part}.npz") as file:
            parts[part] = (file["features"].astype(np.float64), file["labels"].astype(np.int32))
    mean, deviation = parts["train"][0].mean(axis=0), parts["train"][0].std(axis=0)
    return {part: (((x - mean) / deviation).astype(np.float32), y) for part, (x, y) in parts.items()}


def measure(model, weights, data):
    """Calibrates on the training part, then counts what the integers do on the others."""
    own = network.calibrate(model, weights, data["train"][0])
    integers = exact.layers(model)
    figures = {"ebops": own, "ebops_exact": exact.ebops(integers)}
    for part in ("validation", "test"):
        x, y = data[part]
        logits = exact.logits(integers, x)
        theirs = model.predict(x, batch_size=network.EVENTS_AT_ONCE, verbose=0)
        if not np.array_equal(logits, theirs):
            worst = float(np.abs(logits - theirs).max())
            raise SystemExit(f"{part}: HGQ2's logits are not those of the integers (by up to {worst})")
        figures[f"{part}_accuracy"] = float((logits.argmax(axis=1) == y).mean())
        figures[f"{part}_loss"] = cross_entropy(logits, y)
    return figures


def cross_entropy(logits, labels):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return float((np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]).mean())


def front(points):
    """Points that no other beats in validation accuracy and EBOPs at once, cheapest first."""
    best, kept = -1.0, []
    for point in sorted(points, key=lambda p: (p["ebops"], -p["validation_accuracy"])):
        if point["validation_accuracy"] > best:
            best = point["validation_accuracy"]
            kept.append(point)
    return kept


def run(settings, beta, seed, data, folder):
    """One training: the final point and the calibrated front of the epochs it went through."""
    model, visited, seconds = network.train(settings, beta, seed, data["train"], data["validation"])
    # The final network comes last, so that it is the one that is written.
    last = model.get_weights()
    points = [
        {"epoch": epoch, **measure(model, weights, data)} for _, _, epoch, weights in visited.front
    ]
    final = measure(model, last, data)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"beta-{beta.first:g}-{beta.last:g}-seed-{seed}"
        (folder / f"{name}.ir").write_text(exact.ir(exact.layers(model), name))
    return {
        "side": "hgq2",
        "beta_first": beta.first,
        "beta": beta.last,
        "seed": seed,
        **final,
        **seconds,
        "epochs": settings.epochs,
        "batch": settings.batch,
        "front": front([*points, {"epoch": settings.epochs - 1, **final}]),
        "history": visited.history,
        "settings": json.loads(json.dumps(dataclasses.asdict(settings))),
        "versions": versions(),
    }


def versions():
    names = ("HGQ2", "keras", "jax", "jaxlib", "numpy", "quantizers")
    return {"python": platform.python_version(), **{n: importlib.metadata.version(n) for n in names}}


def store(path, runs):
    """Replaces the file as a whole, so that it can be read at any moment."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        json.dump(runs, file, indent=1)
    os.replace(file.name, path)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="folder of train.npz, validation.npz, test.npz")
    parser.add_argument("--betas", type=Beta.parse, nargs="+", required=True, help="BETA, or FIRST:LAST for one that grows")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--out", type=pathlib.Path, required=True, help="JSON list, one entry for each run")
    parser.add_argument("--write-ir", type=pathlib.Path, metavar="DIR", help="also write the final networks in trigforge's textual form")
    parser.add_argument("--resume", action="store_true", help="keep the runs of an earlier call, skip those that are done")
    for field in dataclasses.fields(Settings):
        if field.name == "hidden":
            continue
        kind = (lambda text: bool(int(text))) if field.type is bool else field.type
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=kind, default=field.default)
    return parser.parse_args()


def main():
    options = arguments()
    chosen = {f.name: getattr(options, f.name) for f in dataclasses.fields(Settings) if f.name != "hidden"}
    settings = Settings(**chosen)
    described = json.loads(json.dumps(dataclasses.asdict(settings)))
    runs = json.loads(options.out.read_text()) if options.resume and options.out.exists() else []
    done = {(r["beta_first"], r["beta"], r["seed"]) for r in runs if r["settings"] == described}
    data = load(options.data)
    for seed in options.seeds:
        for beta in options.betas:
            if (beta.first, beta.last, seed) in done:
                continue
            entry = run(settings, beta, seed, data, options.write_ir)
            runs.append(entry)
            store(options.out, runs)
            print(
                f"beta {beta.first:g} to {beta.last:g} seed {seed}: validation {entry['validation_accuracy']:.4f} "
                f"test {entry['test_accuracy']:.4f} EBOPs {entry['ebops']} ({entry['ebops_exact']} exact) "
                f"{entry['wall_s']:.1f} s wall {entry['cpu_s']:.1f} s CPU",
                flush=True,
            )


if __name__ == "__main__":
    main()
