//! Constant matrix products as gates.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use trigforge::{Format, Overflow, Rounding};

use crate::adders::{AdderError, Column, Graph, Options, Product, Range, Source, Term, solve};
use crate::circuit::{Builder, Circuit, Gate, Wire};
use crate::exact::{Exact, shift_left};
use crate::ir::{Formats, Interval, TensorType};

/// A sum of products with constants: wires, the mantissas of their weights and
/// the weights' fractional bits; and an offset, a mantissa and its fractional
/// bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// The products.
    pub terms: Vec<(Wire, i64, i32)>,
    /// What is added to them.
    pub offset: (i64, i32),
}

/// How products are sought, and those that have been.
#[derive(Clone, Debug)]
pub(super) struct Products {
    options: Options,
    known: HashMap<Product, Option<Arc<Found>>>,
}

/// A graph and the ranges of its wires.
#[derive(Debug)]
struct Found {
    graph: Graph,
    ranges: Vec<Range>,
}

impl Default for Products {
    fn default() -> Self {
        Self::new(Options::of_compilation())
    }
}

impl Products {
    pub fn new(options: Options) -> Self {
        Self {
            options,
            known: HashMap::new(),
        }
    }

    /// The graph of a product, if there is one; sought once.
    fn graph(&mut self, product: Product) -> Result<Option<Arc<Found>>, String> {
        if let Some(known) = self.known.get(&product) {
            return Ok(known.clone());
        }
        let found = match solve(&product, &self.options) {
            Err(error @ AdderError::Interrupted) => return Err(error.to_string()),
            Err(_) => None,
            Ok(graph) => graph.ranges().ok().map(|ranges| (graph, ranges)),
        };
        let found = found.map(|(graph, ranges)| Arc::new(Found { graph, ranges }));
        self.known.insert(product, found.clone());
        Ok(found)
    }
}

impl Circuit {
    /// A circuit of one product: an input `x` and an output `y`.
    ///
    /// # Errors
    ///
    /// Says which value needs more than 64 bits.
    pub fn of_product(
        name: impl Into<String>,
        product: &Product,
        graph: &Graph,
    ) -> Result<Self, String> {
        let formats = product.inputs.iter().map(|source| {
            let Interval { lo, hi } = source.range;
            Format::covering(lo.into(), hi.into(), source.f)
                .ok_or_else(|| "an input needs more than 64 bits".to_owned())
        });
        let vector = |formats: Vec<Format>| TensorType {
            shape: vec![formats.len()],
            formats: Formats::each(vec![formats.len()], formats),
        };
        let mut circuit = Builder::new(name);
        let ty = vector(formats.collect::<Result<_, _>>()?);
        let x = circuit.input("x", ty, Rounding::RndConv, Overflow::Sat)?;
        let y = circuit.graph(graph, &x)?;
        let ty = vector(y.iter().map(|&wire| circuit.format(wire)).collect());
        circuit.output("y", ty, &y)?;
        circuit.finish()
    }
}

impl Builder {
    /// States how the adders of products are to be sought from here on.
    pub fn seek_adders(&mut self, options: Options) {
        self.products = Products::new(options);
    }

    /// The sum of the products of pairs of wires, not summed yet: a product with
    /// a constant is a term, any other a gate.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn dot(&mut self, pairs: impl Iterator<Item = (Wire, Wire)>) -> Result<Sum, String> {
        let terms = pairs.map(|(a, b)| {
            Ok(match (self.constant_of(a), self.constant_of(b)) {
                (_, Some(m)) => (a, m, self.f(b)),
                (Some(m), None) => (b, m, self.f(a)),
                _ => (self.mul(a, b)?, 1, 0),
            })
        });
        Ok(Sum {
            terms: terms.collect::<Result<_, String>>()?,
            offset: (0, 0),
        })
    }

    /// Several sums of products with constants, which share their adders
    /// ([`crate::adders`]).
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn sums(&mut self, sums: &[Sum]) -> Result<Vec<Wire>, String> {
        let Some((product, wires)) = self.product(sums) else {
            return self.each_alone(sums);
        };
        let found = match product.inputs.is_empty() {
            true => None,
            false => self.products.graph(product)?,
        };
        let Some(found) = found else {
            return self.each_alone(sums);
        };
        let mut results = self.write(&found.graph, &found.ranges, &wires)?;
        // What reads a sum counts on its range. Where too many wires are in it
        // for that to be seen, it is computed by itself.
        let outputs = found.graph.outputs().iter().zip(&mut results).zip(sums);
        for ((output, result), sum) in outputs {
            let Some(term) = output else {
                continue;
            };
            let Range { lo, hi, .. } = found.ranges[term.wire as usize];
            let (lo, hi) = if term.negative { (-hi, -lo) } else { (lo, hi) };
            let range = self.range(*result);
            if (i128::from(range.lo), i128::from(range.hi)) != (lo, hi) {
                *result = self.linear(&sum.terms, sum.offset)?;
            }
        }
        Ok(results)
    }

    fn each_alone(&mut self, sums: &[Sum]) -> Result<Vec<Wire>, String> {
        let linear = |sum: &Sum| self.linear(&sum.terms, sum.offset);
        sums.iter().map(linear).collect()
    }

    /// The sums as a product of the wires that are not constant; `None` if a
    /// weight or an offset needs more than 64 bits.
    fn product(&self, sums: &[Sum]) -> Option<(Product, Vec<Wire>)> {
        let mut wires: BTreeMap<Wire, usize> = BTreeMap::new();
        let mut columns = Vec::with_capacity(sums.len());
        for sum in sums {
            let mut offset = Exact::new(sum.offset.0.into(), sum.offset.1);
            let mut weights: BTreeMap<Wire, Exact> = BTreeMap::new();
            for &(wire, weight, f) in &sum.terms {
                let wire = self.source(wire);
                let weight = Exact::new(weight.into(), f);
                if let Some(m) = self.constant_of(wire) {
                    let product = weight.times(Exact::new(m.into(), self.f(wire))).ok()?;
                    offset = offset.plus(product).ok()?;
                } else {
                    let sum = weights.entry(wire).or_insert(Exact::new(0, 0));
                    *sum = sum.plus(weight).ok()?;
                }
            }
            weights.retain(|_, weight| weight.m != 0);
            wires.extend(weights.keys().map(|&wire| (wire, 0)));
            columns.push((weights, offset));
        }
        for (at, index) in wires.values_mut().enumerate() {
            *index = at;
        }
        let before = wires
            .keys()
            .map(|&wire| self.level(wire))
            .min()
            .unwrap_or(0);
        let inputs = wires.keys().map(|&wire| Source {
            range: self.range(wire),
            f: self.f(wire),
            depth: self.level(wire) - before,
        });
        let columns = columns.into_iter().map(|(weights, offset)| {
            let f = weights.values().map(|weight| weight.f).max().unwrap_or(0);
            let mut column = Column {
                weights: vec![0; wires.len()],
                f,
                offset: (i64::try_from(offset.m).ok()?, offset.f),
            };
            for (wire, weight) in weights {
                let m = shift_left(weight.m, f - weight.f);
                column.weights[wires[&wire]] = i64::try_from(m).ok()?;
            }
            Some(column)
        });
        let product = Product {
            inputs: inputs.collect(),
            columns: columns.collect::<Option<_>>()?,
        };
        Some((product, wires.into_keys().collect()))
    }

    /// The gates of a graph on these wires, which are its sources but for the
    /// constants.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn graph(&mut self, graph: &Graph, wires: &[Wire]) -> Result<Vec<Wire>, String> {
        let ranges = graph.ranges().map_err(|error| error.to_string())?;
        self.write(graph, &ranges, wires)
    }

    fn write(
        &mut self,
        graph: &Graph,
        ranges: &[Range],
        wires: &[Wire],
    ) -> Result<Vec<Wire>, String> {
        let mut wires = wires.to_vec();
        for constant in &graph.sources()[wires.len()..] {
            wires.push(self.constant(constant.range.lo, constant.f));
        }
        for (node, range) in graph.nodes().iter().zip(&ranges[wires.len()..]) {
            let [a, b] = [node.a, node.b].map(|term| (wires[term.wire as usize], term.shift));
            let (a, b) = (self.shift(a.0, a.1)?, self.shift(b.0, b.1)?);
            let sum = match node.b.negative {
                true => self.sub(a, b)?,
                false => self.add(a, b)?,
            };
            wires.push(self.narrowed(sum, *range)?);
        }
        let mut sums = Vec::with_capacity(graph.outputs().len());
        for output in graph.outputs() {
            sums.push(match output {
                None => self.constant(0, 0),
                Some(term) => self.write_output(*term, &wires, ranges)?,
            });
        }
        Ok(sums)
    }

    fn write_output(
        &mut self,
        term: Term,
        wires: &[Wire],
        ranges: &[Range],
    ) -> Result<Wire, String> {
        let wire = self.shift(wires[term.wire as usize], term.shift)?;
        if !term.negative {
            return Ok(wire);
        }
        let zero = self.constant(0, 0);
        let negated = self.sub(zero, wire)?;
        let Range { lo, hi, exponent } = ranges[term.wire as usize];
        let range = Range {
            lo: -hi,
            hi: -lo,
            exponent: exponent + term.shift,
        };
        self.narrowed(negated, range)
    }

    /// A wire without the highest bits that it never needs.
    ///
    /// The range of a sum of very many wires takes its operands for independent.
    /// A graph knows better; that a wire wraps to the format of its true range
    /// changes no value, and costs nothing.
    fn narrowed(&mut self, wire: Wire, range: Range) -> Result<Wire, String> {
        let f = -range.exponent;
        let known = self.range(wire);
        match Format::covering(range.lo, range.hi, f) {
            Some(to) if self.f(wire) == f && !(to.contains(known.lo) && to.contains(known.hi)) => {
                self.make(Gate::Requantize {
                    a: wire,
                    to,
                    rounding: Rounding::Trn,
                    overflow: Overflow::Wrap,
                })
            }
            _ => Ok(wire),
        }
    }
}
