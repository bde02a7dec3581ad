"""l1ad: Level-1-like events of MET, 4 electrons, 4 muons and 10 jets.

Part `train` is a mixture of background, `signal` are four signals: both with an electron
or muon of pT > 23 GeV (`l1_processes`, `l1_objects`). Part `zerobias` is pile-up without
any selection (`zerobias`).
"""

import numpy as np

import collider
import l1_objects
import zerobias
from l1_processes import BACKGROUND, SIGNALS
from run import count
from table import Column, Layout

_OBJECTS = (
    Column("met_pt", "GeV", bits=12),
    Column("met_phi", "rad", grid=10),
    *(
        column
        for name, length in (
            ("ele", l1_objects.ELECTRONS),
            ("mu", l1_objects.MUONS),
            ("jet", l1_objects.JETS),
        )
        for column in (
            Column(f"{name}_pt", "GeV", length=length, bits=12),
            Column(f"{name}_eta", length=length, grid=10),
            Column(f"{name}_phi", "rad", length=length, grid=10),
        )
    ),
)
LAYOUTS = {
    "train": Layout(
        "l1ad background mixture, process 0=W->lnu 1=QCD 2=Z/gamma*->ll 3=ttbar; 13 TeV, "
        "single-lepton pT>23 GeV pre-selection",
        (*_OBJECTS, Column("process", dtype="int8")),
    ),
    "signal": Layout(
        "public signal validation sample, signal: 0=a4l, 1=lq, 2=htt, 3=hpm",
        (*_OBJECTS, Column("signal", dtype="int8")),
    ),
    "zerobias": Layout(
        "l1ad zerobias, no pre-selection, SoftQCD inelastic, Poisson(40) pileup", _OBJECTS
    ),
}
FRACTIONS = {
    "train": {
        "w": 0.592,
        "qcd_electron": 0.55 * 0.338,
        "qcd_muon": 0.45 * 0.338,
        "z": 0.067,
        "tt": 0.003,
    },
    "signal": {kind: 0.25 for kind in SIGNALS},
    "zerobias": {"crossings": 1.0},
}
CHUNK = {"train": 500, "signal": 250, "zerobias": 1000}


def make(chunk):
    """The columns of `chunk.rows` events of the kind `chunk.kind`."""
    if chunk.part == "zerobias":
        return l1_objects.columns(zerobias.crossings(chunk))
    process = (BACKGROUND if chunk.part == "train" else SIGNALS)[chunk.kind]
    random = chunk.random()
    hooks = process.hooks(random)
    pythia = collider.generator(process.settings, 13000, chunk.pythia_seed(), hooks)
    finder = collider.Jets(radius=0.4, pt_min=l1_objects.PARTICLE_JET_PT, eta_max=5.0)
    events = []
    for event in collider.events(pythia):
        truth = l1_objects.Truth(event, finder)
        muon_jet = None
        if process.candidates:
            found, muon_jet = l1_objects.add_candidate(truth, process.candidates, random)
            if not found:
                continue
        objects = l1_objects.reconstruct(truth, random, muon_jet)
        if objects["selected"]:
            events.append(objects)
            count(1)
            if len(events) == chunk.rows:
                break
    label = "process" if chunk.part == "train" else "signal"
    return l1_objects.columns(events) | {label: np.full(len(events), process.label)}
