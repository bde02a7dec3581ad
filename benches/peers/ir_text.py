"""Dense networks in trigforge's textual form (docs/ir-spec.md), for tracers of other packages."""

import dataclasses
import re

import numpy as np

_NODE = re.compile(
    r'%(?P<id>\d+) "(?P<name>[^"]*)" = (?P<op>\w+) ?(?P<args>(?:%\d+(?:, )?)*) ?(?:\{(?P<attributes>.*?)\} )?: (?P<type>.*)'
)
_FORMAT = re.compile(r"fix\((-?\d+),(-?\d+),(-?\d+)\)")


@dataclasses.dataclass(frozen=True)
class Type:
    """A shape, and sign, integer and fractional bits of each element."""

    shape: tuple[int, ...]
    k: np.ndarray
    i: np.ndarray
    f: np.ndarray

    @classmethod
    def of(cls, text):
        shape = tuple(map(int, re.match(r"\[([\d, ]*)\]", text)[1].split(",")))
        formats = np.array(_FORMAT.findall(text), int)
        along = shape
        if "each" in text:
            each = re.search(r"each \[([\d, ]*)\]", text)[1]
            along = tuple(map(int, each.split(",")))
        formats = formats.reshape(*along, 3) if len(formats) > 1 else formats.reshape(3)
        return cls(shape, *np.moveaxis(np.broadcast_to(formats, (*shape, 3)), -1, 0))


@dataclasses.dataclass(frozen=True)
class Node:
    """One operation."""

    name: str
    op: str
    args: list[int]
    attributes: str
    type: Type

    def mantissas(self):
        listed = re.search(r"mantissas=\[([-\d, ]*)\]", self.attributes)[1]
        return np.array(list(map(int, listed.split(",")))).reshape(self.type.shape)

    def values(self):
        return self.mantissas() * 2.0**-self.type.f

    def mode(self, key):
        return re.search(rf"{key}=(\w+)", self.attributes)[1]


class Network:
    """A chain of dense layers with one input and one output."""

    def __init__(self, text):
        self.nodes = []
        for line in text.splitlines():
            if not line.startswith("%"):
                continue
            found = _NODE.fullmatch(line)
            if found is None:
                raise ValueError(f"not understood: {line[:200]}")
            args = [int(a) for a in re.findall(r"%(\d+)", found["args"])]
            node = Node(found["name"], found["op"], args, found["attributes"] or "", Type.of(found["type"]))
            self.nodes.append(node)
        outputs = re.findall(r'^output ".*" = %(\d+)$', text, re.MULTILINE)
        inputs = [node for node in self.nodes if node.op == "input"]
        if len(inputs) != 1 or len(outputs) != 1:
            raise ValueError("expected one input and one output")
        self.input = inputs[0]
        self.output = int(outputs[0])

    def trace(self, x):
        """The output for a symbolic array x of a tracer, which has the inputs' formats."""
        values = {}
        for index, node in enumerate(self.nodes):
            args = [values[a] for a in node.args]
            values[index] = self._apply(node, args, x)
        return values[self.output]

    def _apply(self, node, args, x):
        match node.op:
            case "input":
                return x
            case "const":
                return node.values()
            case "sub":
                return args[0] - args[1]
            case "mul":
                return args[0] * args[1]
            case "dense":
                return args[0] @ args[1] + args[2]
            case "relu":
                return args[0].relu()
            case "requantize":
                ty = node.type
                modes = (node.mode("overflow"), node.mode("rounding"))
                return args[0].quantize(ty.k, ty.i, ty.f, *modes)
        raise ValueError(f"no way to trace {node.op}")


def rounding_half_up(text):
    """The same network, half-way cases rounded up instead of to even."""
    return text.replace("rounding=RND_CONV", "rounding=RND")
