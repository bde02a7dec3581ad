"""Compares `trigforge run` with the Python package qonnx on the zoo's samples.

For each model folder: `onnx.checker` accepts `model.onnx`, and qonnx executes
every event of `sample.npz` (one array for each input, by name) to the values that
`trigforge run` writes, compared with `==`, all outputs where there are several. The comparison
is checked too: one output changed by one unit
in the last place must be reported.

A `Quant` node may have a bit width for each element, which qonnx's own function does
not take: it is called once for each width, with the elements that have it.

    check_qonnx.py --trigforge target/release/trigforge models/zoo/*
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import qonnx.custom_op.general.intquant as intquant
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes

# Events that are also executed one by one, by the model as it is in the file.
ONE_BY_ONE = 20


def width_by_width(int_quant):
    """qonnx's rounding function for bit widths that differ from element to element."""

    def rounded(values, scale, zero, widths, *how):
        if np.size(widths) == 1:
            return int_quant(values, scale, zero, widths, *how)
        values, scale, zero, widths = np.broadcast_arrays(values, scale, zero, widths)
        out = np.empty_like(values)
        for width in np.unique(widths):
            at = widths == width
            out[at] = int_quant(values[at], scale[at], zero[at], width, *how)
        return out

    return rounded


def kept_in_double(execute_node):
    """qonnx stores the result of `Quant` in single precision, which holds its few bits."""

    def executed(self, context, graph):
        execute_node(self, context, graph)
        name = self.onnx_node.output[0]
        context[name] = context[name].astype(np.float64)

    return executed


def first_difference(expected, found):
    """The first place where two arrays differ, in words; None if there is none."""
    if expected.shape != found.shape:
        return f"shapes differ: qonnx {expected.shape}, trigforge {found.shape}"
    places = np.argwhere(expected != found)
    if len(places) == 0:
        return None
    place = tuple(int(index) for index in places[0])
    return (
        f"event {place[0]}, element {place[1:]}: qonnx gives {expected[place]!r}, "
        f"trigforge {found[place]!r} ({len(places)} values differ)"
    )


def in_double(proto):
    """A model with derived shapes in double precision: single loses bits of sums above 2^24."""
    proto = ModelWrapper(proto).transform(InferShapes()).model
    single, double = onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE
    for value in [*proto.graph.input, *proto.graph.output, *proto.graph.value_info]:
        if value.type.tensor_type.elem_type == single:
            value.type.tensor_type.elem_type = double
    for constant in proto.graph.initializer:
        if constant.data_type == single:
            numbers = onnx.numpy_helper.to_array(constant).astype(np.float64)
            constant.CopyFrom(onnx.numpy_helper.from_array(numbers, constant.name))
    for node in proto.graph.node:
        for attribute in node.attribute:
            if (node.op_type, attribute.name, attribute.i) == ("Cast", "to", single):
                attribute.i = double
    return ModelWrapper(proto)


def execute(model, events):
    """The outputs of qonnx for a batch of events (input name to array), in float64."""
    given = {name: values.astype(np.float64) for name, values in events.items()}
    names = [value.name for value in model.graph.output]
    found = execute_onnx(model, given)
    return side_by_side([found[name] for name in names])


def side_by_side(outputs):
    """All outputs of each event in a row; a single output as it is."""
    if len(outputs) == 1:
        return outputs[0]
    return np.concatenate([output.reshape(len(output), -1) for output in outputs], axis=1)


def with_batch(path, count):
    """The model of a file, for `count` events at a time."""
    proto = onnx.load(path)
    for value in [*proto.graph.input, *proto.graph.output]:
        value.type.tensor_type.shape.dim[0].dim_value = count
    # Shapes of the values between belong to one event; they are derived anew.
    del proto.graph.value_info[:]
    return in_double(proto)


def qonnx_outputs(path, events):
    """What qonnx computes: all events at once, and the first ones one by one."""
    count = len(next(iter(events.values())))
    outputs = execute(with_batch(path, count), events)
    model = in_double(onnx.load(path))

    def one(at):
        return execute(model, {name: values[at : at + 1] for name, values in events.items()})

    alone = [one(at) for at in range(min(ONE_BY_ONE, count))]
    difference = first_difference(np.concatenate(alone), outputs[: len(alone)])
    if difference is not None:
        raise SystemExit(f"{path}: qonnx computes other values in a batch: {difference}")
    return outputs


def trigforge_outputs(trigforge, path, events):
    """What `trigforge run` computes: several outputs as arrays of their names."""
    names = [value.name for value in onnx.load(path).graph.output]
    with tempfile.TemporaryDirectory() as folder:
        result = pathlib.Path(folder, "y.npy" if len(names) == 1 else "y.npz")
        given = pathlib.Path(folder, "x.npz")
        np.savez(given, **events)
        command = [trigforge, "run", path, "--input", given, "--out", result]
        subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
        found = np.load(result)
        outputs = found if len(names) == 1 else side_by_side([found[name] for name in names])
    if outputs.dtype != np.float64:
        raise SystemExit(f"{path}: trigforge wrote {outputs.dtype}, expected float64")
    return outputs


def check(trigforge, folder):
    """Compares one model; None, or what is wrong."""
    path = folder / "model.onnx"
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=False)
    sample = np.load(folder / "sample.npz")
    inputs = [value.name for value in model.graph.input]
    events = {name: sample[name].astype(np.float32) for name in inputs}
    count = len(events[inputs[0]])
    if count == 0:
        return "the sample holds no events"
    expected = qonnx_outputs(path, events)
    found = trigforge_outputs(trigforge, path, events)
    difference = first_difference(expected, found)
    if difference is not None:
        return difference
    changed = found.copy()
    changed.flat[-1] = np.nextafter(changed.flat[-1], np.inf)
    if first_difference(expected, changed) is None:
        return "the comparison does not see a changed output"
    print(f"    {folder.name}: {expected.size} outputs of {count} events are equal")
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--trigforge", type=pathlib.Path, required=True, help="the command")
    parser.add_argument("folders", type=pathlib.Path, nargs="+", help="folders of models")
    arguments = parser.parse_args()
    intquant.int_quant = width_by_width(intquant.int_quant)
    intquant.IntQuant.execute_node = kept_in_double(intquant.IntQuant.execute_node)
    failed = False
    for folder in arguments.folders:
        problem = check(arguments.trigforge, folder)
        if problem is not None:
            failed = True
            print(f"{folder}: {problem}", file=sys.stderr)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
