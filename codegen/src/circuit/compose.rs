//! The operations of the builder: one gate each, or a few.

use trigforge::{Format, Overflow, Rounding};

use crate::circuit::{Builder, Gate, Wire};
use crate::exact::shift_left;

impl Builder {
    /// `a + b`.
    ///
    /// # Errors
    ///
    /// As every operation here: more than 64 bits, or too many wires.
    pub fn add(&mut self, a: Wire, b: Wire) -> Result<Wire, String> {
        let (a, b) = (self.source(a), self.source(b));
        match (self.constant_of(a), self.constant_of(b)) {
            (Some(0), _) => Ok(b),
            (_, Some(0)) => Ok(a),
            _ => self.make(Gate::Add(a.min(b), a.max(b))),
        }
    }

    /// `a - b`.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn sub(&mut self, a: Wire, b: Wire) -> Result<Wire, String> {
        let (a, b) = (self.source(a), self.source(b));
        match self.constant_of(b) {
            Some(0) => Ok(a),
            _ => self.make(Gate::Sub(a, b)),
        }
    }

    /// `a * b`; a product with a constant becomes shifts and sums.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn mul(&mut self, a: Wire, b: Wire) -> Result<Wire, String> {
        let (a, b) = (self.source(a), self.source(b));
        match (self.constant_of(a), self.constant_of(b)) {
            (Some(m), _) => self.linear(&[(b, m, self.f(a))], (0, 0)),
            (_, Some(m)) => self.linear(&[(a, m, self.f(b))], (0, 0)),
            _ => self.make(Gate::Mul(a.min(b), a.max(b))),
        }
    }

    /// `a * 2^n`.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn shift(&mut self, a: Wire, n: i32) -> Result<Wire, String> {
        let a = self.source(a);
        let (a, by) = match self.gate_of(a) {
            Gate::Shift { a: inner, by } => (inner, by.checked_add(n)),
            _ => (a, Some(n)),
        };
        match by.ok_or("the shift is out of bounds")? {
            0 => Ok(a),
            by => self.make(Gate::Shift { a, by }),
        }
    }

    /// `a` rounded, then brought into a format: [`trigforge::requantize`].
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn requantize(
        &mut self,
        a: Wire,
        to: Format,
        rounding: Rounding,
        overflow: Overflow,
    ) -> Result<Wire, String> {
        let a = self.source(a);
        let (range, f) = (self.range(a), self.f(a));
        let symmetric = overflow == Overflow::SatSym && to.width() > 1;
        let kept = |m: i64| {
            let m = shift_left(m.into(), to.f() - f);
            let inside = i128::from(to.min()) <= m && m <= to.max().into();
            inside && !(symmetric && to.k() && m == to.min().into())
        };
        if f <= to.f() && kept(range.lo) && kept(range.hi) {
            return self.align(a, to.f());
        }
        self.make(Gate::Requantize {
            a,
            to,
            rounding,
            overflow,
        })
    }

    /// `c != 0 ? a : b`.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn select(&mut self, c: Wire, a: Wire, b: Wire) -> Result<Wire, String> {
        let (c, a, b) = (self.source(c), self.source(a), self.source(b));
        let condition = self.range(c);
        if self.constant_of(c) == Some(0) {
            return Ok(b);
        }
        if condition.lo > 0 || condition.hi < 0 || a == b {
            return Ok(a);
        }
        let one = |wire| self.constant_of(wire) == Some(1) && self.f(wire) == 0;
        let boolean = self.f(c) == 0 && condition.lo == 0 && condition.hi == 1;
        if boolean && one(a) && self.constant_of(b) == Some(0) {
            return Ok(c);
        }
        self.make(Gate::Select(c, a, b))
    }

    /// `a < b ? 1 : 0`.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn less(&mut self, a: Wire, b: Wire) -> Result<Wire, String> {
        let (a, b) = (self.source(a), self.source(b));
        self.make(Gate::Less(a, b))
    }

    /// `a <= b ? 1 : 0`.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn less_equal(&mut self, a: Wire, b: Wire) -> Result<Wire, String> {
        let (a, b) = (self.source(a), self.source(b));
        self.make(Gate::LessEqual(a, b))
    }

    /// `a == b ? 1 : 0`.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn equal(&mut self, a: Wire, b: Wire) -> Result<Wire, String> {
        let (a, b) = (self.source(a), self.source(b));
        if a == b {
            return self.make(Gate::Constant { mantissa: 1, f: 0 });
        }
        self.make(Gate::Equal(a.min(b), a.max(b)))
    }

    /// The entry at the mantissa of `a` less `first`, in a format.
    ///
    /// # Errors
    ///
    /// A range of `a` that the entries do not cover, an entry outside of the
    /// format, or as [`add`](Self::add).
    pub fn table(
        &mut self,
        a: Wire,
        first: i64,
        entries: &[i64],
        format: Format,
    ) -> Result<Wire, String> {
        if let Some(entry) = entries.iter().find(|&&m| !format.contains(m)) {
            return Err(format!("the entry {entry} is outside of {format}"));
        }
        let table = self.table_id(format.f(), entries);
        self.make(Gate::Table { a, table, first })
    }

    /// The smaller of two.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn min(&mut self, a: Wire, b: Wire) -> Result<Wire, String> {
        let (a, b) = (a.min(b), a.max(b));
        let less = self.less(a, b)?;
        self.select(less, a, b)
    }

    /// The larger of two.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn max(&mut self, a: Wire, b: Wire) -> Result<Wire, String> {
        let (a, b) = (a.min(b), a.max(b));
        let less = self.less(a, b)?;
        self.select(less, b, a)
    }

    /// The two's complement bits that both have.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn and(&mut self, a: Wire, b: Wire) -> Result<Wire, String> {
        let (a, b) = (self.source(a), self.source(b));
        self.make(Gate::And(a.min(b), a.max(b)))
    }

    /// The two's complement bits that one has.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn or(&mut self, a: Wire, b: Wire) -> Result<Wire, String> {
        let (a, b) = (self.source(a), self.source(b));
        self.make(Gate::Or(a.min(b), a.max(b)))
    }

    /// The two's complement bits that just one has.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn xor(&mut self, a: Wire, b: Wire) -> Result<Wire, String> {
        let (a, b) = (self.source(a), self.source(b));
        self.make(Gate::Xor(a.min(b), a.max(b)))
    }

    /// The other value of each bit: `-m - 1` with the fractional bits of `a`.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn not(&mut self, a: Wire) -> Result<Wire, String> {
        let ones = self.constant(-1, self.f(a));
        self.make(Gate::Sub(ones, a))
    }
}
