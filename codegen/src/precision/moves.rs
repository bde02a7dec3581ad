//! Steps from one choice of formats to a cheaper one.

use trigforge::Format;

use crate::quantize::{Bits, Role, Site, SiteBits, Widths};

/// Fewest bits of a quantiser.
const NARROWEST: u32 = 2;
/// Most integer bits that are left to saturation.
const MOST_CLIPPED: u32 = 3;
/// Channels move together where a model has more of them than this.
const MOST_BLOCKS: usize = 256;

/// Which bit goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bit {
    /// A fractional one.
    Last,
    /// An integer one: what needs it saturates. This loses less than a
    /// fractional bit where a few values lie far out (arXiv:1810.05723).
    First,
}

/// One bit less for a site, or for some of its channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Move {
    /// Position in the list of sites.
    site: usize,
    /// First channel and the one after the last; all of a site without bits per
    /// channel.
    channels: (usize, usize),
    /// Which bit.
    bit: Bit,
}

/// All moves that a choice of formats leaves.
pub(super) fn moves(sites: &[Site], widths: &Widths) -> Vec<Move> {
    let channels = |site: &Site| widths.of(site.value).entries().len();
    let all: usize = sites.iter().map(channels).sum();
    let block = all.div_ceil(MOST_BLOCKS).max(1);
    let mut moves = Vec::new();
    for (index, site) in sites.iter().enumerate() {
        for start in (0..channels(site)).step_by(block) {
            let channels = (start, channels(site).min(start + block));
            moves.extend([Bit::Last, Bit::First].map(|bit| Move {
                site: index,
                channels,
                bit,
            }));
        }
    }
    moves.retain(|change| change.apply(sites, widths).is_some());
    moves
}

impl Move {
    /// The formats after this move; `None` where it leaves too few bits.
    pub(super) fn apply(&self, sites: &[Site], widths: &Widths) -> Option<Widths> {
        let value = sites.get(self.site)?.value;
        let mut bits = widths.of(value).clone();
        let entries = match &mut bits {
            SiteBits::Tensor(bits) => std::slice::from_mut(bits),
            SiteBits::Channels(each) => each.get_mut(self.channels.0..self.channels.1)?,
        };
        let mut changed = false;
        for bits in entries {
            let clips = self.bit == Bit::First;
            if bits.width > NARROWEST && (!clips || bits.clip < MOST_CLIPPED) {
                bits.width -= 1;
                bits.clip += u32::from(clips);
                changed = true;
            }
        }
        let mut after = widths.clone();
        after.set(value, bits);
        changed.then_some(after)
    }

    /// Whether both moves change the same bits.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.site == other.site && self.channels == other.channels
    }
}

/// The same steps and the same ends of range as before, stated per output
/// channel: bits that no weight of a channel needs are gone, and no value
/// changes, but for channels of fewer bits than any quantiser has.
pub(super) fn per_channel(sites: &[Site], widths: &Widths, each: &[Site]) -> Widths {
    let mut split = widths.clone();
    for (site, each) in sites.iter().zip(each) {
        let Some((bits, tensor)) = one_format(site, widths) else {
            continue;
        };
        let least = |channel: &Format| {
            let clip = (channel.i() - tensor.i()).max(0);
            let width = i32::from(channel.k()) + channel.i() - clip + tensor.f();
            Bits {
                width: (width.max(0) as u32).clamp(NARROWEST, bits.width),
                clip: clip as u32,
            }
        };
        let formats = each.formats.entries();
        let channels: Vec<_> = match formats {
            [format] => vec![least(format); site.channels],
            several => several.iter().map(least).collect(),
        };
        split.set(site.value, SiteBits::Channels(channels));
    }
    split
}

/// Widths that show the range of each channel: as many bits for all, none
/// clipped.
pub(super) fn wide_per_channel(sites: &[Site], widths: &Widths) -> Widths {
    let mut wide = widths.clone();
    for site in sites {
        if let Some((bits, _)) = one_format(site, widths) {
            let each = vec![Bits::wide(bits.width); site.channels];
            wide.set(site.value, SiteBits::Channels(each));
        }
    }
    wide
}

/// The bits and the format of weights that have one format and could have
/// several.
fn one_format(site: &Site, widths: &Widths) -> Option<(Bits, Format)> {
    match (site.role, widths.of(site.value), site.formats.entries()) {
        (Role::Weights { .. }, SiteBits::Tensor(bits), [format]) if site.channels > 1 => {
            Some((*bits, *format))
        }
        _ => None,
    }
}
