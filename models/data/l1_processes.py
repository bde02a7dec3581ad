"""Hard processes of `l1ad`: what Pythia is told, and which events are dropped early.

pp at 13 TeV; the objects are those of the 2021 challenge (arXiv:2107.02157).
"""

from dataclasses import dataclass

import fastjet
import pythia8mc

import veto

#: Decays of W and Z to electrons, muons and taus, with their neutrinos.
_W_LEPTONIC = ("24:onMode = off", "24:onIfAny = 11 13 15")
_Z_LEPTONIC = ("23:onMode = off", "23:onIfAny = 11 13 15")

#: A new boson Zd of 22 GeV that decays to electrons and muons.
_ZD = (
    "1023:new = Zd void 3 0 0 22. 0.01 21. 23. 0.",
    "1023:isResonance = true",
    "1023:doForceWidth = on",
    "1023:addChannel = 1 0.5 100 11 -11",
    "1023:addChannel = 1 0.5 100 13 -13",
)


@dataclass(frozen=True)
class Candidates:
    """A lepton that is made of a jet of the event, with pT = z pT(jet)."""

    electron: bool
    pt_min: float
    eta_max: float


@dataclass(frozen=True)
class Process:
    """One kind of events; `label` is the column `process` or `signal`."""

    label: int
    settings: tuple[str, ...]
    filtered: bool = False
    candidates: Candidates | None = None

    def hooks(self, random):
        """What drops events early, or None."""
        if self.filtered:
            return HardLepton()
        if self.candidates:
            return CandidateJets(self.candidates, random)
        return None


#: QCD comes in two kinds, of an electron and of a muon.
BACKGROUND = {
    "w": Process(0, ("WeakSingleBoson:ffbar2W = on", *_W_LEPTONIC), filtered=True),
    "qcd_electron": Process(
        1,
        ("HardQCD:all = on", "PhaseSpace:pTHatMin = 27."),
        candidates=Candidates(electron=True, pt_min=20.0, eta_max=3.0),
    ),
    "qcd_muon": Process(
        1,
        ("HardQCD:all = on", "PhaseSpace:pTHatMin = 50."),
        candidates=Candidates(electron=False, pt_min=30.0, eta_max=2.1),
    ),
    "z": Process(
        2,
        ("WeakSingleBoson:ffbar2gmZ = on", "PhaseSpace:mHatMin = 50.", *_Z_LEPTONIC),
        filtered=True,
    ),
    "tt": Process(3, ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on")),
}

SIGNALS = {
    "a4l": Process(
        0,
        (
            "HiggsSM:gg2H = on",
            "25:m0 = 70.",
            *_ZD,
            "25:onMode = off",
            "25:addChannel = 1 1. 100 1023 1023",
        ),
        filtered=True,
    ),
    "lq": Process(
        1,
        (
            "LeptoQuark:gg2LQLQbar = on",
            "LeptoQuark:qqbar2LQLQbar = on",
            "42:m0 = 80.",
            "42:mMin = 50.",
            "42:0:products = 5 15",
        ),
    ),
    "htt": Process(
        2, ("HiggsSM:gg2H = on", "25:m0 = 90.", "25:onMode = off", "25:onIfAny = 15")
    ),
    "hpm": Process(
        3,
        (
            "Higgs:useBSM = on",
            "HiggsBSM:ffbar2H+- = on",
            "37:m0 = 200.",
            "37:onMode = off",
            "37:onIfAny = 15",
        ),
    ),
}


class HardLepton(pythia8mc.UserHooks):
    """Keeps events with an electron, muon or tau of the hard process that may be selected."""

    def canVetoProcessLevel(self):
        return True

    def doVetoProcessLevel(self, process):
        return not any(p.isFinal() and _hard(p.idAbs(), p.pT(), abs(p.eta())) for p in process)


def _hard(identity, pt, eta):
    """Whether a lepton of the hard process is hard and central enough."""
    return (
        identity == 11 and pt > 15 and eta < 3.4
        or identity == 13 and pt > 15 and eta < 2.5
        or identity == 15 and pt > 30
    )


class CandidateJets(pythia8mc.UserHooks):
    """Keeps events in proportion to their jets that may become a lepton, of which two count.

    Jets of partons are counted when the shower has come down to 12 GeV.
    """

    def __init__(self, candidates, random):
        pythia8mc.UserHooks.__init__(self)
        self.candidates, self.random = candidates, random
        self.definition = fastjet.JetDefinition(fastjet.antikt_algorithm, 0.4)

    def canVetoPT(self):
        return True

    def scaleVetoPT(self):
        return 12.0

    def doVetoPT(self, _position, event):
        jets = veto.parton_jets(event, self.definition, self.candidates.pt_min)
        count = sum(abs(jet.eta()) < self.candidates.eta_max for jet in jets)
        return self.random.random() >= min(count, 2) / 2
