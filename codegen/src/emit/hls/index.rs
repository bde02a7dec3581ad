//! Positions of elements as expressions of the position `i` of a result.

/// An expression of `i` that gives these indices, one for each element of a
/// tensor of this shape; `None` if they follow no rule of strides.
pub(super) fn expression(indices: &[usize], shape: &[usize]) -> Option<String> {
    let first = *indices.first()? as i64;
    // Axes from the last: elements behind, length, stride of the index.
    let mut axes: Vec<(usize, usize, i64)> = Vec::new();
    let mut inner = 1;
    for &size in shape.iter().rev() {
        if size > 1 {
            let stride = *indices.get(inner)? as i64 - first;
            match axes.last_mut() {
                Some((_, length, below)) if stride == *below * *length as i64 => *length *= size,
                _ => axes.push((inner, size, stride)),
            }
        }
        inner *= size;
    }
    if inner != indices.len() {
        return None;
    }
    let value = |i: usize| -> i64 {
        let terms = axes.iter();
        let terms = terms.map(|(inner, length, stride)| (i / inner % length) as i64 * stride);
        first + terms.sum::<i64>()
    };
    if indices
        .iter()
        .enumerate()
        .any(|(i, &at)| value(i) != at as i64)
    {
        return None;
    }
    let mut text = if first == 0 {
        String::new()
    } else {
        first.to_string()
    };
    for &(below, length, stride) in axes.iter().filter(|axis| axis.2 > 0) {
        join(&mut text, " + ", &term(below, length, stride, inner));
    }
    for &(below, length, stride) in axes.iter().filter(|axis| axis.2 < 0) {
        text.push_str(" - ");
        text.push_str(&term(below, length, -stride, inner));
    }
    Some(if text.is_empty() {
        "0".to_owned()
    } else {
        text
    })
}

fn join(text: &mut String, by: &str, more: &str) {
    if !text.is_empty() {
        text.push_str(by);
    }
    text.push_str(more);
}

/// `i / below % length * stride`, without what changes nothing.
fn term(below: usize, length: usize, stride: i64, all: usize) -> String {
    let mut text = "i".to_owned();
    if below > 1 {
        text.push_str(&format!(" / {below}"));
    }
    if below * length < all {
        text.push_str(&format!(" % {length}"));
    }
    if stride > 1 {
        text.push_str(&format!(" * {stride}"));
    }
    text
}

/// The smallest length after which a list repeats itself.
pub(super) fn period<T: PartialEq>(values: &[T]) -> usize {
    let lengths = (1..=values.len()).filter(|length| values.len().is_multiple_of(*length));
    let repeats = |&length: &usize| {
        let again = values.iter().zip(values.iter().skip(length));
        again.into_iter().all(|(a, b)| a == b)
    };
    lengths.into_iter().find(repeats).unwrap_or(values.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::broadcast_indices;

    #[test]
    fn rules_of_strides_are_found() {
        let show = |indices: &[usize], shape: &[usize]| expression(indices, shape);
        let broadcast = |from: &[usize], to: &[usize]| {
            let indices: Vec<_> = broadcast_indices(from, to).collect();
            show(&indices, to)
        };
        assert_eq!(broadcast(&[2, 3], &[2, 3]).as_deref(), Some("i"));
        assert_eq!(broadcast(&[1], &[2, 3]).as_deref(), Some("0"));
        assert_eq!(broadcast(&[3], &[2, 3]).as_deref(), Some("i % 3"));
        assert_eq!(broadcast(&[2, 1], &[2, 3]).as_deref(), Some("i / 3"));
        assert_eq!(show(&[5, 4, 3], &[3]).as_deref(), Some("5 - i"));
        assert_eq!(show(&[1, 4, 7], &[3]).as_deref(), Some("1 + i * 3"));
        assert_eq!(
            show(&[0, 3, 1, 4, 2, 5], &[3, 2]).as_deref(),
            Some("i % 2 * 3 + i / 2")
        );
        assert_eq!(show(&[0, 2, 1], &[3]), None);
        assert_eq!(period(&[1, 2, 1, 2]), 2);
        assert_eq!(period(&[1, 2, 1]), 3);
        assert_eq!(period(&[7, 7, 7]), 1);
    }
}
