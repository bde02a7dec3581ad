"""Tests of the generators: columns, determinism, and the physics that must hold.

    python -m unittest discover -s models/data

Only a handful of collisions is made. The comparison with the published sets needs
`../shared/data` beside the repository and is skipped, with a line that says so, without it.
"""

import importlib
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import fastjet
import numpy as np
import pyarrow.parquet as pq
import pythia8mc

import calo
import collider
import compare
import generate
import shower
import substructure
import table
import veto
import zerobias

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"

_FLOATS = "zlogz c1_b0 c1_b1 c1_b2 c2_b1 c2_b2 d2_b1 d2_b2 d2_a1_b1 d2_a1_b2 m2_b1 m2_b2 n2_b1 n2_b2"
_OBJECTS = [("met_pt", "float", "GeV"), ("met_phi", "float", "rad")] + [
    (f"{name}_{what}", f"float[{length}]", unit)
    for name, length in (("ele", 4), ("mu", 4), ("jet", 10))
    for what, unit in (("pt", "GeV"), ("eta", "1"), ("phi", "rad"))
]
_CALO = (
    [("e_obs", "float", "GeV"), ("eta", "float", "1"), ("em_prob", "float", "1")]
    + [("lambda_center", "float", "mm")]
    + [(name, "float", "mm^2") for name in ("second_lambda", "second_r")]
    + [("log10_first_eng_dens", "float", "log10(GeV/mm^3)")]
    + [(f"frac_{name}", "float", "1") for name in ("em1", "em2", "had1", "had2", "max_cell")]
    + [("significance", "float", "1"), ("n_cells", "int16", "1"), ("time", "float", "ns")]
    + [("e_dep", "float", "GeV"), ("e_true", "float", "GeV"), ("eta_true", "float", "1")]
    + [("pdg", "int16", "PDG id")]
)

#: What each part of each set must hold: (name, type, unit).
EXPECTED = {
    ("jsc", "train"): [
        (name if name == "zlogz" else f"{name}_mmdt", "float", "1") for name in _FLOATS.split()
    ]
    + [("mass_mmdt", "float", "GeV"), ("multiplicity", "float", "1"), ("label", "int8", "1")]
    + [("jet_pt", "float", "GeV"), ("jet_eta", "float", "1"), ("jet_phi", "float", "rad")]
    + [("jet_mass", "float", "GeV"), ("jet_nconst", "int16", "1")]
    + [("const_pt", "float[32]", "GeV"), ("const_deta", "float[32]", "1")]
    + [("const_dphi", "float[32]", "rad")],
    ("qg", "train"): [("label", "int8", "1"), ("jet_pt", "float", "GeV"), ("jet_y", "float", "1")]
    + [("jet_phi", "float", "rad"), ("jet_mass", "float", "GeV"), ("n_const", "int16", "1")]
    + [("pt", "float[100]", "GeV"), ("y", "float[100]", "1"), ("phi", "float[100]", "rad")]
    + [("pid", "int16[100]", "PDG id")],
    ("top", "train"): [("label", "int8", "1"), ("jet_pt", "float", "GeV")]
    + [("jet_eta", "float", "1"), ("jet_phi", "float", "rad"), ("jet_mass", "float", "GeV")]
    + [("n_const", "int16", "1"), ("particle_jet_pt", "float", "GeV")]
    + [("particle_jet_mass", "float", "GeV")]
    + [(name, "float[100]", "GeV") for name in ("E", "px", "py", "pz")],
    ("l1ad", "train"): _OBJECTS + [("process", "int8", "1")],
    ("l1ad", "signal"): _OBJECTS + [("signal", "int8", "1")],
    ("l1ad", "zerobias"): _OBJECTS,
    ("calo", "train"): _CALO,
    ("calo", "gap"): _CALO,
}

FILES = {
    ("jsc", "train"): "jsc/train",
    ("qg", "train"): "qg/train",
    ("top", "train"): "top/train",
    ("l1ad", "train"): "l1ad/train",
    ("l1ad", "signal"): "l1ad/signal_validation",
    ("l1ad", "zerobias"): "l1ad/zerobias_train",
    ("calo", "train"): "calo/train",
    ("calo", "gap"): "calo/train_gap",
}


def make(set_name, part="train", events=6, seed=3, jobs=1):
    return generate.generate(set_name, part, events, seed, jobs, quiet=True)


def lists(made, name):
    column = made[name].combine_chunks()
    return column.flatten().to_numpy().reshape(len(column), -1)


class Columns(unittest.TestCase):
    def test_each_part_has_its_columns(self):
        self.assertEqual(set(EXPECTED), {(s, p) for s in generate.PARTS for p in generate.PARTS[s]})
        for (set_name, part), expected in EXPECTED.items():
            schema = importlib.import_module(set_name).LAYOUTS[part].schema()
            found = []
            for field in schema:
                kind = str(field.type)
                if kind.startswith("fixed"):
                    kind = f"{field.type.value_type}[{field.type.list_size}]"
                found.append((field.name, kind, field.metadata[b"unit"].decode()))
            with self.subTest(set=set_name, part=part):
                self.assertEqual(found, expected)

    def test_rounding(self):
        self.assertEqual(table.round_mantissa([1.0 + 2**-11], 10)[0], 1.0)
        self.assertEqual(table.round_mantissa([1.0 + 3 * 2**-11], 10)[0], 1.0 + 2**-9)
        self.assertEqual(table.round_mantissa([-0.1], 13)[0], np.float32(-13107 / 2**17))
        self.assertEqual(table.round_grid([0.3], 10)[0], np.float32(307 / 1024))


class Determinism(unittest.TestCase):
    def test_the_bytes_depend_on_the_seed_and_not_on_the_jobs(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(calo.CHUNK, train=150):
            written = {}
            for name, seed, jobs in (("a", 1, 1), ("b", 1, 2), ("c", 2, 1)):
                path = Path(folder) / f"{name}.parquet"
                table.write(make("calo", events=400, seed=seed, jobs=jobs), path)
                written[name] = path.read_bytes()
            self.assertEqual(written["a"], written["b"])
            self.assertNotEqual(written["a"], written["c"])
            self.assertEqual(len(list(Path(folder).iterdir())), 3)

    def test_collisions_repeat(self):
        self.assertTrue(make("qg", events=2).equals(make("qg", events=2)))


class Calorimeter(unittest.TestCase):
    def test_incomplete_gamma(self):
        # P(1, x) = 1 - exp(-x); P(2, x) = 1 - (1 + x) exp(-x).
        x = np.array([0.0, 0.1, 1.0, 7.0, 60.0])
        np.testing.assert_allclose(shower.gamma_fraction(np.ones(5), x), 1 - np.exp(-x), atol=1e-12)
        two = 1 - (1 + x) * np.exp(-x)
        np.testing.assert_allclose(shower.gamma_fraction(np.full(5, 2.0), x), two, atol=1e-12)

    def test_energy_is_conserved_and_responses_are_right(self):
        columns = calo.clusters(4000, np.random.default_rng(1), gap=False)
        fractions = sum(columns[f"frac_{name}"] for name in ("em1", "em2", "had1", "had2"))
        np.testing.assert_allclose(fractions, 1, atol=1e-9)
        self.assertTrue(np.all(columns["e_dep"] <= columns["e_true"]))
        hard = columns["e_true"] > 20
        for pdg, low, high in ((22, 0.97, 1.02), (11, 0.97, 1.02), (211, 0.82, 0.92)):
            chosen = hard & (columns["pdg"] == pdg)
            response = np.median(columns["e_obs"][chosen] / columns["e_dep"][chosen])
            self.assertTrue(low < response < high, (pdg, response))

    def test_the_gap_is_noisier(self):
        def significance(gap):
            columns = calo.clusters(4000, np.random.default_rng(1), gap)
            eta = np.abs(columns["eta_true"])
            inside = (eta > 1.3) & (eta < 1.6) & (columns["e_true"] > 5)
            return np.median(columns["significance"][inside])

        self.assertGreater(significance(False), 2 * significance(True))


class Jets(unittest.TestCase):
    def test_grooming_drops_soft_wide_particles(self):
        def particle(pt, y, phi):
            return [pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(y), pt * np.cosh(y), 211, 1]

        rows = np.array([particle(500, 0, 0), particle(300, 0.2, 0), particle(5, 0, 0.7)])
        groomed = substructure.groom(rows)
        self.assertEqual(len(groomed), 2)
        expected = np.sqrt(2 * 500 * 300 * (np.cosh(0.2) - 1))
        self.assertAlmostEqual(collider.mass(groomed), expected, places=6)
        values = substructure.observables(groomed)
        self.assertAlmostEqual(values["c1_b1_mmdt"], 500 * 300 / 800**2 * 0.2)
        self.assertEqual(values["d2_b1_mmdt"], 0)

    def test_only_partons_are_in_parton_jets(self):
        pythia = pythia8mc.Pythia("", False)
        event = pythia.event
        event.init("", pythia.particleData)
        event.append(21, 23, 101, 102, 600.0, 0.0, 0.0, 600.0, 0.0)
        event.append(2, 23, 103, 0, -600.0, 0.0, 0.0, 600.0, 0.0)
        event.append(23, 23, 0, 0, 0.0, 700.0, 0.0, 706.0, 91.0)
        definition = fastjet.JetDefinition(fastjet.antikt_algorithm, 0.8)
        jets = veto.parton_jets(event, definition, pt_min=500)
        np.testing.assert_allclose([jet.perp() for jet in jets], [600, 600])

    def test_towers_make_one_jet(self):
        towers = np.zeros((zerobias.ETA_BINS, zerobias.PHI_BINS))
        towers[40, 63], towers[40, 0], towers[41, 0] = 30.0, 20.0, 10.0
        jets = zerobias.find_jets(towers)
        self.assertEqual(len(jets), 1)
        pt, eta, phi = jets[0]
        self.assertAlmostEqual(pt, 60 - 81 * 60 / (9 * 64))
        self.assertAlmostEqual(eta, 0.05)
        self.assertAlmostEqual(phi, np.pi - np.pi / 64)

    def test_a_zerobias_jet_at_the_edge_loses_the_whole_background(self):
        towers = np.zeros((zerobias.ETA_BINS, zerobias.PHI_BINS))
        towers[0, 10] = 30.0
        [(pt, eta, _)] = zerobias.find_jets(towers)
        self.assertAlmostEqual(pt, 30 - 81 * 30 / (5 * 64))
        self.assertAlmostEqual(eta, -3.95)

    def test_jsc(self):
        made = make("jsc", events=5)
        self.assertEqual(sorted(made["label"].to_pylist()), [0, 1, 2, 3, 4])
        pt = made["jet_pt"].to_numpy()
        self.assertTrue(np.all((pt > 800) & (pt < 1300)))
        self.assertEqual(made["d2_a1_b1_mmdt"], made["d2_b1_mmdt"])
        self.assertTrue(np.all(np.diff(lists(made, "const_pt"), axis=1) <= 0))

    def test_qg(self):
        made = make("qg", events=4)
        self.assertEqual(sorted(made["label"].to_pylist()), [0, 0, 1, 1])
        pt = lists(made, "pt")
        filled = np.minimum(made["n_const"].to_numpy(), 100)
        self.assertEqual((pt > 0).sum(axis=1).tolist(), filled.tolist())
        self.assertFalse(np.isin(np.abs(lists(made, "pid")), (12, 14, 16)).any())

    def test_top(self):
        made = make("top", events=2)
        energy, px, py, pz = (lists(made, name) for name in ("E", "px", "py", "pz"))
        momentum = np.sqrt(px**2 + py**2 + pz**2)
        np.testing.assert_allclose(energy, momentum, rtol=3e-4)
        pt = np.hypot(px.sum(axis=1), py.sum(axis=1))
        np.testing.assert_allclose(pt, made["jet_pt"].to_numpy(), rtol=0.02)


class Events(unittest.TestCase):
    def test_background_and_signals_pass_the_selection(self):
        for part, events in (("train", 6), ("signal", 4)):
            made = make("l1ad", part, events)
            lepton = np.maximum(lists(made, "ele_pt")[:, 0], lists(made, "mu_pt")[:, 0])
            self.assertEqual(len(lepton), events)
            self.assertTrue(np.all(lepton >= 23.0))
            jets = lists(made, "jet_pt")
            self.assertTrue(np.all((jets == 0) | (jets >= 15.0)))

    def test_zerobias(self):
        with mock.patch.object(zerobias, "SMALLEST_BANK", 30):
            made = make("l1ad", "zerobias", 4)
        self.assertEqual(made.num_rows, 4)
        self.assertTrue(np.all(made["met_pt"].to_numpy() > 0))


class Published(unittest.TestCase):
    def setUp(self):
        if not SHARED.is_dir():
            print(f"skipped: {self.id()} needs ../shared/data", file=sys.stderr)
            self.skipTest("no ../shared/data")

    def test_schemata_are_the_same(self):
        for (set_name, part), name in FILES.items():
            published = pq.read_schema(SHARED / f"{name}.parquet")
            made = importlib.import_module(set_name).LAYOUTS[part].schema()
            with self.subTest(file=name):
                self.assertEqual(compare.schema_differences(published, made), [])

    def test_calo_is_distributed_as_published(self):
        published = pq.read_table(SHARED / "calo/train.parquet")
        found = list(compare.tests(published, make("calo", events=5000, seed=11)))
        least = min(found, key=lambda test: test.p_value)
        self.assertGreater(least.p_value * len(found), compare.LEVEL, least)

    def test_a_shifted_column_is_noticed(self):
        published = pq.read_table(SHARED / "calo/train.parquet").slice(0, 20_000)
        time = published.schema.get_field_index("time")
        moved = published.set_column(
            time, published.schema.field("time"), [published["time"].to_numpy() + np.float32(0.1)]
        )
        found = list(compare.tests(published, moved))
        self.assertLess(min(test.p_value for test in found) * len(found), compare.LEVEL)


if __name__ == "__main__":
    unittest.main()
