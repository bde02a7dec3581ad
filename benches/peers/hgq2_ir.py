"""Dense HGQ2 checkpoints (.keras) in trigforge's textual form, on standardised events."""

import argparse
import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import hgq  # noqa: E402, F401: registers its layers
import keras  # noqa: E402
from hgq2_exact import ir, layers  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path, help="file to write, .ir")
    args = parser.parse_args()
    model = keras.models.load_model(args.checkpoint, compile=False)
    args.out.write_text(ir(layers(model), args.out.stem))


if __name__ == "__main__":
    main()
