"""The parametric detector of `l1ad`: electrons, muons, jets and MET of one event.

Momenta in GeV. Resolutions and efficiencies are those of the data set's description;
what it leaves open is stated where it is chosen.
"""

import math

import numpy as np

import collider
from table import padded

ELECTRONS, MUONS, JETS = 4, 4, 10
ELECTRON_ETA, MUON_ETA, JET_ETA = 3.0, 2.1, 4.0
LEPTON_PT, JET_PT = 3.0, 15.0
SELECTION_PT = 23.0

#: Jets of particles from which reconstructed jets are made.
PARTICLE_JET_PT = 8.0
#: Resolution of directions: leptons, jets.
LEPTON_ANGLE, JET_ANGLE = 0.009, 0.026
#: A jet within this distance of a lepton overlaps with it; it is dropped if its pT is below
#: so many times that of an electron, or of a muon.
OVERLAP, DROP_ELECTRON, DROP_MUON = 0.4, 2.0, 1.25
#: How far a muon in a jet is from its axis, in eta and in phi.
MUON_IN_JET = 0.1
MET_NOISE = 7.0


class Truth:
    """What the generator says of an event: rows (pT, eta, phi) and the sum of neutrinos.

    `added_muon` is the muon that `add_candidate` puts into a jet, or None.
    """

    def __init__(self, event, finder):
        electrons, muons = [], []
        self.added_muon = None
        self.neutrinos = np.zeros(2)
        for p in event:
            if not p.isFinal():
                continue
            identity = p.idAbs()
            if identity in collider.NEUTRINOS:
                self.neutrinos += (p.px(), p.py())
            elif identity == 11:
                electrons.append((p.pT(), p.eta(), p.phi()))
            elif identity == 13:
                muons.append((p.pT(), p.eta(), p.phi()))
        axes = [finder.four(i) for i in range(finder.find(event))]
        self.electrons = np.array(electrons).reshape(-1, 3)
        self.muons = np.array(muons).reshape(-1, 3)
        self.jets = np.array([(p.pT(), p.eta(), p.phi()) for p in axes]).reshape(-1, 3)


def distance(one, others):
    """dR of one (pT, eta, phi) to rows of them."""
    return np.hypot(others[:, 1] - one[1], collider.wrap(others[:, 2] - one[2]))


def add_candidate(truth, candidates, random):
    """Makes one of the two leading candidate jets a lepton; False if there is none.

    An electron takes the jet's place; a muon is near its axis. Gives the index of the
    muon's jet, which is not dropped for being near it, or None.
    """
    jets = truth.jets
    chosen = np.flatnonzero((jets[:, 0] > candidates.pt_min) & (abs(jets[:, 1]) < candidates.eta_max))
    if len(chosen) == 0:
        return False, None
    index = int(random.choice(chosen[:2]))
    pt, eta, phi = jets[index]
    if candidates.electron:
        lepton = (random.uniform(0.7, 1.0) * pt, eta, phi)
        truth.electrons = np.vstack([truth.electrons, lepton])
        truth.jets = np.delete(jets, index, axis=0)
        return True, None
    d_eta, d_phi = MUON_IN_JET * random.normal(size=2)
    truth.added_muon = (random.beta(2, 4) * pt, eta + d_eta, collider.wrap(phi + d_phi))
    return True, index


def reconstruct(truth, random, muon_jet=None):
    """The objects of an event as a mapping: `ele`, `mu`, `jet` rows (pT, eta, phi), `met`
    (px, py), and whether it is selected."""
    electrons = [_electron(e, truth.jets, random) for e in truth.electrons]
    electrons = [e for e in electrons if e]
    muons = [_muon(m, random) for m in truth.muons if abs(m[1]) < MUON_ETA]
    if muon_jet is not None:
        muons.append(_muon(truth.added_muon, random))
    muons = [m for m in muons if m]
    met = truth.neutrinos + MET_NOISE * random.normal(size=2)
    jets = []
    for index, jet in enumerate(truth.jets):
        if index != muon_jet and _overlaps(jet, electrons, muons):
            continue
        pt, eta, phi = jet
        sigma = math.sqrt(0.81 / pt + 0.05**2 + (4 / pt) ** 2)
        measured = pt * max(1 + sigma * random.normal(), 0.0)
        met += (pt - measured) * np.array([math.cos(phi), math.sin(phi)])
        if measured > 12 and abs(eta) < ELECTRON_ETA and random.random() < 0.005:
            fake = measured * random.uniform(0.5, 1.0)
            electrons.append((fake, *_turned(eta, phi, LEPTON_ANGLE, random)))
        elif measured > JET_PT and abs(eta) < JET_ETA:
            jets.append((measured, *_turned(eta, phi, JET_ANGLE, random)))
    selected = any(lepton[0] > SELECTION_PT for lepton in electrons + muons)
    return {"ele": electrons, "mu": muons, "jet": jets, "met": met, "selected": selected}


def _turned(eta, phi, angle, random):
    """A direction with errors of `angle`."""
    d_eta, d_phi = angle * random.normal(size=2)
    return eta + d_eta, collider.wrap(phi + d_phi)


def _electron(electron, jets, random):
    """The measured electron, or None."""
    pt, eta, phi = electron
    if pt < 1 or abs(eta) > ELECTRON_ETA:
        return None
    efficiency = (0.85 if abs(eta) < 1.5 else 0.75) / (1 + math.exp(-(pt - 5)))
    if np.any((distance(electron, jets) < OVERLAP) & (jets[:, 0] > 2 * pt)):
        efficiency *= 0.4
    if random.random() > efficiency:
        return None
    sigma = math.sqrt(0.04 / pt + 0.02**2 + (0.5 / pt) ** 2)
    measured = pt * (1 + sigma * random.normal())
    return (measured, *_turned(eta, phi, LEPTON_ANGLE, random)) if measured > LEPTON_PT else None


def _muon(muon, random):
    """The measured muon, or None."""
    pt, eta, phi = muon
    if pt < 1 or random.random() > 0.92 / (1 + math.exp(-(pt - 4))):
        return None
    measured = pt * (1 + math.hypot(0.03, 2e-4 * pt) * random.normal())
    return (measured, *_turned(eta, phi, LEPTON_ANGLE, random)) if measured > LEPTON_PT else None


def _overlaps(jet, electrons, muons):
    """Whether a jet is a lepton, or little more."""
    for leptons, factor in ((electrons, DROP_ELECTRON), (muons, DROP_MUON)):
        for lepton in leptons:
            if lepton[0] * factor > jet[0] and distance(lepton, jet[None])[0] < OVERLAP:
                return True
    return False


def columns(events):
    """The columns of reconstructed events."""
    met = np.array([event["met"] for event in events])
    out = {"met_pt": np.hypot(met[:, 0], met[:, 1]), "met_phi": np.arctan2(met[:, 1], met[:, 0])}
    for name, length in (("ele", ELECTRONS), ("mu", MUONS), ("jet", JETS)):
        ordered = [
            np.array(sorted(event[name], reverse=True)).reshape(-1, 3) for event in events
        ]
        for i, what in enumerate(("pt", "eta", "phi")):
            out[f"{name}_{what}"] = padded([rows[:, i] for rows in ordered], length)
    return out
