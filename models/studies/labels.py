"""Studies of networks that learn without perfect labels (docs/labels.md).

    cwola   `jsc-cwola`, which learns from two mixed samples, beside the same network that is trained
            in the same way on the labels of the same jets, for several seeds
    latent  `qg-latent` with one to five latent numbers: AUC and largest correlation
    contrastive
            an encoder that learned from symmetries alone (`contrastive.toml`): a linear head on its frozen
            features, on those of the same encoder untrained, and on the constituents themselves, each from
            1,000 labelled jets; and how the score of a jet changes when it is turned around its axis

All figures are those of the integers on the test part. Run from the root of the repository, with Python
3.11 or newer, for `contrastive` also with NumPy:

    python models/studies/labels.py cwola --trigforge target/release/trigforge --out target/studies
"""

import argparse
import pathlib
import sys

import variants

CONFIGS = {
    "jsc-cwola": pathlib.Path("models/zoo/jsc-cwola/config.toml"),
    "qg-latent": pathlib.Path("models/zoo/qg-latent/config.toml"),
    "contrastive": pathlib.Path("models/studies/contrastive.toml"),
}


class Studies:
    """Trains variants of configurations and keeps what they gave."""

    def __init__(self, trigforge, out):
        self.trigforge, self.out = trigforge, out

    def train(self, name, model, change):
        """`metrics.json` of a variant of a configuration; trained once."""

        def changed(config):
            config["output"]["sample_rows"] = 1
            change(config)

        return variants.train(self.trigforge, CONFIGS[model], self.out / name, changed)

    def cwola(self, seeds):
        """AUC from mixed samples and from labels."""
        print("AUC of W against quark jets, test part (pure): mixed samples, labels, difference; EBOPs")
        good = True
        for seed in range(1, seeds + 1):
            found = []
            for name in ["mixed", "labels"]:

                def change(config, name=name, seed=seed):
                    config["train"]["seed"] = seed
                    if name == "labels":
                        del config["data"]["mixture"]

                metrics = self.train(f"cwola-{name}-{seed}", "jsc-cwola", change)
                found.append((auc(metrics), metrics["cost"]["ebops"]))
            (mixed, of_mixed), (labels, of_labels) = found
            print(
                f"  seed {seed}: {shown(mixed)}, {shown(labels)}, {mixed['value'] - labels['value']:+.4f}; "
                f"{of_mixed} and {of_labels}"
            )
            good &= mixed["value"] > labels["value"] - 0.01
        return good

    def latent(self, most):
        """AUC and largest correlation of latent numbers."""
        print("latent numbers: AUC of quark against gluon jets; largest correlation; spreads; EBOPs")
        good = True
        for dimensions in range(1, most + 1):

            def change(config, dimensions=dimensions):
                config["latent"]["dimensions"] = dimensions

            metrics = self.train(f"latent-{dimensions}", "qg-latent", change)
            latent = next(part for part in metrics["parts"] if part["name"] == "test")["latent"]
            spreads = ", ".join(f"{spread:.2f}" for spread in latent["spread"])
            found, ebops = shown(auc(metrics)), metrics["cost"]["ebops"]
            print(f"  {dimensions}: {found}; {latent['largest']:.4f}; {spreads}; {ebops}")
            good &= latent["largest"] < 0.1 and min(latent["spread"]) > 0
        return good

    def contrastive(self, seeds):
        """Linear heads on features and on constituents."""
        import contrastive

        return contrastive.study(self.trigforge, self.out, seeds)


def auc(metrics):
    """Area under the curve of class 1 against class 0, test part, of the integers."""
    found = variants.figures(metrics)["integer"]["discrimination"]
    return next(contest["auc"] for contest in found if contest["signal"] == 1)


def shown(estimate):
    """A figure with its bootstrap error."""
    return f"{estimate['value']:.4f} +- {estimate['error']:.4f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("study", choices=["cwola", "latent", "contrastive"], help="which one")
    parser.add_argument("--trigforge", type=pathlib.Path, required=True, help="the command")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder of the trainings")
    parser.add_argument("--seeds", type=int, default=3, help="how many seeds")
    arguments = parser.parse_args()
    studies = Studies(arguments.trigforge, arguments.out)
    good = {
        "cwola": lambda: studies.cwola(arguments.seeds),
        "latent": lambda: studies.latent(5),
        "contrastive": lambda: studies.contrastive(arguments.seeds),
    }[arguments.study]()
    print("as expected" if good else "NOT as expected")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
