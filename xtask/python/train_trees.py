"""Trains tree ensembles on the jets of jsc, saves them, and records what their libraries predict.

    train_trees.py events FOLDER TRAIN.parquet    features and labels, rounded to a grid
    train_trees.py xgboost FOLDER                 models of the version that is imported
    train_trees.py others FOLDER                  LightGBM, and scikit-learn as ONNX

Features are standardised, cut off at 8 and rounded to multiples of 2^-10, so that a format of 14
bits holds them exactly. Of each model NAME, `NAME.cases` holds a line of words: the model's file, the
kind of decision (sign, half, argmax, value, outlier), the number of outputs; `NAME.sums` the raw outputs
and `NAME.decisions` the predictions for all events, as doubles.
"""

import pathlib
import sys
import warnings

import numpy as np

EVENTS = 50_000
TRAINED = 8_000
FEATURES = 16
SEED = 7


def events(folder, path):
    """Writes `x.f64` and `labels.f64`."""
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path)
    names = table.column_names[:FEATURES]
    x = np.stack([table[name].to_numpy() for name in names], axis=1).astype(np.float64)[:EVENTS]
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    x = np.round(np.clip(x, -7.99, 7.99) * 1024) / 1024
    x.tofile(folder / "x.f64")
    table["label"].to_numpy().astype(np.float64)[:EVENTS].tofile(folder / "labels.f64")


def load(folder):
    """Features and labels."""
    x = np.fromfile(folder / "x.f64").reshape(-1, FEATURES)
    return x, np.fromfile(folder / "labels.f64").astype(np.int64)


def record(folder, name, file, kind, sums, decisions):
    """Writes what the library predicts."""
    sums = np.asarray(sums, dtype=np.float64).reshape(len(decisions), -1)
    sums.tofile(folder / f"{name}.sums")
    np.asarray(decisions, dtype=np.float64).tofile(folder / f"{name}.decisions")
    (folder / f"{name}.cases").write_text(f"{file} {kind} {sums.shape[1]}\n")


def xgboost_models(folder):
    """Binary, multi-class and regression models of XGBoost."""
    import xgboost

    version = "xgboost" + xgboost.__version__.split(".")[0]
    x, labels = load(folder)
    data = xgboost.DMatrix(x)
    settings = {"max_depth": 4, "eta": 0.3, "seed": SEED, "nthread": 2}
    top = (labels == 4).astype(np.float64)
    for name, target, rounds, more in [
        # The base score is estimated, from an unbalanced sample.
        ("binary", top, 100, {"objective": "binary:logistic"}),
        ("base", top, 20, {"objective": "binary:logistic", "base_score": 0.125}),
        ("raw", top, 20, {"objective": "binary:logitraw", "base_score": 0.25}),
        ("classes", labels, 30, {"objective": "multi:softprob", "num_class": 5}),
        ("softmax", labels, 10, {"objective": "multi:softmax", "num_class": 5}),
        ("forest", top, 2, {"objective": "binary:logistic", "num_parallel_tree": 10, "subsample": 0.5}),
        ("regression", x[:, 14] + 3.0, 50, {"objective": "reg:squarederror"}),
        ("poisson", np.maximum(np.round(x[:, 15] + 3), 0), 30, {"objective": "count:poisson"}),
    ]:
        train = xgboost.DMatrix(x[:TRAINED], label=target[:TRAINED])
        booster = xgboost.train({**settings, **more}, train, num_boost_round=rounds)
        full = f"{version}_{name}"
        file = f"{full}.json"
        booster.save_model(folder / file)
        sums = booster.predict(data, output_margin=True)
        predicted = booster.predict(data)
        if "multi" in more["objective"]:
            decided = predicted if predicted.ndim == 1 else predicted.argmax(axis=1)
            record(folder, full, file, "argmax", sums, decided)
        elif name == "raw":
            record(folder, full, file, "sign", sums, predicted > 0)
        elif "binary" in more["objective"]:
            record(folder, full, file, "sign", sums, predicted > 0.5)
        else:
            record(folder, full, file, "value", sums, np.zeros(len(x)))


def lightgbm_models(folder):
    """Binary, multi-class, regression and averaged models of LightGBM."""
    import lightgbm

    x, labels = load(folder)
    settings = {"num_leaves": 16, "seed": SEED, "num_threads": 2, "verbosity": -1}
    top = (labels == 4).astype(np.float64)
    forest = {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}
    for name, target, rounds, more in [
        ("binary", top, 100, {"objective": "binary"}),
        ("scaled", top, 20, {"objective": "binary", "sigmoid": 0.5}),
        ("classes", labels, 30, {"objective": "multiclass", "num_class": 5}),
        ("each", labels, 10, {"objective": "multiclassova", "num_class": 5}),
        ("regression", x[:, 14] + 3.0, 50, {"objective": "regression"}),
        ("averaged", x[:, 14] + 3.0, 20, {"objective": "regression", **forest}),
        ("deep", top, 20, {"objective": "binary", "num_leaves": 200, "min_data_in_leaf": 2}),
    ]:
        train = lightgbm.Dataset(x[:TRAINED], label=target[:TRAINED])
        booster = lightgbm.train({**settings, **more}, train, num_boost_round=rounds)
        full = f"lightgbm_{name}"
        file = f"{full}.txt"
        booster.save_model(folder / file)
        sums = booster.predict(x, raw_score=True)
        predicted = booster.predict(x)
        if "multi" in more["objective"]:
            record(folder, full, file, "argmax", sums, predicted.argmax(axis=1))
        elif more["objective"] == "binary":
            record(folder, full, file, "sign", sums, predicted > 0.5)
        else:
            record(folder, full, file, "value", predicted, np.zeros(len(x)))


def sklearn_models(folder):
    """Forests and boosted trees of scikit-learn, converted to ONNX."""
    from skl2onnx import to_onnx
    from sklearn import ensemble

    x, labels = load(folder)
    x = x.astype(np.float32)
    top = (labels == 4).astype(np.int64)
    small = {"max_depth": 6, "random_state": SEED}
    forest = {"n_estimators": 30, "n_jobs": 2, **small}
    boosted = {"n_estimators": 30, "max_depth": 3, "random_state": SEED}
    for name, model, target, kind in [
        ("forest", ensemble.RandomForestClassifier(**forest), labels, "argmax"),
        ("binary", ensemble.RandomForestClassifier(**forest), top, "half"),
        ("boosted", ensemble.GradientBoostingClassifier(**boosted), top, "sign"),
        ("regression", ensemble.RandomForestRegressor(**forest), x[:, 14] + 3, "value"),
        ("outliers", ensemble.IsolationForest(n_estimators=50, random_state=SEED), None, "outlier"),
    ]:
        given = x[:TRAINED]
        model.fit(given) if target is None else model.fit(given, target[:TRAINED])
        full = f"sklearn_{name}"
        file = f"{full}.onnx"
        onnx = to_onnx(model, given[:1], target_opset={"": 18, "ai.onnx.ml": 3})
        (folder / file).write_bytes(onnx.SerializeToString())
        if kind == "outlier":
            record(folder, full, file, kind, model.decision_function(x), model.predict(x))
        elif kind == "value":
            record(folder, full, file, kind, model.predict(x), np.zeros(len(x)))
        else:
            record(folder, full, file, kind, model.predict_proba(x), model.predict(x))


def main():
    warnings.filterwarnings("ignore")
    what, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    if what == "events":
        events(folder, sys.argv[3])
    elif what == "xgboost":
        xgboost_models(folder)
    else:
        lightgbm_models(folder)
        sklearn_models(folder)


if __name__ == "__main__":
    main()
