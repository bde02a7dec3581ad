//! The modules of a design: one for each layer of the model that has gates.

use std::ops::Range;

use crate::circuit::{Circuit, Simplified};
use crate::lower::Lowered;

/// A run of gates that becomes a module of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The name of the node in the model; any text, not unique.
    pub name: String,
    /// What the node does.
    pub operation: &'static str,
    /// Its gates, as positions in the circuit.
    pub gates: Range<usize>,
    /// Positions of the wires that are elements of its result, with the
    /// element; a wire of an earlier section is left out.
    pub elements: Vec<(usize, usize)>,
}

/// The sections of a lowered module; together they hold every gate.
pub(super) fn sections(lowered: &Lowered) -> Vec<Section> {
    let mut sections: Vec<_> = lowered
        .layers
        .iter()
        .filter(|layer| !layer.gates.is_empty())
        .map(|layer| {
            let results = layer.results.iter().enumerate();
            let own = results.filter_map(|(element, wire)| {
                let at = wire.as_ref()?.index();
                layer.gates.contains(&at).then_some((at, element))
            });
            Section {
                name: layer.name.clone(),
                operation: layer.operation,
                gates: layer.gates.clone(),
                elements: own.collect(),
            }
        })
        .collect();
    let end = lowered.circuit.definitions().len();
    if let Some(last) = sections.last_mut() {
        last.gates.end = end;
    }
    sections
}

/// A circuit without layers, as one section.
pub(super) fn whole(circuit: &Circuit) -> Vec<Section> {
    vec![Section {
        name: circuit.name.clone(),
        operation: "circuit",
        gates: 0..circuit.definitions().len(),
        elements: Vec::new(),
    }]
}

/// The same sections of a circuit that was made anew; those that no gate is
/// left of disappear.
pub(super) fn renamed(sections: Vec<Section>, new: &Simplified) -> Vec<Section> {
    let inner = sections.into_iter().map(|section| {
        let gates = new.before[section.gates.start]..new.before[section.gates.end];
        let own = section.elements.into_iter().filter_map(|(at, element)| {
            let wire = new.wires[at]?.index();
            gates.contains(&wire).then_some((wire, element))
        });
        Section {
            elements: own.collect(),
            gates,
            ..section
        }
    });
    inner.filter(|section| !section.gates.is_empty()).collect()
}
