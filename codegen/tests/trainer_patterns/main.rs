//! Graphs of a trainer that states the format of every value: whatever the
//! architecture, the integers equal the graph's exact value, event by event,
//! and a circuit and a kernel give the same.

#[path = "../support/mod.rs"]
mod support;

mod attention;
mod check;
mod formats;
mod four_vectors;
mod functions;
mod images;
mod neighbours;
mod net;
mod particles;
