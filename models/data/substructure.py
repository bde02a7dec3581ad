"""Observables of a groomed jet: mMDT grooming and energy correlation functions.

Grooming: modified mass drop (arXiv:1307.0007), which is soft drop (arXiv:1402.2657)
with beta = 0. Correlation functions: arXiv:1305.0007; their generalisation with the
smallest angles: arXiv:1609.07483.
"""

from functools import cache

import fastjet
import numpy as np

import collider

#: Constituents that enter the correlation functions, by falling pT.
LEADING = 60

#: e2 is not taken to be smaller than this, so that ratios stay finite.
FLOOR = 1e-12

_CAMBRIDGE_AACHEN = fastjet.JetDefinition(fastjet.cambridge_algorithm, 1000.0)

NAMES = (
    "zlogz",
    "c1_b0_mmdt",
    "c1_b1_mmdt",
    "c1_b2_mmdt",
    "c2_b1_mmdt",
    "c2_b2_mmdt",
    "d2_b1_mmdt",
    "d2_b2_mmdt",
    "d2_a1_b1_mmdt",
    "d2_a1_b2_mmdt",
    "m2_b1_mmdt",
    "m2_b2_mmdt",
    "n2_b1_mmdt",
    "n2_b2_mmdt",
)


def groom(momenta, z_cut=0.1):
    """Rows (px, py, pz, E) that mMDT keeps of a jet's rows.

    The jet is clustered again with Cambridge/Aachen and undone step by step, along
    the harder branch, until the softer branch carries more than `z_cut` of the pT.
    """
    particles = []
    for i, (px, py, pz, energy) in enumerate(momenta[:, :4].tolist()):
        particle = fastjet.PseudoJet(px, py, pz, energy)
        particle.set_user_index(i)
        particles.append(particle)
    sequence = fastjet.ClusterSequence(particles, _CAMBRIDGE_AACHEN)
    jet = sequence.inclusive_jets()[0]
    while True:
        hard, soft = fastjet.PseudoJet(), fastjet.PseudoJet()
        if not jet.has_parents(hard, soft):
            break
        if hard.perp() < soft.perp():
            hard, soft = soft, hard
        if soft.perp() > z_cut * (hard.perp() + soft.perp()):
            break
        jet = hard
    return momenta[[particle.user_index() for particle in jet.constituents()]]


@cache
def _triples(n):
    """Indices i < j < k below n."""
    i, j, k = np.ogrid[:n, :n, :n]
    return np.nonzero((i < j) & (j < k))


def observables(momenta):
    """The 14 observables `NAMES` of rows (px, py, pz, E); all 0 for fewer than 3 rows
    but the sums over one particle and over pairs."""
    pt = np.hypot(momenta[:, 0], momenta[:, 1])
    order = np.argsort(-pt, kind="stable")
    z = pt[order] / pt.sum()
    zlogz = float(np.sum(z * np.log(z)))
    order, z = order[:LEADING], z[:LEADING]
    y = collider.rapidity(momenta[order])
    phi = np.arctan2(momenta[order, 1], momenta[order, 0])
    theta = np.hypot(y[:, None] - y, collider.wrap(phi[:, None] - phi))
    pairs = np.triu(z[:, None] * z, 1)
    e2 = {b: max(float(np.sum(pairs * theta**b)), FLOOR) for b in (0, 1, 2)}
    c1 = [float(np.sum(pairs * theta**b)) for b in (0, 1, 2)]
    if len(z) < 3:
        return dict(zip(NAMES, [zlogz, *c1] + [0.0] * 10))
    i, j, k = _triples(len(z))
    weight = z[i] * z[j] * z[k]
    angles = np.sort(np.stack([theta[i, j], theta[i, k], theta[j, k]]), axis=0)
    small, middle = angles[0], angles[0] * angles[1]
    product = middle * angles[2]
    e3 = {b: float(np.sum(weight * product**b)) for b in (1, 2)}
    e3_1 = {b: float(np.sum(weight * small**b)) for b in (1, 2)}
    e3_2 = {b: float(np.sum(weight * middle**b)) for b in (1, 2)}
    return dict(
        zip(
            NAMES,
            [zlogz, *c1]
            + [e3[b] / e2[b] ** 2 for b in (1, 2)]
            + [e3[b] / e2[b] ** 3 for b in (1, 2)]
            + [e3[1] / e2[b] ** (3 / b) for b in (1, 2)]
            + [e3_1[b] / e2[b] for b in (1, 2)]
            + [e3_2[b] / e2[b] ** 2 for b in (1, 2)],
        )
    )
