//! Accepted events, until someone takes them away.

use heapless::Deque;

/// What is lost when the queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum WhenFull {
    /// The event that waits longest.
    DropOldest,
    /// The event that comes.
    DropNewest,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a loss must be counted"]
pub enum Stored {
    /// It waits, and nothing was lost.
    Whole,
    /// One event was lost: this one, or the oldest.
    WithLoss,
}

/// A queue of at most `N` events that never blocks.
#[derive(Debug)]
pub struct Queue<T, const N: usize> {
    waiting: Deque<T, N>,
    when_full: WhenFull,
}

impl<T, const N: usize> Queue<T, N> {
    /// An empty queue.
    pub const fn new(when_full: WhenFull) -> Self {
        Self {
            waiting: Deque::new(),
            when_full,
        }
    }

    /// Adds an event.
    pub fn push(&mut self, event: T) -> Stored {
        let Err(event) = self.waiting.push_back(event) else {
            return Stored::Whole;
        };
        if self.when_full == WhenFull::DropOldest {
            self.waiting.pop_front();
            // There is a place now, unless the queue has none at all.
            let _ = self.waiting.push_back(event);
        }
        Stored::WithLoss
    }

    /// Takes the oldest event.
    pub fn pop(&mut self) -> Option<T> {
        self.waiting.pop_front()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}
