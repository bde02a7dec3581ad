"""Energy that showers of photons, electrons and charged pions leave in the layers of `calo`.

A parametrisation, not Geant. Depths are in radiation lengths X0 or interaction lengths
lambda, energies in GeV. Longitudinal profile of electromagnetic showers: Longo and
Sestili (NIM 128 (1975) 283); electromagnetic fraction of pions: Gabriel, Groom et al.
(NIM A 338 (1994) 336).
"""

import math
from dataclasses import dataclass

import numpy as np

PHOTON, ELECTRON, PION = 22, 11, 211

#: Depth of EM1, EM2, HAD1, HAD2 at eta = 0.
LAYER_X0 = np.array([6.0, 18.0, 33.0, 38.5])
LAYER_LAMBDA = np.array([0.30, 0.85, 3.0, 3.5])

CRITICAL = 0.010  # GeV
CONVERSION = 9 / 7  # X0, mean depth at which a photon converts
INTERACTION = 1.15  # lambda, mean depth at which a pion interacts
IONISATION = 0.18  # GeV per lambda, of a pion before that
GROOM_SCALE, GROOM_EXPONENT = 0.7, 0.82

_lgamma = np.vectorize(math.lgamma, otypes=[float])


@dataclass
class Deposits:
    """Energies [GeV] of shape (particles, 4): what is left in each layer, by its kind."""

    electromagnetic: np.ndarray
    ionisation: np.ndarray
    hadronic: np.ndarray
    #: Visible part of the hadronic energy, per particle.
    visible: np.ndarray
    #: Share of the shower's energy that is hadronic, per particle.
    hadronic_share: np.ndarray

    def total(self):
        """All energy, with its invisible part."""
        return self.electromagnetic + self.ionisation + self.hadronic

    def seen(self):
        """Energy that gives a signal."""
        return self.electromagnetic + self.ionisation + self.hadronic * self.visible[:, None]


def path_factor(eta):
    """How much longer the path through a layer is than at eta = 0."""
    eta = np.abs(eta)
    barrel = np.minimum(np.cosh(eta), 1.9)
    return np.where(eta < 1.4, barrel, 1 / np.tanh(np.maximum(eta, 0.1)))


def dead_material(eta):
    """X0 in front of the first layer."""
    eta = np.abs(eta)
    return (1.5 + 0.6 * eta + 3.5 * np.exp(-(((eta - 1.45) / 0.07) ** 2) / 2)) * path_factor(eta)


def gamma_fraction(a, x):
    """The regularised incomplete gamma function P(a, x), from its power series."""
    x = np.clip(x, 0.0, 80.0)
    term = np.ones(np.broadcast_shapes(a.shape, x.shape)) / a
    total = term.copy()
    for n in range(1, 400):
        term = term * x / (a + n)
        total += term
        if np.all(term <= 1e-12 * total):
            break
    with np.errstate(divide="ignore"):
        return np.minimum(total * np.exp(a * np.log(x) - x - _lgamma(a)), 1.0)


def between(a, edges):
    """Share of a gamma distribution between neighbouring `edges`, along axis 1."""
    return np.maximum(np.diff(gamma_fraction(a[:, None], edges), axis=1), 0.0)


def electromagnetic(energy, edges, random):
    """Shares of showers between `edges`, X0 from their start, of shape (particles, 5)."""
    y = np.log(np.maximum(energy, 2 * CRITICAL) / CRITICAL)
    maximum = y - 0.5 + random.normal(size=len(y)) * (0.25 + 1.2 / y)
    b = 0.5 * np.exp(0.12 * random.normal(size=len(y)))
    a = 1 + b * np.maximum(maximum, 0.3)
    return between(a, edges * b[:, None])


def deposits(pdg, energy, eta, random):
    """The deposits of particles: `pdg`, `energy` and `eta` are arrays of one length."""
    path = path_factor(eta)[:, None]
    x0 = np.concatenate([[0.0], np.cumsum(LAYER_X0)]) * path
    lengths = np.concatenate([[0.0], np.cumsum(LAYER_LAMBDA)]) * path
    out = Deposits(*(np.zeros((len(pdg), 4)) for _ in range(3)), np.ones(len(pdg)), np.zeros(len(pdg)))
    light = pdg != PION
    start = np.where(pdg == PHOTON, random.exponential(CONVERSION, len(pdg)), 0.0)
    edges = x0 + (dead_material(eta) - start)[:, None]
    shares = electromagnetic(energy[light], edges[light], random)
    out.electromagnetic[light] = energy[light, None] * shares
    _pions(out, np.flatnonzero(~light), energy[~light], x0[~light], lengths[~light], random)
    return out


def _pions(out, rows, energy, x0, lengths, random):
    """Fills the rows of pions."""
    count = len(rows)
    start = random.exponential(INTERACTION, count)
    before = np.clip(np.minimum(lengths[:, 1:], start[:, None]) - lengths[:, :-1], 0, None)
    ionisation = IONISATION * before
    lost = ionisation.sum(axis=1)
    ionisation *= np.minimum(1, energy / np.maximum(lost, 1e-9))[:, None]
    left = np.maximum(energy - lost, 0)
    share = electromagnetic_share(energy, random)
    # The start is a depth in lambda; each layer has its own ratio of X0 to lambda.
    start_x0 = np.array([np.interp(s, d, x) for s, d, x in zip(start, lengths, x0)])
    reached = (start < lengths[:, -1])[:, None]
    light, heavy = left * share, left * (1 - share)
    shares = electromagnetic(light, x0 - start_x0[:, None], random)
    log_energy = np.log(energy)
    shape = np.maximum(0.75 + 0.32 * log_energy, 0.3) * np.exp(0.2 * random.normal(size=count))
    scale = 1.6 - 0.02 * log_energy
    depth = (lengths - start[:, None]) * scale[:, None]
    profile = between(shape, depth)
    visible = (
        0.70
        + 0.12 * random.normal(size=count) / np.sqrt(np.maximum(heavy, 0.1))
        + 0.03 * random.normal(size=count)
    )
    out.ionisation[rows] = ionisation
    out.electromagnetic[rows] = light[:, None] * shares * reached
    out.hadronic[rows] = heavy[:, None] * profile * reached
    out.visible[rows] = np.clip(visible, 0.1, 1.2)
    out.hadronic_share[rows] = 1 - share


def electromagnetic_share(energy, random):
    """Electromagnetic share of pion showers: mean of Groom, Beta distributed."""
    ratio = np.maximum(energy, GROOM_SCALE) / GROOM_SCALE
    mean = np.clip(1 - ratio ** (GROOM_EXPONENT - 1), 0.02, 0.98)
    sigma = 0.35 * mean * (energy / 10) ** -0.1
    sigma = np.minimum(sigma, 0.95 * np.sqrt(mean * (1 - mean)))
    concentration = mean * (1 - mean) / sigma**2 - 1
    return random.beta(mean * concentration, (1 - mean) * concentration)
