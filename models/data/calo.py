"""calo: clusters of cells for the calibration of photons, electrons and pions (numpy alone).

Four layers of 7 x 7 cells at 1500 mm around the particle. Cells above twice their noise
make the cluster; its moments are the inputs, the energy deposited in its cells is the
target. Part `gap` has three times the noise at 1.3 < |eta| < 1.6.
"""

import numpy as np

import shower
from run import count
from table import Column, Layout

#: Centre and thickness [mm] of the layers at eta = 0, and their cells in eta and phi.
CENTRE = np.array([60.0, 310.0, 850.0, 1700.0])
THICKNESS = np.array([120.0, 380.0, 700.0, 1000.0])
RADIUS = 1500.0
CELL = RADIUS * np.array([[0.025, 0.05], [0.025, 0.025], [0.1, 0.1], [0.1, 0.1]])
NOISE = np.array([0.015, 0.030, 0.040, 0.050])  # GeV at eta = 0

#: Lateral profile: scales [mm] of core and tail of a logistic distribution, and the share
#: of the tail, which is larger for hadronic energy.
CORE_LIGHT, TAIL_LIGHT = np.full(4, 10.5), np.full(4, 32.8)
CORE_PION, TAIL_PION = np.array([27.0, 27.0, 31.0, 31.0]), np.full(4, 91.0)
TAIL_SHARE, TAIL_SHARE_HADRONIC = 0.153, 0.460

#: How much narrower pions' profiles are for each unit of ln E above 30 GeV.
PION_NARROWING = 0.015

#: Log-normal fluctuation of a cell at 1 GeV, and how it falls with ln E.
SPREAD_LIGHT, SPREAD_PION, SPREAD_FALL = 0.12, 0.575, 0.08

#: Stochastic [sqrt(GeV)] and constant terms of the energy resolution, by layer.
STOCHASTIC = np.array([0.10, 0.10, 0.20, 0.20])
CONSTANT = np.array([0.007, 0.007, 0.03, 0.03])

#: Logistic regression of `em_prob`: of standardised ln e_obs, lambda_center / 500,
#: ln(second_r + 1), log10_first_eng_dens, frac_had1 + frac_had2, ln(second_lambda + 1).
EM_MEAN = [2.406090497970581, 0.9970318078994751, 9.424050331115723, -5.821747779846191,
           0.2972679138183594, 11.252758026123047]  # fmt: skip
EM_STD = [1.672108769416809, 0.7283540964126587, 1.0793148279190063, 0.8264715671539307,
          0.37002500891685486, 1.0328007937477661]  # fmt: skip
EM_COEFFICIENT = [-10.350666999816895, -1.852761149406433, 0.7097916603088379,
                  15.15833854675293, 3.165900707244873, 0.8747498989105225]  # fmt: skip
EM_INTERCEPT = -0.3525243401527405

_BITS = 13
LAYOUT = Layout(
    "calo: topo-cluster-like calibration; target R = e_obs/e_dep; "
    "e_true, eta_true, pdg are truth (not inputs)",
    tuple(
        Column(name, unit, bits=_BITS)
        for name, unit in (
            ("e_obs", "GeV"),
            ("eta", "1"),
            ("em_prob", "1"),
            ("lambda_center", "mm"),
            ("second_lambda", "mm^2"),
            ("second_r", "mm^2"),
            ("log10_first_eng_dens", "log10(GeV/mm^3)"),
            ("frac_em1", "1"),
            ("frac_em2", "1"),
            ("frac_had1", "1"),
            ("frac_had2", "1"),
            ("frac_max_cell", "1"),
            ("significance", "1"),
        )
    )
    + (
        Column("n_cells", dtype="int16"),
        Column("time", "ns", bits=_BITS),
        Column("e_dep", "GeV", bits=_BITS),
        Column("e_true", "GeV", bits=_BITS),
        Column("eta_true", bits=_BITS),
        Column("pdg", "PDG id", dtype="int16"),
    ),
)
LAYOUTS = {"train": LAYOUT, "gap": LAYOUT}
FRACTIONS = {"train": {"mixture": 1.0}, "gap": {"mixture": 1.0}}
CHUNK = {"train": 20_000, "gap": 20_000}
_BATCH = 4000


def make(chunk):
    """The columns of `chunk.rows` clusters that pass the selection."""
    random = chunk.random()
    batches, rows = [], 0
    while rows < chunk.rows:
        batch = clusters(_BATCH, random, chunk.part == "gap")
        batches.append(batch)
        count(min(len(batch["pdg"]), chunk.rows - rows))
        rows += len(batch["pdg"])
    return {
        name: np.concatenate([batch[name] for batch in batches])[: chunk.rows]
        for name in batches[0]
    }


def clusters(particles, random, gap):
    """The columns of those of so many particles that leave a cluster."""
    kind = random.random(particles)
    pdg = np.select([kind < 0.3, kind < 0.5], [shower.PHOTON, shower.ELECTRON], shower.PION)
    energy = np.exp(random.uniform(np.log(0.5), np.log(200.0), particles))
    eta = random.uniform(-2.5, 2.5, particles)
    deposits = shower.deposits(pdg, energy, eta, random)
    shares, d_eta, d_phi = _lateral(pdg, energy, deposits, random)
    signal = _sampled(pdg, eta, deposits.seen(), random)[:, :, None, None] * shares
    noise = _noise(eta, gap)[:, :, None, None]
    cells = signal + noise * random.normal(size=signal.shape)
    seeded = (cells > 4 * noise).any(axis=(1, 2, 3))
    kept = np.abs(cells) > 2 * noise
    cells = np.where(kept, cells, 0.0)
    noise_squared = (kept * noise**2).sum(axis=(1, 2, 3))
    deposited = (kept * shares).sum(axis=(2, 3)) * deposits.total()
    columns = _moments(cells, kept, d_eta, d_phi, eta)
    columns["significance"] = columns["e_obs"] / np.sqrt(np.maximum(noise_squared, 1e-12))
    columns["time"] = _time(columns["e_obs"], deposits.hadronic_share, random)
    columns |= {"e_dep": deposited.sum(axis=1), "e_true": energy, "eta_true": eta, "pdg": pdg}
    chosen = seeded & (columns["e_obs"] > 0.3) & (columns["e_dep"] > 0.3)
    columns = {name: values[chosen] for name, values in columns.items()}
    columns["em_prob"] = _em_prob(columns)
    return columns


def _noise(eta, gap):
    """Noise of a cell [GeV], of shape (particles, 4)."""
    factor = 1 + 0.35 * np.abs(eta)
    if gap:
        factor = factor * np.where((np.abs(eta) > 1.3) & (np.abs(eta) < 1.6), 3.0, 1.0)
    return NOISE * factor[:, None]


def _sampled(pdg, eta, seen, random):
    """Signals of the layers: sampling fluctuations, and the weak response at |eta| = 1.45."""
    stochastic = STOCHASTIC * np.where(pdg == shower.PION, np.sqrt(2.0), 1.0)[:, None]
    sigma = np.sqrt(stochastic**2 * seen + (CONSTANT * seen) ** 2)
    signal = np.maximum(seen + sigma * random.normal(size=seen.shape), 0.0)
    response = 1 - 0.18 * np.exp(-(((np.abs(eta) - 1.45) / 0.06) ** 2) / 2)
    signal[:, :2] *= response[:, None]
    return signal


def _lateral(pdg, energy, deposits, random):
    """Shares of the layers' energies in the cells, of shape (particles, 4, 7, 7), and the
    distances [mm] of the cells from the particle in eta and in phi, (particles, 4, 7)."""
    pion = pdg == shower.PION
    # The particle meets the middle cell of every layer at the same relative position.
    impact = random.uniform(-0.5, 0.5, (len(pdg), 2))
    shares = np.empty((len(pdg), 4, 7, 7))
    distances = np.empty((2, len(pdg), 4, 7))
    hadronic = 1 - deposits.electromagnetic / np.maximum(deposits.total(), 1e-9)
    narrowing = 1 - PION_NARROWING * np.log(energy / 30)
    for layer in range(4):
        tail = TAIL_SHARE + (TAIL_SHARE_HADRONIC - TAIL_SHARE) * hadronic[:, layer]
        scales = (
            np.where(pion, CORE_PION[layer] * narrowing, CORE_LIGHT[layer]),
            np.where(pion, TAIL_PION[layer] * narrowing, TAIL_LIGHT[layer]),
        )
        profiles = []
        for scale in scales:
            axes = []
            for axis in (0, 1):
                edges = (np.arange(-3.5, 4) - impact[:, axis, None]) * CELL[layer, axis]
                axes.append(np.diff(1 / (1 + np.exp(-edges / scale[:, None])), axis=1))
            profiles.append(axes[0][:, :, None] * axes[1][:, None, :])
        weight = np.where(pion, tail, TAIL_SHARE)[:, None, None]
        shares[:, layer] = (1 - weight) * profiles[0] + weight * profiles[1]
        for axis in (0, 1):
            distances[axis, :, layer] = (np.arange(-3, 4) - impact[:, axis, None]) * CELL[layer, axis]
    spread = np.where(pion, SPREAD_PION, SPREAD_LIGHT) * (1 - SPREAD_FALL * np.log(energy))
    fluctuating = shares * np.exp(spread[:, None, None, None] * random.normal(size=shares.shape))
    norm = shares.sum(axis=(2, 3)) / fluctuating.sum(axis=(2, 3))
    return fluctuating * norm[:, :, None, None], distances[0], distances[1]


def _moments(cells, kept, d_eta, d_phi, eta):
    """Energy and moments of clusters; `cells` [GeV] are 0 where not kept."""
    path = shower.path_factor(eta)
    every = (1, 2, 3)
    layers = np.maximum(cells.sum(axis=(2, 3)), 0.0)
    sum_layers = np.maximum(layers.sum(axis=1), 1e-9)
    fractions = layers / sum_layers[:, None]
    centre = (fractions * CENTRE).sum(axis=1) * path
    square = (fractions * (CENTRE**2 + THICKNESS**2 / 12)).sum(axis=1) * path**2
    positive = np.maximum(cells, 0.0)
    weight = np.maximum(positive.sum(axis=every), 1e-9)
    extent = (CELL**2).sum(axis=1) / 12
    radius = d_eta[:, :, :, None] ** 2 + d_phi[:, :, None, :] ** 2 + extent[:, None, None]
    volume = (CELL.prod(axis=1) * THICKNESS)[:, None, None]
    density = (positive**2 / volume).sum(axis=every) / weight
    shift = (positive.sum(axis=3) * d_eta).sum(axis=(1, 2)) / weight
    return {
        "e_obs": cells.sum(axis=every),
        "eta": eta + shift / RADIUS,
        "lambda_center": centre,
        "second_lambda": square - centre**2,
        "second_r": (positive * radius).sum(axis=every) / weight,
        "log10_first_eng_dens": np.log10(np.maximum(density, 1e-12)),
        "frac_em1": fractions[:, 0],
        "frac_em2": fractions[:, 1],
        "frac_had1": fractions[:, 2],
        "frac_had2": fractions[:, 3],
        "frac_max_cell": cells.max(axis=every) / sum_layers,
        "n_cells": kept.sum(axis=every),
    }


def _time(e_obs, hadronic_share, random):
    """Time of clusters [ns]: 0.15 (+) 1.2/E, and a tail of 0.25 ns times the hadronic share."""
    energy = np.maximum(e_obs, 1e-3)
    sigma = np.hypot(0.15, 1.2 / energy)
    late = random.exponential(0.25, len(e_obs)) * hadronic_share
    return sigma * random.normal(size=len(e_obs)) + late


def _em_prob(columns):
    """Likeness to a photon or electron, from 0 to 1."""
    features = np.stack(
        [
            np.log(columns["e_obs"]),
            columns["lambda_center"] / 500,
            np.log(columns["second_r"] + 1),
            columns["log10_first_eng_dens"],
            columns["frac_had1"] + columns["frac_had2"],
            np.log(columns["second_lambda"] + 1),
        ],
        axis=1,
    )
    form = ((features - EM_MEAN) / EM_STD) @ np.array(EM_COEFFICIENT) + EM_INTERCEPT
    return 1 / (1 + np.exp(-form))
