//! Tensor types: a static shape and the format of every element.

use std::fmt;

use trigforge::Format;

/// The inclusive range of mantissas that an element can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interval {
    /// Smallest mantissa.
    pub lo: i64,
    /// Largest mantissa.
    pub hi: i64,
}

impl Interval {
    /// The interval that holds one mantissa.
    pub const fn point(m: i64) -> Self {
        Self { lo: m, hi: m }
    }

    /// Every mantissa of a format.
    pub fn of(format: Format) -> Self {
        Self {
            lo: format.min(),
            hi: format.max(),
        }
    }

    /// The smallest interval that holds both.
    pub fn hull(self, other: Self) -> Self {
        Self {
            lo: self.lo.min(other.lo),
            hi: self.hi.max(other.hi),
        }
    }
}

/// The formats of a tensor's elements.
///
/// Per tensor, or per element over dimensions that broadcast to the tensor's
/// shape (each 1 or the tensor's own), which covers per channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Formats {
    /// One format for all elements.
    Uniform(Format),
    /// Formats over broadcastable dimensions, in C order.
    Each {
        /// Dimensions, of the tensor's rank, each 1 or the tensor's.
        dims: Vec<usize>,
        /// One format per element of `dims`.
        formats: Vec<Format>,
    },
}

impl Formats {
    /// Builds the shortest form of per-element formats.
    ///
    /// Dimensions along which the formats do not differ become 1, so that equal
    /// formats are equal values.
    pub fn each(mut dims: Vec<usize>, mut formats: Vec<Format>) -> Self {
        match formats.first() {
            None => return Self::Each { dims, formats },
            Some(&first) if formats.iter().all(|f| *f == first) => return Self::Uniform(first),
            Some(_) => {}
        }
        for axis in 0..dims.len() {
            let inner = element_count(&dims[axis + 1..]);
            let block = inner * dims[axis];
            let alike = |block: &[Format]| block.chunks(inner).all(|row| *row == block[..inner]);
            if dims[axis] > 1 && formats.chunks(block).all(alike) {
                let kept = formats.chunks(block).flat_map(|block| &block[..inner]);
                formats = kept.copied().collect();
                dims[axis] = 1;
            }
        }
        Self::Each { dims, formats }
    }

    /// The formats of all elements of a tensor of this shape, in C order.
    pub fn expand(&self, shape: &[usize]) -> Vec<Format> {
        match self {
            Self::Uniform(format) => vec![*format; element_count(shape)],
            Self::Each { dims, formats } => broadcast_indices(dims, shape)
                .map(|source| formats[source])
                .collect(),
        }
    }

    /// The single number of fractional bits, if all elements share it.
    pub fn uniform_f(&self) -> Option<i32> {
        match self {
            Self::Uniform(format) => Some(format.f()),
            Self::Each { formats, .. } => {
                let first = formats.first()?.f();
                formats.iter().all(|f| f.f() == first).then_some(first)
            }
        }
    }

    /// Every distinct format entry, one per channel where they differ.
    pub fn entries(&self) -> &[Format] {
        match self {
            Self::Uniform(format) => std::slice::from_ref(format),
            Self::Each { formats, .. } => formats,
        }
    }

    /// The widest entry in bits.
    pub fn max_width(&self) -> u32 {
        self.entries().iter().map(|f| f.width()).max().unwrap_or(0)
    }
}

/// The fractional bits of a tensor's elements, one number if they share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FractionalBits(Vec<i32>);

impl FractionalBits {
    /// Those of an element, by its flat index.
    pub fn at(&self, index: usize) -> i32 {
        match self.0.as_slice() {
            [f] => *f,
            all => all[index],
        }
    }
}

/// A tensor's shape and formats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorType {
    /// Static dimensions; empty for a scalar.
    pub shape: Vec<usize>,
    /// Formats of the elements.
    pub formats: Formats,
}

impl TensorType {
    /// A tensor of this shape with one format.
    pub fn uniform(shape: impl Into<Vec<usize>>, format: Format) -> Self {
        Self {
            shape: shape.into(),
            formats: Formats::Uniform(format),
        }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        element_count(&self.shape)
    }

    /// Whether the tensor has no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The format of one element, if there is such an element.
    pub fn format_at(&self, element: usize) -> Option<Format> {
        if element >= self.len() {
            return None;
        }
        match &self.formats {
            Formats::Uniform(format) => Some(*format),
            Formats::Each { dims, formats } => {
                let (mut rest, mut source, mut stride) = (element, 0, 1);
                for (dim, size) in dims.iter().zip(&self.shape).rev() {
                    source += (rest % size % dim) * stride;
                    stride *= dim;
                    rest /= size;
                }
                formats.get(source).copied()
            }
        }
    }

    /// The fractional bits of every element.
    pub fn fractional_bits(&self) -> FractionalBits {
        FractionalBits(match self.formats.uniform_f() {
            Some(f) => vec![f],
            None => self.element_formats().iter().map(|f| f.f()).collect(),
        })
    }

    /// The format of every element, in C order.
    pub fn element_formats(&self) -> Vec<Format> {
        self.formats.expand(&self.shape)
    }
}

impl fmt::Display for TensorType {
    /// Writes the textual form, such as `[1, 16] fix(1,3,8)`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?} ", self.shape)?;
        match &self.formats {
            Formats::Uniform(format) => write!(out, "{format}"),
            Formats::Each { dims, formats } => {
                write!(out, "each {dims:?} {{")?;
                for (index, format) in formats.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(out, "{comma}{format}")?;
                }
                write!(out, "}}")
            }
        }
    }
}

/// Most elements that one tensor may have: far beyond what a trigger holds, and
/// small enough that no file can make this program run out of memory.
pub const MOST_ELEMENTS: usize = 1 << 22;

/// Most elements of all tensors of a module together, for the same reason.
pub const MOST_TOGETHER: usize = 1 << 24;

/// Refuses tensors with more than [`MOST_TOGETHER`] elements.
///
/// # Errors
///
/// Says how many are taken.
pub fn check_together(elements: usize) -> Result<(), String> {
    match elements <= MOST_TOGETHER {
        true => Ok(()),
        false => Err(format!(
            "the tensors up to here have more than {MOST_TOGETHER} elements together"
        )),
    }
}

/// Refuses a shape with more than [`MOST_ELEMENTS`].
///
/// # Errors
///
/// Says how many elements the shape has, and how many are taken.
pub fn check_size(shape: &[usize]) -> Result<(), String> {
    let count = shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d));
    match count {
        Some(count) if count <= MOST_ELEMENTS => Ok(()),
        _ => Err(format!(
            "shape {shape:?} has more than {MOST_ELEMENTS} elements"
        )),
    }
}

/// Number of elements of a shape.
pub fn element_count(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// For each element of `to`, in C order, the flat index into a tensor of
/// shape `from` that NumPy broadcasting pairs with it.
///
/// The caller has checked that `from` broadcasts to `to`.
pub fn broadcast_indices(from: &[usize], to: &[usize]) -> impl Iterator<Item = usize> {
    let lead = to.len() - from.len();
    let mut strides = vec![0; to.len()];
    let mut stride = 1;
    for axis in (0..from.len()).rev() {
        if from[axis] != 1 {
            strides[lead + axis] = stride;
        }
        stride *= from[axis];
    }
    let to = to.to_vec();
    let count = element_count(&to);
    // Most operands are as large as the result, or one element for all.
    let whole = element_count(from) == count;
    let one = strides.iter().all(|stride| *stride == 0);
    (0..count).map(move |flat| {
        if whole || one {
            return if whole { flat } else { 0 };
        }
        let mut rest = flat;
        let mut source = 0;
        for axis in (0..to.len()).rev() {
            source += (rest % to[axis]) * strides[axis];
            rest /= to[axis];
        }
        source
    })
}

/// The common shape of two operands under NumPy broadcasting, if there is one.
pub fn broadcast_shape(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    (0..rank)
        .map(|axis| {
            let size = |s: &[usize]| {
                (axis + s.len())
                    .checked_sub(rank)
                    .map_or(1, |index| s[index])
            };
            match (size(a), size(b)) {
                (x, y) if x == y => Some(x),
                (1, y) => Some(y),
                (x, 1) => Some(x),
                _ => None,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_take_their_shortest_form() {
        let format = |f| Format::new(true, 3, f).unwrap_or(Format::ZERO);
        let [a, b] = [format(1), format(2)];
        let each = |dims: &[usize], formats: &[Format]| Formats::each(dims.into(), formats.into());
        assert_eq!(each(&[2, 1], &[a, a]), Formats::Uniform(a));
        let channels = Formats::Each {
            dims: vec![1, 2, 1],
            formats: vec![a, b],
        };
        assert_eq!(each(&[2, 2, 2], &[a, a, b, b, a, a, b, b]), channels);
        assert_eq!(each(&[1, 2, 1], &[a, b]), channels);
        let rows = each(&[2, 2], &[a, a, b, b]);
        assert_eq!(rows.expand(&[2, 2]), [a, a, b, b]);
        assert_eq!(each(&[2, 2], &[a, b, b, a]).entries().len(), 4);
    }

    #[test]
    fn broadcasting_follows_numpy() {
        assert_eq!(broadcast_shape(&[3, 1], &[1, 4]), Some(vec![3, 4]));
        assert_eq!(broadcast_shape(&[4], &[2, 4]), Some(vec![2, 4]));
        assert_eq!(broadcast_shape(&[3], &[4]), None);
        let indices: Vec<_> = broadcast_indices(&[2, 1], &[2, 3]).collect();
        assert_eq!(indices, [0, 0, 0, 1, 1, 1]);
        let indices: Vec<_> = broadcast_indices(&[3], &[2, 3]).collect();
        assert_eq!(indices, [0, 1, 2, 0, 1, 2]);
    }
}
