"""A calibrated HGQ2 network as integers: its logits and what it costs.

The arithmetic is done on float64 that hold exact multiples of powers of two below 2^53, so it is the
arithmetic of the hardware, without any rounding of an accumulator.
"""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Formats:
    """Sign, integer and fractional bits of each element."""

    sign: np.ndarray
    integer: np.ndarray
    fractional: np.ndarray

    @classmethod
    def of(cls, quantiser):
        return cls(*(np.asarray(part, np.float64) for part in quantiser.quantizer.kif))

    @property
    def width(self):
        """Bits with the sign; none where the element is always zero."""
        magnitude = self.integer + self.fractional
        return np.where(magnitude > 0, magnitude + self.sign, 0).astype(int)

    def text(self):
        """In trigforge's textual form."""
        shape = ", ".join(str(size) for size in self.width.shape)
        elements = zip(self.sign.flat, self.width.flat, self.fractional.flat, strict=True)
        formats = ", ".join(
            f"fix({sign:.0f},{width - sign - fractional:.0f},{fractional:.0f})" if width else "fix(0,0,0)"
            for sign, width, fractional in elements
        )
        return f"[{shape}] each [{shape}] {{{formats}}}"


@dataclasses.dataclass(frozen=True)
class Layer:
    """One dense layer: its inputs' formats, weights and biases as they are executed with theirs."""

    input_formats: Formats
    kernel: np.ndarray
    kernel_formats: Formats
    bias: np.ndarray
    bias_formats: Formats
    relu: bool

    def inputs(self, x):
        """Rounds half up and wraps, as `ap_fixed<.., AP_RND, AP_WRAP>` does."""
        formats = self.input_formats
        scale = 2.0**formats.fractional
        # The rounding of a raw input is done in the precision in which HGQ2 does it.
        mantissa = np.floor(x.astype(np.float32) * scale.astype(np.float32) + np.float32(0.5)).astype(np.float64)
        span = 2.0**formats.width
        low = -formats.sign * span / 2
        return np.where(formats.width > 0, (mantissa - low) % span + low, 0.0) / scale


def layers(model):
    """The dense layers of a calibrated model."""
    return [_layer(layer) for layer in model.layers if hasattr(layer, "qkernel")]


def _layer(layer):
    return Layer(
        input_formats=Formats.of(layer.iq),
        kernel=np.asarray(layer.qkernel, np.float64),
        kernel_formats=Formats.of(layer.kq),
        bias=np.asarray(layer.qbias, np.float64),
        bias_formats=Formats.of(layer.bq),
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
    return sum(int(layer.input_formats.width.ravel() @ _span(layer.kernel).sum(axis=1)) for layer in network)


def _span(values):
    """Bits enclosed by the outermost ones of each |value|; 0 for zero."""
    mantissa = np.abs(_mantissas(values, 30)).astype(np.uint64)
    lowest = mantissa & (~mantissa + np.uint64(1))
    _, high = np.frexp(mantissa.astype(np.float64))
    _, low = np.frexp(lowest.astype(np.float64))
    return np.where(mantissa > 0, high - low + 1, 0)


def _mantissas(values, fractional):
    """The integers that stand for the values at these fractional bits."""
    mantissas = values * 2.0**fractional
    if not np.array_equal(mantissas, np.round(mantissas)):
        raise ValueError("a weight is finer than its format")
    return mantissas.astype(np.int64)


def ir(network, name):
    """The network in trigforge's textual form (docs/ir-spec.md), on standardised events."""
    lines = ["trigforge-ir 0.1", f'module "{name}"']

    def node(text):
        lines.append(f"%{len(lines) - 2} {text}")
        return f"%{len(lines) - 3}"

    modes = "{rounding=RND, overflow=WRAP}"
    for number, layer in enumerate(network):
        kind = layer.input_formats.text()
        if number == 0:
            x = node(f'"x" = input {modes} : {kind}')
        else:
            x = node(f'"x{number}" = requantize {x} {modes} : {kind}')
        weights = node(f'"w{number}" = {_constant(layer.kernel, layer.kernel_formats)}')
        bias = node(f'"b{number}" = {_constant(layer.bias, layer.bias_formats)}')
        x = node(f'"dense{number}" = dense {x}, {weights}, {bias}')
        if layer.relu:
            x = node(f'"relu{number}" = relu {x}')
    lines.append(f'output "y" = {x}')
    return "\n".join(lines) + "\n"


def _constant(values, formats):
    fractional = np.where(formats.width > 0, formats.fractional, 0)
    listed = ", ".join(str(mantissa) for mantissa in _mantissas(values, fractional).flat)
    return f"const {{mantissas=[{listed}]}} : {formats.text()}"
