"""jsc: jets of gluons, light quarks, W, Z and top quarks at 1 TeV, with 16 features.

pp at 13 TeV, pTHat from 985 to 1100 GeV; particle level. Anti-kT jets of R = 0.8 with
800 < pT < 1300 GeV and |eta| < 2.5 within dR < 0.4 of the particle of the hard process.
"""

import math

import numpy as np

import collider
import substructure
from run import count
from table import Column, Layout, padded

CLASSES = ("g", "q", "w", "z", "t")
PARTICLES = 32

_WINDOW = ("PhaseSpace:pTHatMin = 985.", "PhaseSpace:pTHatMax = 1100.")
_PROCESSES = {
    "g": ("HardQCD:gg2gg = on", "HardQCD:qqbar2gg = on"),
    "q": (
        "HardQCD:qq2qq = on",
        "HardQCD:gg2qqbar = on",
        "HardQCD:qqbar2qqbarNew = on",
        "HardQCD:nQuarkNew = 3",
    ),
    "w": ("WeakDoubleBoson:ffbar2WW = on",),
    "z": ("WeakDoubleBoson:ffbar2gmZgmZ = on", "WeakZ0:gmZmode = 2"),
    "t": ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on"),
}
_HARD = {"g": {21}, "q": collider.LIGHT_QUARKS, "w": {24}, "z": {23}, "t": {6}}

LAYOUT = Layout(
    "jsc: labels 0=g 1=q 2=W 3=Z 4=t; *_mmdt on mMDT(zcut=0.1) groomed anti-kT R=0.8 jet",
    tuple(Column(name, bits=14) for name in substructure.NAMES)
    + (
        Column("mass_mmdt", "GeV", bits=14),
        Column("multiplicity"),
        Column("label", dtype="int8"),
        Column("jet_pt", "GeV", bits=14),
        Column("jet_eta", bits=14),
        Column("jet_phi", "rad", bits=14),
        Column("jet_mass", "GeV", bits=14),
        Column("jet_nconst", dtype="int16"),
        Column("const_pt", "GeV", length=PARTICLES, bits=9),
        Column("const_deta", length=PARTICLES, grid=10),
        Column("const_dphi", "rad", length=PARTICLES, grid=10),
    ),
)
LAYOUTS = {"train": LAYOUT}
FRACTIONS = {"train": {kind: 1 / len(CLASSES) for kind in CLASSES}}
CHUNK = {"train": 500}


def make(chunk):
    """The columns of `chunk.rows` jets of the class `chunk.kind`."""
    settings = _PROCESSES[chunk.kind] + _WINDOW + collider.HADRONIC_DECAYS
    pythia = collider.generator(settings, 13000, chunk.pythia_seed())
    finder = collider.Jets(radius=0.8, pt_min=800.0, eta_max=4.0)
    jets = []
    for event in collider.events(pythia):
        if len(jets) >= chunk.rows:
            break
        found = list(_jets(event, pythia.process, finder, _HARD[chunk.kind]))
        found = found[: chunk.rows - len(jets)]
        jets += found
        count(len(found))
    columns = {c.name: [jet[c.name] for jet in jets] for c in LAYOUT.columns if c.name != "label"}
    columns = {
        name: padded(rows, PARTICLES) if name.startswith("const_") else np.array(rows)
        for name, rows in columns.items()
    }
    columns["label"] = np.full(len(jets), CLASSES.index(chunk.kind))
    return columns


def _jets(event, process, finder, identities):
    """The selected jets of an event, as mappings of columns."""
    hard = [
        (p.eta(), p.phi()) for p in process if p.statusAbs() in (22, 23) and p.idAbs() in identities
    ]
    for index in range(finder.find(event)):
        axis = finder.four(index)
        pt, eta, phi = axis.pT(), axis.eta(), axis.phi()
        if not (800.0 < pt < 1300.0 and abs(eta) < 2.5):
            continue
        if all(math.hypot(eta - e, collider.wrap(phi - p)) >= 0.4 for e, p in hard):
            continue
        momenta = finder.constituents(index, event)
        groomed = substructure.groom(momenta)
        const_pt, const_eta, const_phi = collider.pt_eta_phi(momenta)
        order = np.argsort(-const_pt, kind="stable")
        yield substructure.observables(groomed) | {
            "mass_mmdt": collider.mass(groomed),
            "multiplicity": len(groomed),
            "jet_pt": pt,
            "jet_eta": eta,
            "jet_phi": phi,
            "jet_mass": axis.mCalc(),
            "jet_nconst": len(momenta),
            "const_pt": const_pt[order],
            "const_deta": (const_eta - eta)[order],
            "const_dphi": collider.wrap(const_phi - phi)[order],
        }
