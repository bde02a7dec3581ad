"""qg: light-quark against gluon jets at 500 GeV, with up to 100 particles.

pp at 14 TeV, qg -> Zq and qqbar -> Zg with Z -> nu nu. The leading anti-kT jet of
R = 0.4 with 500 < pT < 550 GeV and |y| < 1.7; particle level, neutrinos left out.
"""

import numpy as np

import collider
import veto
from run import count
from table import Column, Layout, padded

CLASSES = ("gluon", "quark")
PARTICLES = 100

_PROCESSES = {
    "quark": (
        "WeakBosonAndParton:qg2gmZq = on",
        "PhaseSpace:pTHatMin = 485.",
        "PhaseSpace:pTHatMax = 620.",
    ),
    "gluon": (
        "WeakBosonAndParton:qqbar2gmZg = on",
        "PhaseSpace:pTHatMin = 490.",
        "PhaseSpace:pTHatMax = 640.",
    ),
}
_INVISIBLE_Z = ("WeakZ0:gmZmode = 2", "23:onMode = off", "23:onIfAny = 12 14 16")
_PT = (500.0, 550.0)
_Y_MAX = 1.7

LAYOUT = Layout(
    "qg: label 1=light quark (u,d,s) 0=gluon; Z(nunu)+jet, anti-kT R=0.4, zero padded, "
    "constituents ordered by pt",
    (
        Column("label", dtype="int8"),
        Column("jet_pt", "GeV", bits=14),
        Column("jet_y", bits=14),
        Column("jet_phi", "rad", bits=14),
        Column("jet_mass", "GeV", bits=14),
        Column("n_const", dtype="int16"),
        Column("pt", "GeV", length=PARTICLES, bits=11),
        Column("y", length=PARTICLES, grid=12),
        Column("phi", "rad", length=PARTICLES, grid=12),
        Column("pid", "PDG id", dtype="int16", length=PARTICLES),
    ),
)
LAYOUTS = {"train": LAYOUT}
FRACTIONS = {"train": {"gluon": 0.5, "quark": 0.5}}
CHUNK = {"train": 500}


def make(chunk):
    """The columns of `chunk.rows` jets of the class `chunk.kind`."""
    hooks = veto.LeadingJet(radius=0.4, pt=(485.0, 575.0), y_max=1.75, without=(4, 5))
    settings = _PROCESSES[chunk.kind] + _INVISIBLE_Z
    pythia = collider.generator(settings, 14000, chunk.pythia_seed(), hooks)
    finder = collider.Jets(radius=0.4, pt_min=_PT[0], eta_max=4.0)
    jets = []
    for event in collider.events(pythia):
        jet = _leading(event, finder)
        if jet is None:
            continue
        jets.append(jet)
        count(1)
        if len(jets) == chunk.rows:
            break
    columns = {name: [jet[name] for jet in jets] for name in jets[0]}
    lists = {name: padded(columns.pop(name), PARTICLES) for name in ("pt", "y", "phi", "pid")}
    columns = {name: np.array(values) for name, values in columns.items()}
    columns["label"] = np.full(len(jets), CLASSES.index(chunk.kind))
    return columns | lists


def _leading(event, finder):
    """The columns of the leading jet; None if it is not selected."""
    if finder.find(event) == 0:
        return None
    pt, y, phi, mass = finder.momentum(0)
    if not (_PT[0] < pt < _PT[1] and abs(y) < _Y_MAX):
        return None
    momenta = finder.constituents(0, event)
    const_pt, _, const_phi = collider.pt_eta_phi(momenta)
    order = np.argsort(-const_pt, kind="stable")
    return {
        "jet_pt": pt,
        "jet_y": y,
        "jet_phi": phi,
        "jet_mass": mass,
        "n_const": len(momenta),
        "pt": const_pt[order],
        "y": collider.rapidity(momenta)[order],
        "phi": const_phi[order],
        "pid": momenta[order, 4],
    }
