"""A dense HGQ2 classifier and its training."""

import dataclasses
import math
import time

import keras
import numpy as np
from hgq.config import QuantizerConfig, QuantizerConfigScope
from hgq.layers import QDense, QEinsumDenseBatchnorm
from hgq.utils import trace_minmax
from hgq.utils.sugar import BetaScheduler, FreeEBOPs, PieceWiseSchedule

# Events per call where no gradient is taken; the result does not depend on it.
EVENTS_AT_ONCE = 8192


@dataclasses.dataclass(frozen=True)
class Settings:
    """What is tuned; the defaults are what one seed chose on the validation part."""

    hidden: tuple[int, ...] = (64, 32, 32)
    epochs: int = 300
    batch: int = 512
    learning_rate: float = 1e-2
    # Cosines from the learning rate to zero in a run whose beta grows; one in a run at one beta.
    ramp_cycles: int = 5
    batch_normalisation: bool = False
    weight_bits: int = 3
    weight_integer_bits: int = 0
    activation_integer_bits: int = 3
    activation_fractional_bits: int = 3


@dataclasses.dataclass(frozen=True)
class Beta:
    """Weight of a bit operation in the loss: at the start of a run, and at its end, geometrically between."""

    first: float
    last: float

    @classmethod
    def parse(cls, text):
        first, _, last = text.partition(":")
        return cls(float(first), float(last or first))

    @property
    def grows(self):
        return self.first != self.last


def build(settings, features, classes):
    """The network on standardised features; logits come out."""
    weights = QuantizerConfigScope(
        place=("weight", "bias"),
        q_type="kbi",
        b0=settings.weight_bits,
        i0=settings.weight_integer_bits,
    )
    activations = QuantizerConfigScope(
        place="datalane",
        q_type="kif",
        i0=settings.activation_integer_bits,
        f0=settings.activation_fractional_bits,
    )
    with weights, activations:
        inputs = keras.Input((features,))
        x = inputs
        for number, units in enumerate((*settings.hidden, classes)):
            last = number == len(settings.hidden)
            common = {"name": f"dense_{number}", "iq_conf": QuantizerConfig(place="datalane")}
            if not last:
                common["activation"] = "relu"
            if settings.batch_normalisation and not last:
                layer = QEinsumDenseBatchnorm("bc,cC->bC", units, bias_axes="C", **common)
            else:
                layer = QDense(units, **common)
            x = layer(x)
    return keras.Model(inputs, x)


class Visited(keras.callbacks.Callback):
    """Keeps the weights of every epoch that no other beats in accuracy and EBOPs at once.

    It does in memory what HGQ2's `ParetoFront` does with one file per epoch, which would be charged
    to the training time.
    """

    def __init__(self):
        super().__init__()
        self.front = []
        self.history = []

    def on_epoch_end(self, epoch, logs=None):
        accuracy, ebops = float(logs["val_accuracy"]), int(logs["ebops"])
        self.history.append([round(accuracy, 5), ebops])
        if any(a >= accuracy and e <= ebops for a, e, _, _ in self.front):
            return
        kept = [p for p in self.front if not (accuracy >= p[0] and ebops <= p[1])]
        self.front = [*kept, (accuracy, ebops, epoch, self.model.get_weights())]


class Compilation(keras.callbacks.Callback):
    """Wall seconds from the start to the end of the first epoch and of the second."""

    def on_train_begin(self, logs=None):
        self.marks = [time.perf_counter()]

    def on_epoch_end(self, epoch, logs=None):
        if epoch < 2:
            self.marks.append(time.perf_counter())

    def seconds(self):
        steps = np.diff(self.marks)
        return float(steps[0] - steps[1]) if len(steps) == 2 else math.nan


def train(settings, beta, seed, train_part, validation_part):
    """Trains one network; returns it with the callbacks that watched and the seconds it took."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    (x, y), validation = train_part, validation_part
    model = build(settings, x.shape[1], int(y.max()) + 1)
    steps = math.ceil(len(x) / settings.batch)
    cycles = settings.ramp_cycles if beta.grows else 1
    rate = keras.optimizers.schedules.CosineDecayRestarts(
        settings.learning_rate, first_decay_steps=steps * settings.epochs // cycles, t_mul=1.0
    )
    model.compile(
        optimizer=keras.optimizers.Adam(rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        # Callbacks then run once per epoch, not at every step.
        steps_per_execution=steps,
    )
    points = [(0, beta.first, "log" if beta.grows else "constant"), (settings.epochs, beta.last, "constant")]
    visited, compilation = Visited(), Compilation()
    wall, cpu = time.perf_counter(), time.process_time()
    model.fit(
        x,
        y,
        batch_size=settings.batch,
        epochs=settings.epochs,
        validation_data=validation,
        validation_batch_size=EVENTS_AT_ONCE,
        verbose=0,
        callbacks=[BetaScheduler(PieceWiseSchedule(points)), FreeEBOPs(), visited, compilation],
    )
    seconds = {
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "compile_s": compilation.seconds(),
    }
    return model, visited, seconds


def calibrate(model, weights, x):
    """Puts the weights back and sets the integer bits of all activations to what the events need."""
    model.set_weights(weights)
    return trace_minmax(model, x, batch_size=EVENTS_AT_ONCE)
