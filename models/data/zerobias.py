"""Part `zerobias` of `l1ad`: crossings of many soft collisions, seen in towers.

A chunk of crossings has its own bank of collisions; each is used about seven times, turned
around the beam and mirrored at random. The high-pT tail therefore repeats.
"""

import numpy as np

import collider
from l1_objects import ELECTRON_ETA, JET_PT, LEPTON_PT, MUON_ETA
from run import count

PILE_UP = 40.0
#: Collisions in a bank for each crossing made of it, and at least.
COLLISIONS_PER_CROSSING, SMALLEST_BANK = 6, 500

ETA_MAX, ETA_BINS, PHI_BINS = 4.0, 80, 64
PARTICLE_PT, TOWER_PT, SEED_PT, FAKING_PT = 0.2, 0.5, 2.0, 10.0
#: Half the width of a jet in towers.
WINDOW = 4
#: Efficiency far above the threshold, and the pT [GeV] where it is half of that.
ELECTRON_EFFICIENCY, ELECTRON_HALF = 0.6, 5.0
MUON_EFFICIENCY, MUON_HALF = 0.92, 4.0
LEPTON_RESOLUTION = 0.1
FAKES = 0.03


def crossings(chunk):
    """`chunk.rows` reconstructed crossings, as `l1_objects.columns` takes them."""
    random = chunk.random()
    settings = ("SoftQCD:inelastic = on",)
    pythia = collider.generator(settings, 13000, chunk.pythia_seed())
    bank, size = [], max(COLLISIONS_PER_CROSSING * chunk.rows, SMALLEST_BANK)
    for event in collider.events(pythia):
        bank.append(_particles(event))
        if len(bank) == size:
            break
    events = []
    for _ in range(chunk.rows):
        events.append(_crossing(bank, random))
        count(1)
    return events


def _particles(event):
    """Rows (pT, eta, phi, lepton) of an event's visible particles in the detector; `lepton`
    is 11 or 13 for those that may be identified."""
    rows = [
        (p.pT(), p.eta(), p.phi(), _lepton(p, event))
        for p in event
        if p.isFinal() and p.isVisible() and p.pT() > PARTICLE_PT and abs(p.eta()) < ETA_MAX
    ]
    return np.array(rows).reshape(-1, 4)


def _lepton(particle, event):
    """11 for an electron that is not of a light hadron, 13 for a muon, else 0."""
    identity = particle.idAbs()
    if identity == 11 and not collider.is_heavy(event[particle.mother1()].idAbs()):
        return 0
    return identity if identity in (11, 13) else 0


def _crossing(bank, random):
    """The objects of one crossing."""
    collisions = []
    for index in random.integers(len(bank), size=random.poisson(PILE_UP)):
        rows = bank[index].copy()
        rows[:, 1] *= random.choice((-1.0, 1.0))
        rows[:, 2] = collider.wrap(rows[:, 2] + random.uniform(0, 2 * np.pi))
        collisions.append(rows)
    rows = np.concatenate(collisions) if collisions else np.zeros((0, 4))
    is_muon = rows[:, 3] == 13
    towers = _towers(rows[~is_muon], random)
    jets = find_jets(towers)
    electrons = rows[rows[:, 3] == 11]
    electrons = _leptons(electrons, ELECTRON_EFFICIENCY, ELECTRON_HALF, ELECTRON_ETA, random)
    muons = _leptons(rows[is_muon], MUON_EFFICIENCY, MUON_HALF, MUON_ETA, random)
    for pt, eta, phi in jets:
        if pt > FAKING_PT and abs(eta) < ELECTRON_ETA and random.random() < FAKES:
            electrons.append((pt * random.uniform(0.5, 1.0), eta, phi))
    _, phi = _centres()
    met = -np.array([(towers.sum(axis=0) * f(phi)).sum() for f in (np.cos, np.sin)])
    for pt, _, phi in muons:
        met -= (pt * np.cos(phi), pt * np.sin(phi))
    return {
        "ele": [e for e in electrons if e[0] > LEPTON_PT],
        "mu": muons,
        "jet": [jet for jet in jets if jet[0] > JET_PT],
        "met": met,
    }


def _leptons(rows, efficiency, half, eta_max, random):
    """Measured leptons (pT, eta, phi) of particles."""
    efficiency = efficiency / (1 + np.exp(half - rows[:, 0]))
    seen = (random.random(len(rows)) < efficiency) & (np.abs(rows[:, 1]) < eta_max)
    pt = rows[seen, 0] * (1 + LEPTON_RESOLUTION * random.normal(size=seen.sum()))
    found = zip(pt.tolist(), rows[seen, 1].tolist(), rows[seen, 2].tolist())
    return [lepton for lepton in found if lepton[0] > LEPTON_PT]


def _towers(rows, random):
    """ET of the towers, of shape (ETA_BINS, PHI_BINS)."""
    eta = np.floor((rows[:, 1] + ETA_MAX) / (2 * ETA_MAX) * ETA_BINS).astype(int)
    phi = np.floor((rows[:, 2] + np.pi) / (2 * np.pi) * PHI_BINS).astype(int) % PHI_BINS
    index = np.clip(eta, 0, ETA_BINS - 1) * PHI_BINS + phi
    energy = np.bincount(index, weights=rows[:, 0], minlength=ETA_BINS * PHI_BINS)
    energy = energy + np.sqrt(0.6 * energy + 0.15**2) * random.normal(size=len(energy))
    return np.where(energy > TOWER_PT, energy, 0.0).reshape(ETA_BINS, PHI_BINS)


def _centres():
    """Pseudorapidity and azimuth of the towers' centres."""
    eta = -ETA_MAX + (np.arange(ETA_BINS) + 0.5) * 2 * ETA_MAX / ETA_BINS
    phi = -np.pi + (np.arange(PHI_BINS) + 0.5) * 2 * np.pi / PHI_BINS
    return eta, phi


def _box(towers, half):
    """Sum over the (2 half + 1)^2 towers around each; around in phi, 0 outside in eta."""
    total = np.pad(np.pad(towers, ((half, half), (0, 0))), ((0, 0), (half, half)), mode="wrap")
    size = 2 * half + 1
    for axis in (0, 1):
        total = np.cumsum(total, axis=axis)
        zero = np.zeros_like(np.take(total, [0], axis=axis))
        total = np.concatenate([zero, total], axis=axis)
        length = total.shape[axis] - size
        total = np.take(total, range(size, size + length), axis=axis) - np.take(
            total, range(length), axis=axis
        )
    return total


def _density(towers):
    """Mean tower of the rings of constant eta that the window around each tower covers."""
    window = np.ones(2 * WINDOW + 1)
    rings = np.convolve(towers.mean(axis=1), window, mode="same")
    return (rings / np.convolve(np.ones(ETA_BINS), window, mode="same"))[:, None]


def find_jets(towers):
    """Jets (pT, eta, phi): a window around each tower that is the largest in it, less its
    area times the mean of the towers in the rings that it covers. Beyond the detector there
    is nothing, but the whole area counts, so jets at its edges lose pT."""
    padded = np.pad(towers, ((WINDOW, WINDOW), (0, 0)))
    padded = np.pad(padded, ((0, 0), (WINDOW, WINDOW)), mode="wrap")
    views = np.lib.stride_tricks.sliding_window_view(padded, (2 * WINDOW + 1, 2 * WINDOW + 1))
    largest = towers >= views.max(axis=(2, 3))
    pt = _box(towers, WINDOW) - (2 * WINDOW + 1) ** 2 * _density(towers)
    eta, phi = _centres()
    rows, cols = np.nonzero(largest & (towers > SEED_PT))
    return [(float(pt[i, k]), float(eta[i]), float(phi[k])) for i, k in zip(rows, cols)]
