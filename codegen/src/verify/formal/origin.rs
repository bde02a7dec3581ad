//! What a design must compute: the circuit that its model lowers to, and for
//! products with constants the operation itself.

use std::collections::{HashMap, HashSet};

use crate::circuit::{self, Circuit, Gate, Info, Wire};
use crate::hardware::{Design, HardwareError, Image, Source};
use crate::ir::{Module, Node};
use crate::lower::lower_layers_seeking;
use crate::model::Model;
use crate::ops::{Op, Values};

/// A sum of constant multiples: an element of a product with a constant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Product {
    /// Weights and wires.
    pub terms: Vec<(i64, Wire)>,
    /// What is added.
    pub constant: i64,
}

/// The bits of a wire of the design.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Alias {
    /// The wire, which has logic of its own or is an input.
    pub wire: Wire,
    /// The power of two by which its mantissa is multiplied.
    pub by: i32,
    /// What its mantissa has more.
    pub more: i64,
}

/// The circuit before it was rewritten, and what became of its wires.
pub(super) struct Origin {
    pub circuit: Circuit,
    pub info: Info,
    products: HashMap<Wire, Product>,
    names: HashMap<Wire, String>,
    aliases: Vec<Option<Alias>>,
    /// Inputs of the design.
    ports: HashSet<Wire>,
}

impl Origin {
    /// That of a design of this model.
    pub fn new(model: &Model, design: &Design) -> Result<Self, HardwareError> {
        let mut products = HashMap::new();
        let mut names = HashMap::new();
        let circuit = match model {
            Model::Circuit(circuit) => circuit.clone(),
            Model::Graph(module) => {
                let lowered = lower_layers_seeking(module, design.adders)?;
                for (index, node) in module.nodes().iter().enumerate() {
                    let results = &lowered.layers[index].results;
                    let elements = results.iter().enumerate();
                    for (element, wire) in elements.filter_map(|(at, wire)| Some((at, (*wire)?))) {
                        let name = || format!("{}[{element}]", node.name);
                        names.entry(wire).or_insert_with(name);
                    }
                    let operand = |at: usize| lowered.layers[at].results.as_slice();
                    product(module, node, &operand, results, &mut products);
                }
                lowered.circuit
            }
        };
        let info = circuit::validate(&circuit)?;
        let aliases = design.origins.iter().enumerate().map(|(old, new)| {
            let Image { wire: new, more } = (*new)?;
            let f = |c: &Circuit, at: usize| c.definitions()[at].format.f();
            match design.wiring.source(new) {
                Source::Constant(_) => None,
                Source::Bits { wire, shift } => Some(Alias {
                    wire,
                    by: shift as i32 + f(&circuit, old) - f(&design.circuit, new.index()),
                    // A sum has logic of its own: its bits are not shifted.
                    more,
                }),
            }
        });
        let aliases = aliases.collect();
        let wires = (0..design.circuit.definitions().len()).map(|at| Wire(at as u32));
        let is_port = |wire: &Wire| {
            let gate = design.circuit.definition(*wire).gate;
            matches!(gate, Gate::Input { .. })
        };
        let ports = wires.filter(is_port).collect();
        Ok(Self {
            circuit,
            info,
            products,
            names,
            aliases,
            ports,
        })
    }

    /// The wire of the design that has the value of this one.
    pub fn alias(&self, old: Wire) -> Option<Alias> {
        self.aliases.get(old.index()).copied().flatten()
    }

    /// Whether a wire of the original circuit is an input.
    pub fn is_input(&self, old: Wire) -> bool {
        matches!(self.circuit.definition(old).gate, Gate::Input { .. })
    }

    /// Whether a wire of the design is an input.
    pub fn is_port(&self, new: Wire) -> bool {
        self.ports.contains(&new)
    }

    /// The wire of the design that this one is taken to be equal to, if that
    /// wire is an input of both, or one of the cut.
    pub fn leaf(&self, old: Wire, cut: &HashSet<Wire>) -> Option<Alias> {
        let alias = self.alias(old).filter(|alias| alias.by >= 0)?;
        let free = match self.is_port(alias.wire) {
            true => self.is_input(old),
            false => cut.contains(&alias.wire),
        };
        free.then_some(alias)
    }

    /// The product that an element of a layer is, if it is one.
    pub fn product(&self, old: Wire) -> Option<&Product> {
        self.products.get(&old)
    }

    /// The wires that this one is made of.
    pub fn operands(&self, old: Wire) -> Vec<Wire> {
        match self.product(old) {
            Some(product) => product.terms.iter().map(|term| term.1).collect(),
            None => self.circuit.definition(old).gate.operands().collect(),
        }
    }

    /// The element of a node's result that a wire is, if it is one.
    pub fn name(&self, old: Wire) -> Option<String> {
        self.names.get(&old).cloned()
    }
}

/// Finds the weights of a node that is linear in its one operand that varies,
/// by asking the operation itself for the results of each unit.
fn product<'l>(
    module: &Module,
    node: &Node,
    operand: &impl Fn(usize) -> &'l [Option<Wire>],
    results: &[Option<Wire>],
    products: &mut HashMap<Wire, Product>,
) {
    if !matches!(
        node.op,
        Op::Dense(_) | Op::Conv(_) | Op::MatMul(_) | Op::Mul(_)
    ) {
        return;
    }
    let constant = |at: usize| match &module.node(node.args[at]).op {
        Op::Constant(constant) => Some(constant.mantissas.as_slice()),
        _ => None,
    };
    let mut varying = (0..node.args.len()).filter(|&at| constant(at).is_none());
    let (Some(varies), None) = (varying.next(), varying.next()) else {
        return;
    };
    let x = module.node(node.args[varies]);
    let wires = operand(node.args[varies].index());
    let evaluate = |mantissas: &[i64]| {
        let args: Vec<_> = node
            .args
            .iter()
            .enumerate()
            .map(|(at, &id)| Values {
                ty: &module.node(id).ty,
                mantissas: constant(at).unwrap_or(mantissas),
            })
            .collect();
        node.op.as_operation().evaluate(&args, &node.ty)
    };
    let mut unit = vec![0; x.ty.len()];
    let zero = evaluate(&unit);
    let mut terms: Vec<Vec<(i64, Wire)>> = vec![Vec::new(); zero.len()];
    // An element that no wire stands for is known to be zero, or the gates say
    // what is made of it.
    let mut unknown = vec![false; zero.len()];
    for input in 0..unit.len() {
        let bits = x.ty.format_at(input).map_or(0, |format| format.width());
        if bits == 0 {
            continue;
        }
        unit[input] = 1;
        for (at, value) in evaluate(&unit).into_iter().enumerate() {
            match (value.wrapping_sub(zero[at]), wires[input]) {
                (0, _) => {}
                (weight, Some(wire)) => terms[at].push((weight, wire)),
                (_, None) => unknown[at] = true,
            }
        }
        unit[input] = 0;
    }
    for (at, terms) in terms.into_iter().enumerate() {
        if let (false, Some(wire)) = (unknown[at], results[at])
            && !terms.iter().any(|term| term.1 >= wire)
        {
            let constant = zero[at];
            let product = Product { terms, constant };
            products.entry(wire).or_insert(product);
        }
    }
}
