"""A calibrated HGQ2 network as integers: its logits and what it costs.

The arithmetic is done on float64 that hold exact multiples of powers of two below 2^53, so it is the
arithmetic of the hardware, without any rounding of an accumulator.
"""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Layer:
    """One dense layer: the formats of its inputs, its weights and biases as they are executed."""

    sign: np.ndarray
    integer: np.ndarray
    fractional: np.ndarray
    kernel: np.ndarray
    bias: np.ndarray
    relu: bool

    @property
    def width(self):
        """Bits of each input with the sign; none where the input is always zero."""
        magnitude = self.integer + self.fractional
        return np.where(magnitude > 0, magnitude + self.sign, 0).astype(int)

    def inputs(self, x):
        """Rounds half up and wraps, as `ap_fixed<.., AP_RND, AP_WRAP>` does."""
        scale = 2.0**self.fractional
        # The rounding of a raw input is done in the precision in which HGQ2 does it.
        mantissa = np.floor(x.astype(np.float32) * scale.astype(np.float32) + np.float32(0.5)).astype(np.float64)
        span = 2.0**self.width
        low = -self.sign * span / 2
        return np.where(self.width > 0, (mantissa - low) % span + low, 0.0) / scale


def layers(model):
    """The dense layers of a calibrated model."""
    return [_layer(layer) for layer in model.layers if hasattr(layer, "qkernel")]


def _layer(layer):
    array = lambda tensor: np.asarray(tensor, np.float64)  # noqa: E731
    sign, integer, fractional = (array(part)[0] for part in layer.iq.quantizer.kif)
    return Layer(
        sign=sign,
        integer=integer,
        fractional=fractional,
        kernel=array(layer.qkernel),
        bias=array(layer.qbias),
        relu=getattr(layer.activation, "__name__", "") == "relu",
    )


def logits(network, x):
    """Logits of standardised events."""
    for layer in network:
        x = layer.inputs(x) @ layer.kernel + layer.bias
        if layer.relu:
            x = np.maximum(x, 0.0)
    return x


def ebops(network):
    """Effective bit operations as trigforge counts them (arXiv:2405.00645, section III.D).

    A weight counts the bits from its first to its last one, an activation its declared width with
    the sign; zero weights and biases cost nothing.
    """
    return sum(int(layer.width @ _span(layer.kernel).sum(axis=1)) for layer in network)


def _mantissas(values):
    """Integers and the fractional bits that they share."""
    for fractional in range(53):
        mantissas = values * 2.0**fractional
        if np.array_equal(mantissas, np.round(mantissas)):
            return mantissas.astype(np.int64), fractional
    raise ValueError("a weight is finer than 2^-52")


def _span(values):
    """Bits enclosed by the outermost ones of each |value|; 0 for zero."""
    mantissa = np.abs(_mantissas(values)[0]).astype(np.uint64)
    lowest = mantissa & (~mantissa + np.uint64(1))
    _, high = np.frexp(mantissa.astype(np.float64))
    _, low = np.frexp(lowest.astype(np.float64))
    return np.where(mantissa > 0, high - low + 1, 0)


def ir(network, name):
    """The network in trigforge's textual form (docs/ir-spec.md), on standardised events."""
    lines = ["trigforge-ir 0.1", f'module "{name}"']

    def node(text):
        lines.append(f"%{len(lines) - 2} {text}")
        return f"%{len(lines) - 3}"

    modes = "{rounding=RND, overflow=WRAP}"
    for number, layer in enumerate(network):
        count = len(layer.width)
        formats = ", ".join(_format(*element) for element in zip(layer.sign, layer.width, layer.fractional, strict=True))
        kind = f"[1, {count}] each [1, {count}] {{{formats}}}"
        if number == 0:
            x = node(f'"x" = input {modes} : {kind}')
        else:
            x = node(f'"x{number}" = requantize {x} {modes} : {kind}')
        weights = node(f'"w{number}" = {_constant(layer.kernel)}')
        bias = node(f'"b{number}" = {_constant(layer.bias)}')
        x = node(f'"dense{number}" = dense {x}, {weights}, {bias}')
        if layer.relu:
            x = node(f'"relu{number}" = relu {x}')
    lines.append(f'output "y" = {x}')
    return "\n".join(lines) + "\n"


def _format(sign, width, fractional):
    if width == 0:
        return "fix(0,0,0)"
    return f"fix({int(sign)},{int(width - sign - fractional)},{int(fractional)})"


def _constant(values):
    mantissas, fractional = _mantissas(values)
    integer = int(np.abs(mantissas).max()).bit_length() - fractional
    shape = ", ".join(str(size) for size in mantissas.shape)
    listed = ", ".join(str(mantissa) for mantissa in mantissas.flat)
    return f"const {{mantissas=[{listed}]}} : [{shape}] fix(1,{integer},{fractional})"
