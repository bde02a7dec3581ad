"""top: hadronic top against QCD jets at 600 GeV, with up to 100 detector objects.

pp at 14 TeV, pTHat from 530 to 760 GeV. The two leading anti-kT jets of R = 0.8, with
520 < pT < 690 GeV and |eta| < 2 for particles, 550 < pT < 650 GeV in the detector.
"""

import math

import numpy as np

import collider
import detector
import veto
from run import count
from table import Column, Layout, padded

CLASSES = ("qcd", "top")
OBJECTS = 100

_PROCESSES = {
    "qcd": ("HardQCD:all = on",),
    "top": ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on") + collider.HADRONIC_DECAYS,
}
_WINDOW = ("PhaseSpace:pTHatMin = 530.", "PhaseSpace:pTHatMax = 760.")
_RADIUS = 0.8
_PARTICLE_PT = (520.0, 690.0)
_DETECTOR_PT = (550.0, 650.0)

LAYOUT = Layout(
    "top: label 1=hadronic top 0=QCD; anti-kT R=0.8, detector-level constituents ordered by "
    "pt, zero padded",
    (
        Column("label", dtype="int8"),
        Column("jet_pt", "GeV", bits=14),
        Column("jet_eta", bits=14),
        Column("jet_phi", "rad", bits=14),
        Column("jet_mass", "GeV", bits=14),
        Column("n_const", dtype="int16"),
        Column("particle_jet_pt", "GeV", bits=12),
        Column("particle_jet_mass", "GeV", bits=12),
        *(Column(name, "GeV", length=OBJECTS, bits=13) for name in ("E", "px", "py", "pz")),
    ),
)
LAYOUTS = {"train": LAYOUT}
FRACTIONS = {"train": {"qcd": 0.5, "top": 0.5}}
CHUNK = {"train": 500}


def make(chunk):
    """The columns of `chunk.rows` jets of the class `chunk.kind`."""
    random = chunk.random()
    # Pairs of tops keep all events: of the published file, whose spectrum falls, only that is true.
    hooks = None
    if chunk.kind == "qcd":
        hooks = veto.LeadingJet(radius=_RADIUS, pt=(510.0, 690.0), y_max=2.2)
    settings = _PROCESSES[chunk.kind] + _WINDOW
    pythia = collider.generator(settings, 14000, chunk.pythia_seed(), hooks)
    finder = collider.Jets(radius=_RADIUS, pt_min=_PARTICLE_PT[0], eta_max=4.0)
    jets = []
    for event in collider.events(pythia):
        quarks = top_quarks(event) if chunk.kind == "top" else None
        found = list(_jets(event, finder, quarks, random))[: chunk.rows - len(jets)]
        jets += found
        count(len(found))
        if len(jets) == chunk.rows:
            break
    columns = {name: [jet[name] for jet in jets] for name in jets[0]}
    objects = columns.pop("objects")
    columns = {name: np.array(values) for name, values in columns.items()}
    for i, name in enumerate(("E", "px", "py", "pz")):
        columns[name] = padded([rows[:, i] for rows in objects], OBJECTS)
    columns["label"] = np.full(len(jets), CLASSES.index(chunk.kind))
    return columns


def _jets(event, finder, quarks, random):
    """The selected of the two leading jets, as mappings of columns."""
    for index in range(min(2, finder.find(event))):
        axis = finder.four(index)
        pt, eta, phi = axis.pT(), axis.eta(), axis.phi()
        if not (_PARTICLE_PT[0] < pt < _PARTICLE_PT[1] and abs(eta) < 2.0):
            continue
        if quarks is not None and not any(_inside(group, eta, phi) for group in quarks):
            continue
        objects = detector.objects(finder.constituents(index, event), random)
        energy, px, py, pz = objects.sum(axis=0)
        jet_pt = math.hypot(px, py)
        if not _DETECTOR_PT[0] < jet_pt < _DETECTOR_PT[1]:
            continue
        yield {
            "jet_pt": jet_pt,
            "jet_eta": math.asinh(pz / jet_pt),
            "jet_phi": math.atan2(py, px),
            "jet_mass": math.sqrt(max(energy**2 - jet_pt**2 - pz**2, 0.0)),
            "n_const": len(objects),
            "particle_jet_pt": pt,
            "particle_jet_mass": axis.mCalc(),
            "objects": objects,
        }


def _inside(group, eta, phi):
    """Whether all (eta, phi) of a group are in a jet's radius."""
    return all(math.hypot(eta - e, collider.wrap(phi - p)) < _RADIUS for e, p in group)


def top_quarks(event):
    """For each top quark (eta, phi) of itself, its b and the two quarks of its W."""
    groups = []
    for top in event:
        if top.idAbs() != 6 or top.iBotCopyId() != top.index():
            continue
        group = [(top.eta(), top.phi())]
        for i in top.daughterList():
            daughter = event[i]
            if daughter.idAbs() != 24:
                group.append((daughter.eta(), daughter.phi()))
                continue
            for k in event[daughter.iBotCopyId()].daughterList():
                group.append((event[k].eta(), event[k].phi()))
        groups.append(group)
    return groups
