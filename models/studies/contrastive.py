"""Linear heads on the features of an encoder that learned from symmetries (see labels.py)."""

import pathlib
import subprocess
import tomllib

import numpy
import variants

CONFIG = pathlib.Path("models/studies/contrastive.toml")
LABELLED, JUDGED = 1_000, 4_000


def call(*words):
    """Runs a command that has to succeed."""
    subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL)


def jets(trigforge, out):
    """Constituents and labels of the train and of the test part."""
    folder = out / "contrastive-jets"
    if not (folder / "test.npz").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        data = tomllib.loads(CONFIG.read_text())["data"]
        data.update(label="label", classes=["gluon", "quark"])
        variants.write({"data": data}, folder / "data.toml")
        call(trigforge, "data", folder / "data.toml", "--write", folder)
    found = []
    for part in ["train", "test"]:
        arrays = numpy.load(folder / f"{part}.npz")
        found.append((arrays["particles"], arrays["labels"]))
    return found


def encoder(trigforge, out, seed, trained):
    """The folder of an encoder; untrained it has its first weights."""
    folder = out / f"contrastive-{'trained' if trained else 'untrained'}-{seed}"

    def change(config):
        config["train"]["seed"] = seed
        if not trained:
            config["train"].update(float_epochs=0, quantised_epochs=1, averaging=0.0)
            config["train"].update(learning_rate=1e-9, quantised_learning_rate=1e-9)

    variants.train(trigforge, CONFIG, folder, change)
    return folder


def features(trigforge, folder, name, constituents):
    """What the integers of an encoder make of jets."""
    given, taken = folder / f"{name}-in.npy", folder / f"{name}-out.npy"
    if not taken.is_file():
        numpy.save(given, constituents.astype(numpy.float32))
        call(trigforge, "run", folder / "model.onnx", "--input", given, "--out", taken)
    return numpy.load(taken).astype(float)


def raw(constituents):
    """The constituents as one vector: angles, and the logarithm of the momentum share."""
    found = constituents.astype(float).copy()
    filled = found[..., 2] > 0
    found[..., 2] = numpy.where(filled, numpy.log(numpy.maximum(found[..., 2], 5e-4)), numpy.log(5e-4))
    return found.reshape(len(found), -1)


def turned(constituents, seed):
    """Every jet turned around its axis by an angle of its own."""
    angles = numpy.random.default_rng(seed).uniform(0, 2 * numpy.pi, len(constituents))
    cos, sin = numpy.cos(angles)[:, None], numpy.sin(angles)[:, None]
    found = constituents.astype(float).copy()
    eta, phi = constituents[..., 0], constituents[..., 1]
    found[..., 0], found[..., 1] = cos * eta - sin * phi, sin * eta + cos * phi
    return found


class Head:
    """A logistic regression on standardised numbers, with a penalty of the squared weights that five-fold
    cross validation chooses."""

    PENALTIES = [1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0]

    def __init__(self, numbers, labels):
        self.mean, self.spread = numbers.mean(0), numbers.std(0)
        self.spread[self.spread == 0] = 1
        x = self.standard(numbers)
        folds = numpy.arange(len(x)) % 5

        def loss(penalty):
            total = 0.0
            for fold in range(5):
                weights = self.fit(x[folds != fold], labels[folds != fold], penalty)
                scores = x[folds == fold] @ weights
                total += numpy.logaddexp(0, -scores * (2 * labels[folds == fold] - 1)).sum()
            return total

        self.weights = self.fit(x, labels, min(self.PENALTIES, key=loss))

    def standard(self, numbers):
        """Standardised numbers and a constant."""
        return numpy.column_stack([(numbers - self.mean) / self.spread, numpy.ones(len(numbers))])

    @staticmethod
    def fit(x, labels, penalty):
        """Newton's method."""
        weights = numpy.zeros(x.shape[1])
        curvature = penalty * numpy.eye(len(weights))
        curvature[-1, -1] = 1e-6
        for _ in range(25):
            p = 1 / (1 + numpy.exp(-numpy.clip(x @ weights, -30, 30)))
            slope = x.T @ (p - labels) + curvature @ weights
            weights = weights - numpy.linalg.solve(x.T @ (x * (p * (1 - p))[:, None]) + curvature, slope)
        return weights

    def score(self, numbers):
        return self.standard(numbers) @ self.weights


def area(scores, labels):
    """Area under the ROC curve; equal scores count one half."""
    order = numpy.sort(scores[labels == 0])
    signal = scores[labels == 1]
    below = numpy.searchsorted(order, signal, "left") + numpy.searchsorted(order, signal, "right")
    return below.mean() / (2 * len(order))


def study(trigforge, out, seeds):
    """Prints areas and changes under rotations; whether the trained features are the best in each seed."""
    (train, train_labels), (test, test_labels) = jets(trigforge, out)
    judged, truth = test[:JUDGED], test_labels[:JUDGED]
    copies = turned(judged, 1)
    print(f"AUC of a linear head from {LABELLED} labelled jets, on {JUDGED} jets of the test part; change of its")
    print("score when the jet is turned, in standard deviations of the score: quantiles of the magnitude")
    good = True
    for seed in range(1, seeds + 1):
        chosen = numpy.random.default_rng(seed).permutation(len(train))[:LABELLED]
        labelled, labels = train[chosen], train_labels[chosen]
        areas = {}
        for kind in ["trained", "untrained", "constituents"]:
            if kind == "constituents":
                sets = [raw(part) for part in [labelled, judged, copies]]
            else:
                folder = encoder(trigforge, out, seed, kind == "trained")
                named = zip(["labelled", "judged", "turned"], [labelled, judged, copies])
                sets = [features(trigforge, folder, name, part) for name, part in named]
            head = Head(sets[0], labels)
            scores, after = head.score(sets[1]), head.score(sets[2])
            areas[kind] = area(scores, truth)
            change = numpy.quantile(abs(after - scores) / scores.std(), [0.5, 0.68, 0.95])
            together = numpy.corrcoef(scores, after)[0, 1]
            print(
                f"  seed {seed}, {kind:12}: AUC {areas[kind]:.4f}; 50 % {change[0]:.3f}, 68 % {change[1]:.3f}, "
                f"95 % {change[2]:.3f}; correlation {together:.3f}"
            )
        good &= areas["trained"] > max(areas["untrained"], areas["constituents"])
    return bool(good)
