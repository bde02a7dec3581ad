//! The loop: one event from its features to the accept line.

use embedded_hal::digital::{OutputPin, PinState};

use crate::counters::count;
use crate::{Counters, Decision, Kernel, Mantissa, Queue, Source, Stored, WhenFull};

/// A clock that counts up and starts again from 0.
pub trait Clock {
    /// Ticks now.
    fn now(&mut self) -> u32;
}

/// The two lines that leave the board.
#[derive(Debug)]
pub struct Pins<A, S> {
    /// High for an accepted event; valid when the strobe falls.
    pub accept: A,
    /// High while an event is worked on.
    pub strobe: S,
}

/// An accepted event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted<E, S> {
    /// Its number, from 0.
    pub number: u64,
    /// Its features.
    pub event: E,
    /// Its scores.
    pub scores: S,
}

/// Why an event went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum TriggerError<I, A, S> {
    /// It could not be read; it was not decided.
    Source(I),
    /// It was decided, counted and queued, but the accept line does not show it.
    Accept(A),
    /// The same for the strobe.
    Strobe(S),
}

/// Everything that the loop keeps between events.
#[derive(Debug)]
pub struct Trigger<K: Kernel, D, A, S, C, const N: usize> {
    decision: D,
    pins: Pins<A, S>,
    clock: C,
    event: K::Event,
    counters: Counters,
    queue: Queue<Accepted<K::Event, K::Scores>, N>,
}

impl<K, D, A, S, C, const N: usize> Trigger<K, D, A, S, C, N>
where
    K: Kernel,
    D: Decision,
    A: OutputPin,
    S: OutputPin,
    C: Clock,
{
    /// A loop that has seen nothing yet; `N` accepted events can wait.
    pub fn new(decision: D, pins: Pins<A, S>, clock: C, when_full: WhenFull) -> Self {
        Self {
            decision,
            pins,
            clock,
            event: K::empty(),
            counters: Counters::default(),
            queue: Queue::new(when_full),
        }
    }

    /// Reads and decides the next event: whether it was accepted, or `None`, at
    /// once, if there is none.
    ///
    /// # Errors
    ///
    /// An event that could not be read, or a line that could not be driven.
    #[allow(clippy::type_complexity)]
    pub fn step<I: Source<K::Feature>>(
        &mut self,
        source: &mut I,
    ) -> Result<Option<bool>, TriggerError<I::Error, A::Error, S::Error>> {
        if !source
            .read(self.event.as_mut())
            .map_err(TriggerError::Source)?
        {
            return Ok(None);
        }
        let begin = self.clock.now();
        let raised = self.pins.strobe.set_high();
        let scores = K::infer(&self.event);
        let accepted = self.decision.accepts(scores.as_ref());
        let shown = self.pins.accept.set_state(PinState::from(accepted));
        let lowered = self.pins.strobe.set_low();
        let took = self.clock.now().wrapping_sub(begin);
        self.account(took, accepted, scores);
        shown.map_err(TriggerError::Accept)?;
        raised.and(lowered).map_err(TriggerError::Strobe)?;
        Ok(Some(accepted))
    }

    /// What is done behind the strobe.
    fn account(&mut self, took: u32, accepted: bool, scores: K::Scores) {
        let counters = &mut self.counters;
        let number = counters.events;
        count(&mut counters.events);
        counters.worst_latency = counters.worst_latency.max(took);
        let mut features = self.event.as_ref().iter().enumerate();
        if features.any(|(index, feature)| {
            let (lowest, highest) = K::limits(index);
            feature.value() <= lowest || feature.value() >= highest
        }) {
            count(&mut counters.saturations);
        }
        if !accepted {
            return;
        }
        count(&mut counters.accepts);
        let event = self.event.clone();
        if self.queue.push(Accepted {
            number,
            event,
            scores,
        }) == Stored::WithLoss
        {
            count(&mut counters.queue_full);
        }
    }

    /// The accepted events that wait.
    pub fn queue(&mut self) -> &mut Queue<Accepted<K::Event, K::Scores>, N> {
        &mut self.queue
    }

    /// What was counted so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Logs what was counted so far.
    #[cfg(feature = "defmt")]
    pub fn log(&self) {
        let Counters {
            events,
            accepts,
            saturations,
            queue_full,
            worst_latency,
        } = self.counters;
        defmt::info!(
            "events={=u64} accepts={=u64} saturations={=u64} queue_full={=u64} worst_latency={=u32}",
            events,
            accepts,
            saturations,
            queue_full,
            worst_latency
        );
    }
}
