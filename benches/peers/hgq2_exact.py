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

    def inputs(self, x):
        """Rounds half up and wraps, as `ap_fixed<.., AP_RND, AP_WRAP>` does."""
        scale = 2.0**self.fractional
        # The rounding of a raw input is done in the precision in which HGQ2 does it.
        mantissa = np.floor(x.astype(np.float32) * scale.astype(np.float32) + np.float32(0.5)).astype(np.float64)
        width = self.sign + self.integer + self.fractional
        span = 2.0 ** np.maximum(width, 0)
        low = -self.sign * span / 2
        return np.where(width > 0, (mantissa - low) % span + low, 0.0) / scale


def layers(model):
    """The dense layers of a calibrated model."""
    return [_layer(layer) for layer in model.layers if hasattr(layer, "qkernel")]


def _layer(layer):
    array = lambda tensor: np.asarray(tensor, np.float64)  # noqa: E731
    sign, integer, fractional = (array(part)[0] for part in layer.iq.quantizer.kif)
    return Layer(
        sign=sign,
        # A width is never negative: an element without bits is the constant zero.
        integer=np.maximum(integer, -fractional),
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
    total = 0
    for layer in network:
        magnitude = layer.integer + layer.fractional
        width = np.where(magnitude > 0, magnitude + layer.sign, 0).astype(int)
        total += int(width @ _span(layer.kernel).sum(axis=1))
    return total


def _span(values):
    """Bits enclosed by the outermost ones of each |value|; 0 for zero."""
    # 2^30 is finer than any weight here, and the products stay exact.
    mantissa = np.abs(values * 2.0**30)
    if np.any(mantissa != np.floor(mantissa)):
        raise ValueError("a weight is finer than 2^-30")
    mantissa = mantissa.astype(np.uint64)
    lowest = mantissa & (~mantissa + np.uint64(1))
    _, high = np.frexp(mantissa.astype(np.float64))
    _, low = np.frexp(lowest.astype(np.float64))
    return np.where(mantissa > 0, high - low + 1, 0)
