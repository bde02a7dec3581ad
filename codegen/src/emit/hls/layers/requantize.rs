//! Layers that lose bits.

use trigforge::{Format, Overflow};

use super::{Config, Layers};
use crate::emit::hls::integer::Integer;
use crate::ir::{Interval, NodeId};
use crate::ops::Requantize;

/// Bits up to which the headers of `ap_fixed` are made, with room to spare.
const WIDEST: i64 = 512;

impl Layers<'_> {
    /// Rounding by `ap_fixed`; overflow too where all results have one width.
    pub(super) fn requantize(&mut self, id: NodeId, modes: &Requantize) -> Result<(), String> {
        let module = self.module;
        let node = module.node(id);
        let from = module.node(node.args[0]).ty.fractional_bits();
        let to = node.ty.element_formats();
        let ranges = &self.ranges[node.args[0].index()];
        let always_zero = |i: usize| ranges[i] == Interval::point(0) || to[i].width() == 0;
        let drops: Vec<_> = (0..to.len())
            .map(|i| i64::from(from.at(i)) - i64::from(to[i].f()))
            .collect();
        let moving = (0..to.len()).filter(|&i| !always_zero(i));
        let drop = moving.map(|i| drops[i]).max().unwrap_or(0).max(0);
        let mut shifts = vec![0; to.len()];
        // So wide that the point stands inside, with a sign in front of it.
        let mut bits = drop + 2;
        for i in 0..to.len() {
            if !always_zero(i) {
                shifts[i] = drop - drops[i];
            }
            let range = Integer::of(ranges[i].lo.into(), ranges[i].hi.into()).to_signed();
            bits = bits.max(i64::from(range.bits) + shifts[i]);
        }
        if bits > WIDEST {
            return Err(format!(
                "its rounding needs {bits} bits; requantize an operand first"
            ));
        }
        let mut config = Config::default();
        config.size("n_out", to.len());
        config.number("bits", bits);
        config.number("drop", drop);
        self.numbers(&mut config, id, "shift", &shifts);
        let (rounding, overflow) = (modes.rounding.name(), modes.overflow.name());
        let kind = |format: &Format| (format.k(), format.width());
        let alike = to.iter().all(|format| kind(format) == kind(&to[0]));
        let data = self.operand(node.args[0])?;
        let result = self.result(id);
        if alike && to[0].width() > 0 {
            let base = if to[0].k() { "ap_fixed" } else { "ap_ufixed" };
            let width = to[0].width();
            config.alias(
                "quant_t",
                format!("{base}<{width}, {width}, AP_{rounding}, AP_{overflow}>"),
            );
            self.emit(id, "requantize", &[], &[&data, &result], &config);
            return Ok(());
        }
        let rounded = bits - drop + 1;
        config.alias(
            "quant_t",
            format!("ap_fixed<{rounded}, {rounded}, AP_{rounding}, AP_WRAP>"),
        );
        let kind = match modes.overflow {
            Overflow::Wrap => "wrap",
            Overflow::SatZero => "zero_outside",
            Overflow::Sat | Overflow::SatSym => "saturate",
        };
        // Wide enough for every bound too.
        let widest = to.iter().map(|format| i64::from(format.width()) + 1).max();
        config.alias(
            "rounded_t",
            format!("ap_int<{}>", rounded.max(widest.unwrap_or(1))),
        );
        config.alias("overflow", format!("trigforge::{kind}"));
        match modes.overflow {
            Overflow::Wrap => self.low_bits(&mut config, id, &to)?,
            overflow => {
                let symmetric = overflow == Overflow::SatSym;
                let bound = |&format: &Format| {
                    let Interval { lo, hi } = Interval::of(format);
                    // Of one bit, the only negative value stays (see `Overflow`).
                    (if symmetric && hi > 0 { lo.max(-hi) } else { lo }, hi)
                };
                let (lo, hi): (Vec<_>, Vec<_>) = to.iter().map(bound).unzip();
                self.numbers(&mut config, id, "low", &lo);
                self.numbers(&mut config, id, "high", &hi);
            }
        }
        self.emit(id, "requantize_each", &[], &[&data, &result], &config);
        Ok(())
    }

    /// Members that keep the low bits of each element: a mask, and the sign bit.
    pub(super) fn low_bits(
        &mut self,
        config: &mut Config,
        id: NodeId,
        formats: &[Format],
    ) -> Result<(), String> {
        if formats.iter().any(|format| format.width() > 63) {
            return Err("elements of 64 bits beside others wrap".to_owned());
        }
        let mask = formats
            .iter()
            .map(|format| i64::MAX >> (63 - format.width()));
        let mask = mask.collect::<Vec<_>>();
        let sign: Vec<_> = formats.iter().map(|&format| sign_bit(format)).collect();
        self.numbers(config, id, "mask", &mask);
        self.numbers(config, id, "sign", &sign);
        Ok(())
    }
}

/// The sign bit of a format; 0 if it has none.
pub(super) fn sign_bit(format: Format) -> i64 {
    match format.k() {
        true if format.width() > 0 => 1i64 << (format.width() - 1),
        _ => 0,
    }
}
