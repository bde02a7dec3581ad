//! Conversions to and from the types of the `fixed` crate.
#![cfg(feature = "fixed")]

use fixed::types::{I0F64, I1F7, I8F0, I8F24, I10F6, I40F24, I64F0, I64F64, U0F8, U4F4, U64F0};
use proptest::prelude::*;
use trigforge::Format;
use trigforge::interop::{ConvertError, format_of, from_fixed, to_fixed};

#[test]
fn formats_of_types() {
    let show = |f: Option<Format>| f.map(|f| (f.to_string(), f.min(), f.max()));
    assert_eq!(
        show(format_of::<I10F6>()),
        Some(("fix(1,9,6)".into(), -32768, 32767))
    );
    assert_eq!(
        show(format_of::<U4F4>()),
        Some(("fix(0,4,4)".into(), 0, 255))
    );
    assert_eq!(
        show(format_of::<I0F64>()),
        Some(("fix(1,-1,64)".into(), i64::MIN, i64::MAX))
    );
    assert_eq!(show(format_of::<U64F0>()), None);
    assert_eq!(show(format_of::<I64F64>()), None);
}

#[test]
fn refusals() {
    let format = Format::new(true, 7, 8).unwrap();
    assert_eq!(
        to_fixed::<I10F6>(1 << 20, format),
        Err(ConvertError::Foreign)
    );
    assert_eq!(to_fixed::<I10F6>(1, format), Err(ConvertError::Inexact));
    assert_eq!(to_fixed::<I1F7>(256, format), Err(ConvertError::Overflow));
    assert_eq!(to_fixed::<U4F4>(-16, format), Err(ConvertError::Overflow));
    assert_eq!(to_fixed::<I1F7>(-256, format), Ok(I1F7::MIN));
    assert_eq!(from_fixed(I8F0::MAX, format), Ok(127 << 8));
    assert_eq!(from_fixed(I10F6::MAX, format), Err(ConvertError::Overflow));
    assert_eq!(from_fixed(I8F24::DELTA, format), Err(ConvertError::Inexact));
    assert_eq!(from_fixed(U64F0::MAX, format), Err(ConvertError::Overflow));
    assert_eq!(from_fixed(I64F64::MAX, format), Err(ConvertError::Inexact));
    let far = Format::new(true, -32_700, 32_763).unwrap();
    assert_eq!(from_fixed(I64F0::MIN, far), Err(ConvertError::Overflow));
    assert_eq!(from_fixed(I64F0::ZERO, far), Ok(0));
    assert_eq!(to_fixed::<I64F0>(i64::MIN, far), Err(ConvertError::Inexact));
    let far = Format::new(true, 32_763, -32_700).unwrap();
    assert_eq!(from_fixed(I0F64::MIN, far), Err(ConvertError::Inexact));
    assert_eq!(to_fixed::<I64F64>(-1, far), Err(ConvertError::Overflow));
    let text = ConvertError::Inexact.to_string();
    assert!(text.contains("fractional"), "{text}");
}

proptest! {
    #[test]
    fn round_trips(bits: i64, small: i8, mid: i16) {
        let whole = |f: Option<Format>| f.unwrap();
        let there = to_fixed::<I40F24>(bits, whole(format_of::<I40F24>()));
        prop_assert_eq!(there, Ok(I40F24::from_bits(bits)));
        let back = from_fixed(I40F24::from_bits(bits), whole(format_of::<I40F24>()));
        prop_assert_eq!(back, Ok(bits));
        // Into a wider type and back, by value.
        let narrow = whole(format_of::<I1F7>());
        let wide = to_fixed::<I8F24>(small.into(), narrow).unwrap();
        prop_assert_eq!(wide, I8F24::from_num(I1F7::from_bits(small)));
        prop_assert_eq!(from_fixed(wide, narrow), Ok(small.into()));
        // The same value or an error, as the crate itself says.
        let value = I10F6::from_bits(mid);
        match from_fixed(value, whole(format_of::<U0F8>())) {
            Ok(m) => prop_assert_eq!(U0F8::from_bits(m as u8), value),
            Err(ConvertError::Overflow) => prop_assert!(!(0..1).contains(&value)),
            Err(error) => prop_assert!(false, "{error}"),
        }
    }
}
