"""The metric that `top-cloud` learns, from five trainings.

Each has its own seed of the split and of the training. The four factors are those of the integers, scaled so
that the mean of their magnitudes is 1 and that of E^2 positive. Prints the table of the card, and fails when a
factor is farther from diag(1, -1, -1, -1) than the five spread. Run from the root of the repository, with
Python 3.11 or newer and nothing else:

    python models/studies/metric.py --trigforge target/release/trigforge --out target/studies
"""

import argparse
import pathlib
import statistics
import sys

import variants

TOP = pathlib.Path("models/zoo/top-cloud/config.toml")
MINKOWSKI = [1, -1, -1, -1]


def factors(metrics):
    """The learned factors, scaled."""
    fact = next(fact for fact in metrics["facts"] if fact["name"].endswith(".metric"))
    found = [float(word) for word in fact["value"].split(",")]
    scale = sum(map(abs, found)) / len(found)
    return [value / (scale if found[0] > 0 else -scale) for value in found]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--trigforge", type=pathlib.Path, required=True, help="the command")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder of the trainings")
    parser.add_argument("--rate", type=float, help="another learning rate of the float stage")
    arguments = parser.parse_args()

    rows = []
    print("| seed | E^2 | px^2 | py^2 | pz^2 | accuracy (float) |\n|---|---|---|---|---|---|")
    for seed in range(1, 6):

        def change(config, seed=seed):
            config["data"]["split"]["seed"] = seed
            config["train"]["seed"] = seed
            config["output"]["sample_rows"] = 1
            if arguments.rate:
                config["train"]["learning_rate"] = arguments.rate

        name = f"metric-{arguments.rate or 'shipped'}-{seed}"
        metrics = variants.train(arguments.trigforge, TOP, arguments.out / name, change)
        test = variants.figures(metrics)
        rows.append(factors(metrics))
        words = [f"{value:.3f}" for value in rows[-1]]
        words += [f"{test['integer']['accuracy']['value']:.4f} ({test['float']['accuracy']['value']:.4f})"]
        print(f"| {seed} | " + " | ".join(words) + " |", flush=True)

    means = [statistics.mean(column) for column in zip(*rows)]
    spreads = [statistics.stdev(column) for column in zip(*rows)]
    words = [f"{mean:.4f}({round(spread * 1e4)})" for mean, spread in zip(means, spreads)]
    print("| mean (spread) | " + " | ".join(words) + " | |")
    far = [abs(mean - one) / spread for mean, one, spread in zip(means, MINKOWSKI, spreads)]
    print("distance from Minkowski in spreads: " + ", ".join(f"{value:.2f}" for value in far))
    sys.exit(0 if max(far) <= 1 else 1)


if __name__ == "__main__":
    main()
