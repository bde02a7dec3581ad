use super::*;

const SLOTS: usize = 6;

/// Two jets of four constituents and two empty slots, with the columns pt, eta, phi, id.
fn jets() -> (Vec<InputSpec>, Events) {
    let spec = InputSpec {
        name: "particles".to_owned(),
        columns: ["pt", "eta", "phi", "id"].map(str::to_owned).to_vec(),
        shape: vec![SLOTS, 4],
        mask: Some(0),
    };
    let mut values = Vec::new();
    for jet in 0..2 {
        for slot in 0..SLOTS {
            let place = (4 * jet + slot) as f32;
            match slot < 4 {
                true => values.extend([8.0 / (1.0 + place), 0.1 * place, -0.05 * place, place]),
                false => values.extend([0.0; 4]),
            }
        }
    }
    let events = Events {
        rows: 2,
        inputs: vec![values],
        weights: vec![1.0; 2],
        ..Events::default()
    };
    (vec![spec], events)
}

fn views(change: impl FnOnce(&mut ViewsConfig)) -> (Views, Events) {
    let name = |name: &str| name.to_owned();
    let mut config = ViewsConfig {
        input: name("particles"),
        pt: name("pt"),
        eta: name("eta"),
        phi: name("phi"),
        rotation: false,
        translation: 0.0,
        softness: 0.0,
        splitting: 0.0,
    };
    change(&mut config);
    let (specs, events) = jets();
    (Views::new(&config, &specs).expect("columns"), events)
}

const FIRST: Showing = Showing { pass: 3, view: 0 };

/// Transverse momentum, and its sums with both coordinates, of each jet.
fn sums(events: &Events) -> Vec<[f32; 3]> {
    let jets = events.inputs[0].chunks_exact(4 * SLOTS);
    jets.map(|jet| {
        jet.chunks_exact(4).fold([0.0; 3], |[pt, eta, phi], slot| {
            [
                pt + slot[0],
                eta + slot[0] * slot[1],
                phi + slot[0] * slot[2],
            ]
        })
    })
    .collect()
}

#[test]
fn a_rotation_keeps_momenta_and_distances() {
    let (views, events) = views(|config| config.rotation = true);
    let turned = views.of(&events, 1, FIRST);
    assert_eq!(
        turned,
        views.of(&events, 1, FIRST),
        "a function of seed and purpose"
    );
    assert_ne!(turned, views.of(&events, 2, FIRST));
    assert_ne!(turned, views.of(&events, 1, Showing { view: 1, ..FIRST }));
    assert_eq!(turned, views.rotated(&events, 1, FIRST));
    let slots = |events: &Events| events.inputs[0].clone();
    let (before, after) = (slots(&events), slots(&turned));
    assert_ne!(before, after);
    for (a, b) in before.chunks_exact(4).zip(after.chunks_exact(4)) {
        assert_eq!((a[0], a[3]), (b[0], b[3]));
        let radius = |slot: &[f32]| slot[1].hypot(slot[2]);
        assert!((radius(a) - radius(b)).abs() < 1e-6);
    }
}

#[test]
fn a_translation_moves_every_constituent_alike() {
    let (views, events) = views(|config| config.translation = 0.3);
    let moved = views.of(&events, 1, FIRST);
    let jets = events.inputs[0].chunks_exact(4 * SLOTS);
    for (before, after) in jets.zip(moved.inputs[0].chunks_exact(4 * SLOTS)) {
        let shift = [after[1] - before[1], after[2] - before[2]];
        assert!(
            shift.iter().all(|by| *by != 0.0 && by.abs() <= 0.3),
            "{shift:?}"
        );
        let slots = before.chunks_exact(4).zip(after.chunks_exact(4));
        for (slot, (a, b)) in slots.enumerate() {
            assert_eq!(a[0], b[0]);
            let wanted = if slot < 4 { shift } else { [0.0; 2] };
            for (coordinate, by) in wanted.into_iter().enumerate() {
                let found = b[1 + coordinate] - a[1 + coordinate];
                assert!((found - by).abs() < 1e-6);
            }
        }
    }
}

#[test]
fn softer_constituents_are_smeared_more() {
    let (views, events) = views(|config| config.softness = 0.02);
    let mut moved = [0.0f32; 4];
    for pass in 0..200 {
        let seen = views.of(&events, 1, Showing { pass, view: 0 });
        assert_eq!(
            seen.inputs[0][16..24],
            events.inputs[0][16..24],
            "empty slots"
        );
        for (slot, sum) in moved.iter_mut().enumerate() {
            let at = 4 * slot;
            assert_eq!(seen.inputs[0][at], events.inputs[0][at], "pT");
            *sum += (seen.inputs[0][at + 1] - events.inputs[0][at + 1]).powi(2);
        }
    }
    // Momenta of 8, 4, 8/3, 2.
    for (slot, sum) in moved.into_iter().enumerate() {
        let width = (sum / 200.0).sqrt();
        let expected = 0.02 * (1.0 + slot as f32) / 8.0;
        assert!((width / expected - 1.0).abs() < 0.25, "{width} {expected}");
    }
}

#[test]
fn a_splitting_conserves_momentum_and_direction() {
    let (views, events) = views(|config| config.splitting = 1.0);
    let split = views.of(&events, 1, FIRST);
    for (before, after) in sums(&events).into_iter().zip(sums(&split)) {
        for (a, b) in before.into_iter().zip(after) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }
    // Two of four, since there are two empty slots; the halves are collinear and alike.
    let jet = &split.inputs[0][..4 * SLOTS];
    for (slot, other) in [(0, 4), (1, 5)] {
        assert_eq!(
            jet[4 * slot + 1..4 * slot + 4],
            jet[4 * other + 1..4 * other + 4]
        );
        assert!(jet[4 * slot] > 0.0 && jet[4 * other] > 0.0);
    }
    assert_eq!(jet[8..16], events.inputs[0][8..16]);
}
