//! Other views of the same jets: what a network that learns from symmetries is shown.
//!
//! Each view is drawn anew from a seed, what it is for and the row, so that it depends neither on
//! how a batch is cut nor on when a training was interrupted. The transformations are those of
//! JetCLR (arXiv:2108.04253), on the constituents of a jet in coordinates relative to its axis.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::config::{ConfigError, within};
use crate::data::{Events, InputConfig, InputSpec};
use crate::seed::{Purpose, Stream};

/// The table `[contrastive.views]`: which constituents there are, and what keeps the jet the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewsConfig {
    /// Name of the input with the constituents.
    pub input: String,
    /// Its column with their transverse momenta, in any unit; a slot is empty where it is 0.
    pub pt: String,
    /// Its column with their (pseudo)rapidities relative to the jet.
    pub eta: String,
    /// Its column with their azimuths relative to the jet, in rad.
    pub phi: String,
    /// Whether jets are turned around their axis by any angle.
    #[serde(default)]
    pub rotation: bool,
    /// Jets are moved by up to this in both coordinates.
    #[serde(default)]
    pub translation: f64,
    /// Both coordinates of a constituent are smeared by a Gaussian of the width `softness / pt`, at
    /// most 1, so that soft constituents lose their place.
    #[serde(default)]
    pub softness: f64,
    /// Chance of a constituent to become two of the same direction that share its momentum, as long
    /// as there are empty slots.
    #[serde(default)]
    pub splitting: f64,
}

impl ViewsConfig {
    /// Fails unless the columns are there and every value is in its range.
    pub(crate) fn check(&self, inputs: &[InputConfig]) -> Result<(), ConfigError> {
        within("contrastive.views.translation", self.translation, 0.0, 10.0)?;
        within("contrastive.views.softness", self.softness, 0.0, 1e6)?;
        within("contrastive.views.splitting", self.splitting, 0.0, 1.0)?;
        let wrong = |key, found: &str, expected: &str| {
            Err(ConfigError::Value {
                key,
                found: format!("'{found}'"),
                expected: expected.to_owned(),
            })
        };
        let own = inputs.iter().find(|input| input.name == self.input);
        let Some(own) = own.filter(|input| input.particles.is_some()) else {
            let expected = "the name of an input with particles";
            return wrong("contrastive.views.input", &self.input, expected);
        };
        for (key, column) in [
            ("contrastive.views.pt", &self.pt),
            ("contrastive.views.eta", &self.eta),
            ("contrastive.views.phi", &self.phi),
        ] {
            if !own.columns.contains(column) {
                return wrong(key, column, "a column of that input");
            }
        }
        let moves = self.translation + self.softness + self.splitting;
        if !self.rotation && moves == 0.0 {
            return wrong("contrastive.views", "nothing", "at least one symmetry");
        }
        Ok(())
    }
}

/// What a view is for: the same purpose gives the same views.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Showing {
    /// Number of the pass over the events.
    pub(crate) pass: u64,
    /// Which of the views of one event.
    pub(crate) view: usize,
}

/// Where the columns of a configuration are.
#[derive(Debug, Clone)]
pub(crate) struct Views {
    config: ViewsConfig,
    input: usize,
    slots: usize,
    width: usize,
    pt: usize,
    eta: usize,
    phi: usize,
}

impl Views {
    /// Finds the columns; `None` for inputs that do not have them.
    pub(crate) fn new(config: &ViewsConfig, specs: &[InputSpec]) -> Option<Self> {
        let input = specs.iter().position(|spec| spec.name == config.input)?;
        let spec = &specs[input];
        let &[slots, width] = &spec.shape[..] else {
            return None;
        };
        let place = |name: &String| spec.columns.iter().position(|column| column == name);
        Some(Self {
            input,
            slots,
            width,
            pt: place(&config.pt)?,
            eta: place(&config.eta)?,
            phi: place(&config.phi)?,
            config: config.clone(),
        })
    }

    /// A view of every event.
    pub(crate) fn of(&self, events: &Events, seed: u64, showing: Showing) -> Events {
        self.each(events, seed, showing, |jet, stream| self.show(jet, stream))
    }

    /// Every event turned around its axis by an angle of its own, and nothing else.
    pub(crate) fn rotated(&self, events: &Events, seed: u64, showing: Showing) -> Events {
        self.each(events, seed, showing, |jet, stream| {
            let angle = turn(stream);
            self.rotate(jet, angle);
        })
    }

    fn each(
        &self,
        events: &Events,
        seed: u64,
        showing: Showing,
        change: impl Fn(&mut [f32], &mut Stream),
    ) -> Events {
        let mut changed = events.clone();
        let jets = changed.inputs[self.input].chunks_exact_mut(self.slots * self.width);
        for (row, jet) in jets.enumerate() {
            let purpose = Purpose::View {
                pass: showing.pass,
                view: showing.view,
                row,
            };
            change(jet, &mut Stream::new(seed, purpose));
        }
        changed
    }

    /// All changes of one jet. Splittings come last, so that both halves stay collinear.
    fn show(&self, jet: &mut [f32], stream: &mut Stream) {
        if self.config.rotation {
            let angle = turn(stream);
            self.rotate(jet, angle);
        }
        let translation = self.config.translation as f32;
        if translation > 0.0 {
            let [eta, phi] = [0; 2].map(|_| translation * (2.0 * stream.uniform() - 1.0));
            self.filled(jet, |slot| {
                slot[self.eta] += eta;
                slot[self.phi] += phi;
            });
        }
        let softness = self.config.softness as f32;
        if softness > 0.0 {
            self.filled(jet, |slot| {
                let width = (softness / slot[self.pt]).min(1.0);
                let [eta, phi] = stream.normal_pair();
                slot[self.eta] += width * eta;
                slot[self.phi] += width * phi;
            });
        }
        self.split(jet, stream);
    }

    fn rotate(&self, jet: &mut [f32], angle: f64) {
        let (sin, cos) = (libm::sin(angle) as f32, libm::cos(angle) as f32);
        self.filled(jet, |slot| {
            let (eta, phi) = (slot[self.eta], slot[self.phi]);
            slot[self.eta] = cos * eta - sin * phi;
            slot[self.phi] = sin * eta + cos * phi;
        });
    }

    fn split(&self, jet: &mut [f32], stream: &mut Stream) {
        let chance = self.config.splitting as f32;
        if chance == 0.0 {
            return;
        }
        let filled = |slot: &[f32]| slot[self.pt] > 0.0;
        let (full, mut empty): (Vec<usize>, Vec<usize>) =
            (0..self.slots).partition(|slot| filled(&jet[slot * self.width..][..self.width]));
        empty.reverse();
        for slot in full {
            let (splits, share) = (stream.uniform() < chance, stream.uniform());
            if !splits || share == 0.0 {
                continue;
            }
            let Some(other) = empty.pop() else { return };
            jet.copy_within(
                slot * self.width..(slot + 1) * self.width,
                other * self.width,
            );
            let whole = jet[slot * self.width + self.pt];
            jet[slot * self.width + self.pt] = whole * share;
            jet[other * self.width + self.pt] = whole - whole * share;
        }
    }

    /// Changes all slots that hold a constituent.
    fn filled(&self, jet: &mut [f32], mut change: impl FnMut(&mut [f32])) {
        let slots = jet.chunks_exact_mut(self.width);
        slots
            .filter(|slot| slot[self.pt] > 0.0)
            .for_each(&mut change);
    }
}

/// An angle in `[0, 2 pi)`.
fn turn(stream: &mut Stream) -> f64 {
    2.0 * std::f64::consts::PI * f64::from(stream.uniform())
}
