//! Small jets by hand, and what is refused.

mod symmetries;

use super::*;

/// Every observable, with its lists in columns of the same names.
fn all() -> Vec<Observable> {
    let entries = r#"
        [[all]]
        observable = "n_pf"
        pt = "pt"
        [[all]]
        observable = "w_pf"
        pt = "pt"
        y = "y"
        phi = "phi"
        [[all]]
        observable = "ptd"
        pt = "pt"
        [[all]]
        observable = "c_beta"
        pt = "pt"
        y = "y"
        phi = "phi"
        [[all]]
        observable = "r_lambda"
        pt = "pt"
        y = "y"
        phi = "phi"
        [[all]]
        observable = "s_frag"
        pt = "pt"
        [[all]]
        observable = "s_pid"
        pt = "pt"
        pid = "pid"
        [[all]]
        observable = "e_q"
        pt = "pt"
        pid = "pid"
    "#;
    #[derive(serde::Deserialize)]
    struct Entries {
        all: Vec<Observable>,
    }
    toml::from_str::<Entries>(entries).expect("entries").all
}

fn one(entry: &str) -> Observable {
    toml::from_str(entry).expect("an observable")
}

/// Lists of a jet that a test can change.
#[derive(Clone)]
struct Lists {
    pt: Vec<f32>,
    y: Vec<f32>,
    phi: Vec<f32>,
    pid: Vec<f32>,
}

impl Lists {
    fn new(constituents: &[[f32; 4]]) -> Self {
        let list = |k: usize| constituents.iter().map(|c| c[k]).collect();
        Self {
            pt: list(0),
            y: list(1),
            phi: list(2),
            pid: list(3),
        }
    }

    fn values(&self) -> Vec<f32> {
        let jet = Jet {
            pt: &self.pt,
            y: &self.y,
            phi: &self.phi,
            pid: &self.pid,
        };
        let value = |o: &Observable| compute(o, &jet).unwrap_or_else(|e| panic!("{o:?}: {e}"));
        all().iter().map(value).collect()
    }
}

/// Six constituents around (0.5, 3.1), two of them beyond the branch cut, in no order.
fn jet() -> Lists {
    Lists::new(&[
        [3.5, 0.47, 3.05, 211.0],
        [0.0, 0.0, 0.0, 0.0],
        [41.25, 0.5, 3.125, -211.0],
        [7.0, 0.53125, -3.11, 22.0],
        [0.75, 0.21, 3.0, 130.0],
        [7.0, 0.59, 3.13, 22.0],
        [1.5, 0.4, -3.0, 2212.0],
    ])
}

#[test]
fn two_constituents_by_hand() {
    // A quarter of the momentum at a distance of 0.1 = |(0.06, 0.08)| across the branch cut.
    let pi = std::f32::consts::PI;
    let lists = Lists::new(&[[30.0, 1.0, pi - 0.04, 211.0], [10.0, 1.06, 0.04 - pi, 22.0]]);
    let (z, ln) = ([0.75f64, 0.25], f64::ln);
    let expected = [
        2.0,
        // 0.75 * 0.025 + 0.25 * 0.075 from the centroid; the massless axis is the same to 1e-4.
        0.0375,
        0.625f64.sqrt(),
        0.1875 * 0.1f64.powf(0.2),
        // Two points are on a line.
        0.0,
        -z[0] * ln(z[0]) - z[1] * ln(z[1]),
        ln(2.0),
        0.75,
    ];
    for ((found, expected), o) in lists.values().iter().zip(expected).zip(all()) {
        let error = (f64::from(*found) - expected).abs();
        assert!(
            error <= 2e-4 * expected + 1e-6,
            "{found}, not {expected}: {o:?}"
        );
    }
}

#[test]
fn three_constituents_by_hand() {
    // Equal momenta at the corners of a right triangle with the sides 0.3 and 0.4.
    let lists = Lists::new(&[
        [5.0, 0.0, 0.0, 22.0],
        [5.0, 0.3, 0.0, 22.0],
        [5.0, 0.0, 0.4, 211.0],
    ]);
    let found = lists.values();
    let third = 1.0f64 / 3.0;
    let c = (0.3f64.powf(0.2) + 0.4f64.powf(0.2) + 0.5f64.powf(0.2)) / 9.0;
    // The covariance is [[0.02, -0.0133], [-0.0133, 0.0356]].
    let (yy, pp, yp) = (0.09 * 2.0 / 9.0, 0.16 * 2.0 / 9.0, -0.12f64 / 9.0);
    let root = ((yy - pp) * (yy - pp) + 4.0 * yp * yp).sqrt();
    let ratio = (yy + pp - root) / (yy + pp + root);
    let s_pid = -2.0 * third * (2.0 * third).ln() - third * third.ln();
    for (k, expected) in [
        (0, 3.0),
        (2, third.sqrt()),
        (3, c),
        (4, ratio),
        (5, 3.0f64.ln()),
        (6, s_pid),
        (7, third),
    ] {
        let error = (f64::from(found[k]) - expected).abs();
        assert!(error <= 1e-6 * expected, "{k}: {} not {expected}", found[k]);
    }
    // The momenta 2, 1, 1 weigh 4, 1, 1: variances 0.0125, covariance -0.0025.
    let weighted = Lists::new(&[
        [2.0, 0.0, 0.0, 22.0],
        [1.0, 0.3, 0.0, 22.0],
        [1.0, 0.0, 0.3, 22.0],
    ]);
    assert!((weighted.values()[4] - 2.0 / 3.0).abs() < 1e-6);
    // A square is round, and its girth is half its diagonal.
    let square = Lists::new(&[
        [2.0, -0.1, 0.0, 22.0],
        [2.0, 0.1, 0.0, 22.0],
        [2.0, 0.0, -0.1, 22.0],
        [2.0, 0.0, 0.1, 22.0],
    ]);
    assert_eq!(square.values()[4], 1.0);
    assert!((square.values()[1] - 0.1).abs() < 1e-7);
}

#[test]
fn the_parameter_and_the_limit_act() {
    let lists = jet();
    let of = |entry: &str| {
        let jet = Jet {
            pt: &lists.pt,
            y: &lists.y,
            phi: &lists.phi,
            pid: &lists.pid,
        };
        compute(&one(entry), &jet).expect("value")
    };
    let n = "observable = \"n_pf\"\npt = \"pt\"";
    assert_eq!(of(n), 6.0);
    assert_eq!(of(&format!("{n}\nparticles = 4")), 4.0);
    // The four hardest are the pion of 41.25, two photons of 7 and the pion of 3.5.
    let e_q = "observable = \"e_q\"\npt = \"pt\"\npid = \"pid\"\nparticles = 4";
    assert_eq!(of(e_q), (44.75f64 / 58.75) as f32);
    let c = "observable = \"c_beta\"\npt = \"pt\"\ny = \"y\"\nphi = \"phi\"";
    assert_eq!(of(c), of(&format!("{c}\nbeta = 0.2")));
    assert!(of(&format!("{c}\nbeta = 2.0")) < of(&format!("{c}\nbeta = 1.0")));
}

#[test]
fn bad_lists_and_parameters_are_refused() {
    let error = |entry: &str, jet: Jet<'_>| {
        compute(&one(entry), &jet)
            .expect_err("an error")
            .to_string()
    };
    let pt = "observable = \"ptd\"\npt = \"pt\"";
    let negative = Jet {
        pt: &[1.0, -2.0],
        ..Jet::default()
    };
    assert!(error(pt, negative).starts_with("slot 1: pt is -2; expected a positive"));
    let nan = Jet {
        pt: &[f32::NAN],
        ..Jet::default()
    };
    assert!(error(pt, nan).starts_with("slot 0: pt is NaN"));
    let c = "observable = \"c_beta\"\npt = \"pt\"\ny = \"y\"\nphi = \"phi\"";
    let short = Jet {
        pt: &[1.0, 2.0],
        y: &[1.0, 2.0],
        phi: &[1.0],
        ..Jet::default()
    };
    assert!(error(c, short).contains("the list of phi has 1 slots, but that of pt has 2"));
    let infinite = Jet {
        y: &[0.0, f32::INFINITY],
        phi: &[1.0, 1.0],
        ..short
    };
    assert!(error(c, infinite).contains("slot 1: y is inf"));
    assert!(error(&format!("{c}\nbeta = 0.0"), infinite).contains("beta is 0; expected"));
    assert!(error(&format!("{pt}\nparticles = 0"), negative).contains("particles is 0"));
    let e_q = "observable = \"e_q\"\npt = \"pt\"\npid = \"pid\"";
    let unknown = Jet {
        pt: &[1.0],
        pid: &[99.0],
        ..Jet::default()
    };
    assert!(error(e_q, unknown).contains("pid 99 is no PDG particle number"));
}

#[test]
fn an_entry_names_its_columns_and_nothing_else() {
    let columns = one("observable = \"w_pf\"\npt = \"a\"\ny = \"b\"\nphi = \"c\"");
    let expected = JetColumns {
        pt: "a",
        y: Some("b"),
        phi: Some("c"),
        pid: None,
    };
    assert_eq!(columns.columns(), expected);
    let wrong = |entry: &str| {
        toml::from_str::<Observable>(entry)
            .expect_err("an error")
            .to_string()
    };
    assert!(wrong("observable = \"w_pf\"\npt = \"a\"\ny = \"b\"").contains("phi"));
    assert!(wrong("observable = \"ptd\"\npt = \"a\"\nbeta = 1.0").contains("beta"));
    assert!(wrong("observable = \"girth\"\npt = \"a\"").contains("w_pf"));
}
