"""Studies of learned uncertainties on the calorimeter sample.

Three questions, each answered by trainings that differ from a shipped configuration in a few keys:

    noise   Gaussian noise of 2, 5 and 10 % is added to the target: does sigma_syst^2 grow by the
            added variance? Clusters above 30 GeV, whose own resolution is not far above the noise;
            three seeds, since noise of 2 % is 1/4 of their own variance, which one training gives to 3 %.
    gap     `train_gap`, where the noise of the cells is three times larger in 1.3 < |eta| < 1.6: does
            sigma rise there as the spread of the target around the prediction does?
    size    1,000, 10,000 and 100,000 training clusters: does sigma_stat fall?

All figures are those of the integers on the test part, out of `metrics.json`. Run from the root of the
repository, with Python 3.11 or newer and nothing else:

    python models/studies/uncertainties.py --trigforge target/release/trigforge --out target/studies
"""

import argparse
import pathlib
import statistics
import sys

import variants

ZOO = pathlib.Path("models/zoo")
WITH_STAT = ["evidential", "ensemble", "bayesian"]
NOISES = [0.02, 0.05, 0.10]
SEEDS = [1, 2, 3]


def configuration(method):
    """The file that describes the calibration with this method."""
    return ZOO / f"calo-response-{method}" / "config.toml"


class Studies:
    """Trains variants of shipped configurations and keeps what they gave."""

    def __init__(self, trigforge, out, speed):
        self.trigforge, self.out, self.speed = trigforge, out, speed

    def train(self, name, method, change):
        """The figures of the test part of a variant; trained once."""

        def variant(config):
            config["output"]["sample_rows"] = 1
            change(config)
            for stage in ["float_epochs", "quantised_epochs"]:
                config["train"][stage] = max(1, round(config["train"][stage] / self.speed))

        metrics = variants.train(self.trigforge, configuration(method), self.out / name, variant)
        return variants.figures(metrics)["targets"][0]["uncertainty"]

    def noise(self, method):
        """Added variance found and put in."""
        print(f"\nnoise ({method}): sigma_syst^2 - sigma_syst,0^2 over the added variance")
        found = {0.0: [], **{noise: [] for noise in NOISES}}
        for seed in SEEDS:
            for noise in found:

                def change(config, noise=noise, seed=seed):
                    config["data"]["selection"] = ["e_obs > 30"]
                    config["data"]["noise"] = {"e_dep": noise}
                    config["train"]["seed"] = seed

                name = f"noise-{method}-{round(100 * noise)}-{seed}"
                found[noise].append(self.train(name, method, change)["overall"])
        good = True
        for noise in NOISES:
            ratios = []
            for seed, before, after in zip(SEEDS, found[0.0], found[noise]):
                first, syst = before["sizes"]["syst"], after["sizes"]["syst"]
                ratios.append((syst**2 - first**2) / noise**2)
                width = after["width"]["value"]
                print(
                    f"  {100 * noise:2.0f} %, seed {seed}: sigma_syst {first:.4f} to {syst:.4f}, "
                    f"pull width {width:.3f}, ratio {ratios[-1]:.3f}"
                )
            mean, error = statistics.mean(ratios), statistics.stdev(ratios) / len(ratios) ** 0.5
            print(f"  {100 * noise:2.0f} %: ratio {mean:.3f} +- {error:.3f}")
            good &= abs(mean - 1) < 0.1
        return good

    def gap(self, method):
        """How much sigma and the spread rise where the noise is larger."""

        def change(config):
            path = pathlib.PurePath(config["data"]["path"])
            config["data"]["path"] = str(path.with_name("train_gap.parquet"))
            edges = [0.0, 1.0, 1.3, 1.6, 1.9, 2.7]
            config["output"]["bins"] = [{"column": "abs_eta", "edges": edges}]

        bins = self.train(f"gap-{method}", method, change)["binned"][0]["bins"]
        print(f"\ngap ({method}): root mean squares in units of the mean")
        for bin in bins:
            sizes = bin["figures"]["sizes"]
            words = f"|eta| {bin['low']:.1f} to {bin['high']:.1f}"
            print(f"  {words}: residual {sizes['residual']:.4f}, sigma_syst {sizes['syst']:.4f}")

        def rise(key):
            inside = bins[2]["figures"]["sizes"][key] ** 2
            beside = [bins[at]["figures"] for at in [1, 3]]
            rows = sum(figures["rows"] for figures in beside)
            outside = sum(figures["rows"] * figures["sizes"][key] ** 2 for figures in beside) / rows
            return (inside / outside) ** 0.5

        true, learned = rise("residual"), rise("syst")
        print(f"  inside over 1.0 to 1.3 and 1.6 to 1.9: spread {true:.3f}, sigma_syst {learned:.3f}")
        return abs(learned / true - 1) < 0.15

    def size(self, method):
        """How sigma_stat falls with the training sample."""
        print(f"\nsize ({method})")
        stats = []
        for rows, epochs in [(1_000, 400), (10_000, 60), (100_000, 20)]:

            def change(config, rows=rows, epochs=epochs):
                share = rows / 150_000
                split = {"train": share, "validation": 0.05, "test": 0.15, "seed": 1}
                config["data"]["split"] = split
                config["train"].update(float_epochs=epochs, quantised_epochs=epochs)

            overall = self.train(f"size-{method}-{rows}", method, change)["overall"]
            sizes, width = overall["sizes"], overall["width"]["value"]
            stats.append(sizes["stat"])
            print(
                f"  {rows:6}: sigma_stat {sizes['stat']:.5f}, sigma_syst {sizes['syst']:.4f}, "
                f"residual {sizes['residual']:.4f}, pull width {width:.3f}"
            )
        return all(more > fewer for more, fewer in zip(stats, stats[1:]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--trigforge", type=pathlib.Path, required=True, help="the command")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder of the trainings")
    parser.add_argument("--only", choices=["noise", "gap", "size"], help="one of the studies")
    parser.add_argument("--method", help="one of the methods of the study of sizes")
    parser.add_argument("--speed", type=float, default=1.0, help="divide all epochs by this")
    arguments = parser.parse_args()
    studies = Studies(arguments.trigforge, arguments.out, arguments.speed)
    results = {}
    if arguments.only in [None, "noise"]:
        results["noise"] = studies.noise("gaussian")
    if arguments.only in [None, "gap"]:
        results["gap"] = studies.gap("gaussian")
    if arguments.only in [None, "size"]:
        for method in [arguments.method] if arguments.method else WITH_STAT:
            results[f"size, {method}"] = studies.size(method)
    print()
    for name, good in results.items():
        print(f"{name}: {'as expected' if good else 'NOT as expected'}")
    sys.exit(0 if all(results.values()) else 1)


if __name__ == "__main__":
    main()
