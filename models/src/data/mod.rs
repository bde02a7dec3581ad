//! From a file of named columns to checked features and labels, split by seed.

mod config;
mod dataset;
mod error;
mod npz;
mod parquet;
mod split;
mod table;

pub use config::DataConfig;
pub use dataset::Dataset;
pub use error::DataError;
pub use split::{Fractions, Part, Split};
pub use table::{Column, Table, Values};
