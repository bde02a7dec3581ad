"""Variants of a shipped configuration, trained once each: what every study here is made of."""

import json
import subprocess
import tomllib


def _toml(value):
    """A value as TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return json.dumps(value)


def write(config, path):
    """A configuration as a file: tables of the first level, all below them inline."""
    lines = []
    for table, content in config.items():
        lines.append(f"[{table}]")
        lines += [f"{json.dumps(key)} = {_toml(value)}" for key, value in content.items()]
    path.write_text("\n".join(lines) + "\n")


def train(trigforge, shipped, folder, change):
    """`metrics.json` of the configuration `shipped` after `change`; trained once into `folder`."""
    if not (folder / "metrics.json").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        config = tomllib.loads(shipped.read_text())
        config.pop("card", None)
        change(config)
        write(config, folder / "study.toml")
        command = [trigforge, "train", folder / "study.toml", "--out", folder, "--quiet"]
        subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
    return json.loads((folder / "metrics.json").read_text())


def figures(metrics, name="test"):
    """The figures of one part of the split."""
    return next(part for part in metrics["parts"] if part["name"] == name)["figures"]
