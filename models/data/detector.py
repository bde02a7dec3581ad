"""The simple detector of `top`: tracks, and towers of two sizes.

Charged particles with pT > 0.5 GeV and |eta| < 2.5 give a track with 95 % efficiency.
Photons are added up in fine towers, all other particles without a track in coarse ones.
Tracks and towers are massless; a tower is at its centre.
"""

import numpy as np

import collider

PHOTON = 22
TRACK_PT, TRACK_ETA, TRACK_EFFICIENCY = 0.5, 2.5, 0.95
TRACK_ANGLE = 0.001

#: Size in eta and phi, terms a/sqrt(E), b, c/E of the resolution, least ET [GeV].
FINE = (0.025, (0.10, 0.007, 0.2), 0.3)
COARSE = (0.1, (0.60, 0.05, 0.5), 0.5)


def objects(particles, random):
    """Rows (E, px, py, pz) [GeV] of tracks and towers, by falling pT, of rows
    (px, py, pz, E, PDG id, charge)."""
    pt, eta, phi = collider.pt_eta_phi(particles)
    charged = (particles[:, 5] != 0) & (pt > TRACK_PT) & (np.abs(eta) < TRACK_ETA)
    tracked = charged & (random.random(len(pt)) < TRACK_EFFICIENCY)
    photon = particles[:, 4] == PHOTON
    found = [_tracks(pt[tracked], eta[tracked], phi[tracked], random)]
    for chosen, kind in ((photon, FINE), (~photon & ~tracked, COARSE)):
        found.append(_towers(particles[chosen, 3], eta[chosen], phi[chosen], kind, random))
    pt, eta, phi = np.concatenate(found, axis=1)
    order = np.argsort(-pt, kind="stable")
    pt, eta, phi = pt[order], eta[order], phi[order]
    return np.stack(
        [pt * np.cosh(eta), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], axis=1
    )


def _tracks(pt, eta, phi, random):
    """(pT, eta, phi) of measured tracks: sigma(pT)/pT = 0.01 (+) 1.5e-4 pT."""
    shift = random.normal(size=(3, len(pt)))
    pt = pt * (1 + np.hypot(0.01, 1.5e-4 * pt) * shift[0])
    return np.stack([np.abs(pt), eta + TRACK_ANGLE * shift[1], phi + TRACK_ANGLE * shift[2]])


def _towers(energy, eta, phi, kind, random):
    """(pT, eta, phi) of towers above their least ET."""
    size, (stochastic, constant, noise), least = kind
    index = np.stack([np.floor(eta / size), np.floor(phi % (2 * np.pi) / size)], axis=1)
    index, member = np.unique(index, axis=0, return_inverse=True)
    total = np.bincount(member.reshape(-1), weights=energy, minlength=len(index))
    sigma = np.sqrt(stochastic**2 * total + (constant * total) ** 2 + noise**2)
    total = total + sigma * random.normal(size=len(total))
    eta = (index[:, 0] + 0.5) * size
    phi = collider.wrap((index[:, 1] + 0.5) * size)
    pt = total / np.cosh(eta)
    return np.stack([pt, eta, phi])[:, pt > least]
