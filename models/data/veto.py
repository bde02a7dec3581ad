"""Drops events early, so that no time is spent on hadrons of jets outside the selection.

The selection of jets is about hadrons; these hooks look at partons, with margins of
15 GeV and more, before most of the work of an event is done.
"""

import fastjet
import pythia8mc

#: Scale [GeV] down to which the shower has evolved when jets of partons are looked at.
SCALE = 15.0


class LeadingJet(pythia8mc.UserHooks):
    """Drops events whose leading parton jet is outside `pt` [GeV] or beyond `y_max`.

    Events whose hard process has an outgoing quark of `without` are dropped first.
    """

    def __init__(self, radius, pt, y_max, without=()):
        pythia8mc.UserHooks.__init__(self)
        self.definition = fastjet.JetDefinition(fastjet.antikt_algorithm, radius)
        self.pt, self.y_max, self.without = pt, y_max, frozenset(without)

    def canVetoProcessLevel(self):
        return bool(self.without)

    def doVetoProcessLevel(self, process):
        return any(p.statusAbs() == 23 and p.idAbs() in self.without for p in process)

    def canVetoPT(self):
        return True

    def scaleVetoPT(self):
        return SCALE

    def doVetoPT(self, _position, event):
        jets = parton_jets(event, self.definition, pt_min=self.pt[0])
        if not jets:
            return True
        leading = max(jets, key=lambda jet: jet.perp())
        return leading.perp() > self.pt[1] or abs(leading.rap()) > self.y_max


def parton_jets(event, definition, pt_min):
    """Jets of an event's final partons with |eta| < 4."""
    partons = [
        fastjet.PseudoJet(p.px(), p.py(), p.pz(), p.e())
        for p in event
        if p.isFinal() and p.isParton() and abs(p.eta()) < 4.0
    ]
    # Jets keep their momenta when the sequence that made them is gone.
    return fastjet.ClusterSequence(partons, definition).inclusive_jets(pt_min)
