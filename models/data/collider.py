"""Pythia, set up the same way for all sets, and what is read from its events.

Pythia 8.317 (arXiv:2203.11601) with its default tune (Monash 2013) and parton
densities (NNPDF2.3 QCD+QED LO), multi-parton interactions, showers and hadronisation.
"""

import math

import numpy as np
import pythia8mc

NEUTRINOS = frozenset((12, 14, 16))
LIGHT_QUARKS = frozenset((1, 2, 3))

#: W, Z decay to quarks only; the top quark follows its W.
HADRONIC_DECAYS = (
    "23:onMode = off",
    "23:onIfAny = 1 2 3 4 5",
    "24:onMode = off",
    "24:onIfAny = 1 2 3 4 5",
)


def generator(settings, energy, seed, hooks=None):
    """A Pythia of pp collisions at `energy` [GeV], initialised, or a RuntimeError."""
    pythia = pythia8mc.Pythia("", False)
    common = (
        "Print:quiet = on",
        f"Beams:eCM = {energy}",
        "Random:setSeed = on",
        f"Random:seed = {seed}",
    )
    for line in (*common, *settings):
        if not pythia.readString(line):
            raise RuntimeError(f"Pythia does not know the setting '{line}'")
    if hooks is not None:
        pythia.setUserHooksPtr(hooks)
    if not pythia.init():
        raise RuntimeError(f"Pythia does not start with {settings}")
    return pythia


def events(pythia, failures=1000):
    """Endless events; ends with a RuntimeError after `failures` in a row."""
    failed = 0
    while True:
        if pythia.next():
            failed = 0
            yield pythia.event
        else:
            failed += 1
            if failed >= failures:
                raise RuntimeError(f"Pythia failed {failures} times in a row")


class Jets:
    """Anti-kT jets (arXiv:0802.1189) of the visible final particles, with their true masses.

    FastJet's fjcore (arXiv:1111.6097), which is a part of Pythia.
    """

    def __init__(self, radius, pt_min, eta_max):
        visible, true_mass = 2, 2
        self.finder = pythia8mc.SlowJet(-1, radius, pt_min, eta_max, visible, true_mass)

    def find(self, event):
        """Number of jets of the event; they are ordered by falling pT."""
        self.finder.analyze(event)
        return self.finder.sizeJet()

    def momentum(self, index):
        """(pT [GeV], rapidity, phi, mass [GeV]) of a jet."""
        jets = self.finder
        return jets.pT(index), jets.y(index), jets.phi(index), jets.m(index)

    def four(self, index):
        """The jet's momentum as Pythia's Vec4."""
        return self.finder.p(index)

    def constituents(self, index, event):
        """Rows (px, py, pz, E [GeV], PDG id, charge) of a jet's particles."""
        rows = []
        for i in self.finder.constituents(index):
            p = event[i]
            rows.append((p.px(), p.py(), p.pz(), p.e(), p.id(), p.charge()))
        return np.array(rows)


def is_heavy(identity):
    """Whether a positive PDG id is a hadron with a charm or bottom quark, or no hadron."""
    return identity < 100 or identity // 100 % 10 in (4, 5) or identity // 1000 % 10 in (4, 5)


def pt_eta_phi(momenta):
    """pT, pseudorapidity and azimuth of rows (px, py, pz, ...)."""
    px, py, pz = momenta[:, 0], momenta[:, 1], momenta[:, 2]
    pt = np.hypot(px, py)
    return pt, np.arcsinh(pz / np.maximum(pt, 1e-12)), np.arctan2(py, px)


def rapidity(momenta):
    """Rapidity of rows (px, py, pz, E)."""
    pz, energy = momenta[:, 2], momenta[:, 3]
    return 0.5 * np.log((energy + pz) / np.maximum(energy - pz, 1e-12))


def wrap(phi):
    """An angle, or an array of them, brought into [-pi, pi)."""
    return (phi + math.pi) % (2 * math.pi) - math.pi


def mass(momenta):
    """Invariant mass of the sum of rows (px, py, pz, E)."""
    px, py, pz, energy = momenta[:, :4].sum(axis=0)
    return math.sqrt(max(energy**2 - px**2 - py**2 - pz**2, 0.0))
