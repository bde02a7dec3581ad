//! The numbers and examples of `docs/ir-spec.md`, each of them run.

use std::path::Path;

use trigforge::{Format, Overflow, Rounding, requantize};
use trigforge_codegen::interp::{EventError, Interpreter};
use trigforge_codegen::ir::{IR_VERSION, IR_VERSIONS, parse, print};
use trigforge_codegen::ops::Op;
use trigforge_codegen::real::encode;

type Failure = Box<dyn std::error::Error>;
type Outcome = Result<(), Failure>;

fn page() -> std::io::Result<String> {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/ir-spec.md"))
}

/// The cells of the rows of the one table that has this head.
fn table(page: &str, head: &str) -> Result<Vec<Vec<String>>, Failure> {
    let cells = |line: &str| -> Vec<String> {
        let inner = line.trim_matches('|');
        inner
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    let mut lines = page.lines().skip_while(|line| *line != head).skip(2);
    let rows: Vec<_> = lines
        .by_ref()
        .take_while(|line| line.starts_with('|'))
        .map(cells)
        .collect();
    assert!(rows.len() > 1, "no table under `{head}`");
    assert!(!lines.any(|line| line == head), "two tables under `{head}`");
    Ok(rows)
}

fn format(text: &str) -> Result<Format, Failure> {
    let wrong = || format!("`{text}` is no format");
    let inner = text.strip_prefix("fix(").and_then(|t| t.strip_suffix(')'));
    let parts: Vec<i32> = inner
        .ok_or_else(wrong)?
        .split(',')
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let &[k, i, f] = parts.as_slice() else {
        return Err(wrong().into());
    };
    Ok(Format::new(k == 1, i, f).ok_or_else(wrong)?)
}

fn modes(rounding: &str, overflow: &str) -> Result<(Rounding, Overflow), Failure> {
    Ok((
        Rounding::from_name(rounding).ok_or_else(|| rounding.to_owned())?,
        Overflow::from_name(overflow).ok_or_else(|| overflow.to_owned())?,
    ))
}

/// `requantize` by the definition; by the interpreter too, where a format of
/// 64 bits holds the mantissa with these fractional bits.
fn cast(
    m: i64,
    f: i32,
    to: Format,
    rounding: Rounding,
    overflow: Overflow,
) -> Result<i64, Failure> {
    let result = requantize(m, f, to, rounding, overflow);
    let from = Format::new(true, 63 - f, f).ok_or("no format for the operand")?;
    let module = parse(&format!(
        "trigforge-ir {IR_VERSION}\nmodule \"cast\"\n\
         %0 \"x\" = input {{rounding=TRN, overflow=WRAP}} : [1] {from}\n\
         %1 \"y\" = requantize %0 {{rounding={rounding}, overflow={overflow}}} : [1] {to}\n\
         output \"y\" = %1\n"
    ))?;
    let interpreted = Interpreter::new(&module)?.run(&[&[m]])?.concat();
    assert_eq!(interpreted, [result], "{m} 2^-{f} into {to}");
    Ok(result)
}

#[test]
fn formats_have_these_ends() -> Outcome {
    let head = "| format | type of `ap_fixed` | width | smallest mantissa | largest mantissa | \
                smallest value | largest value |";
    for row in table(&page()?, head)? {
        let format = format(&row[0])?;
        assert_eq!(format.width().to_string(), row[2], "{row:?}");
        assert_eq!(format.min().to_string(), row[3], "{row:?}");
        assert_eq!(format.max().to_string(), row[4], "{row:?}");
        for (m, value) in [(format.min(), &row[5]), (format.max(), &row[6])] {
            let exact = m as f64 * 2f64.powi(-format.f());
            assert_eq!(exact, value.parse::<f64>()?, "{row:?}");
        }
        let (integer, signed) = (format.i() + i32::from(format.k()), format.k());
        let name = match (format.width(), signed) {
            (0, _) => "none".to_owned(),
            (width, true) => format!("ap_fixed<{width},{integer}>"),
            (width, false) => format!("ap_ufixed<{width},{integer}>"),
        };
        assert_eq!(name, row[1]);
    }
    Ok(())
}

#[test]
fn exact_results_have_these_formats() -> Outcome {
    for row in table(&page()?, "| operation | a | b | result |")? {
        let [operation, a, b, result] = row.as_slice() else {
            return Err("a row of another length".into());
        };
        let module = parse(&format!(
            "trigforge-ir {IR_VERSION}\nmodule \"exact\"\n\
             %0 \"a\" = input {{rounding=TRN, overflow=WRAP}} : [1] {a}\n\
             %1 \"b\" = input {{rounding=TRN, overflow=WRAP}} : [1] {b}\n\
             %2 \"y\" = {operation} %0, %1\noutput \"y\" = %2\n"
        ))?;
        let y = module.nodes().last().ok_or("no node")?;
        assert_eq!(y.ty.to_string(), format!("[1] {result}"), "{row:?}");
    }
    Ok(())
}

#[test]
fn roundings_are_these() -> Outcome {
    let head = "| x | TRN | TRN_ZERO | RND | RND_ZERO | RND_MIN_INF | RND_INF | RND_CONV |";
    let names: Vec<_> = head.trim_matches('|').split('|').map(str::trim).collect();
    assert_eq!(names.len(), Rounding::ALL.len() + 1);
    let to = format("fix(1,7,0)")?;
    for row in table(&page()?, head)? {
        let x: f64 = row[0].parse()?;
        for (name, expected) in names.iter().zip(&row).skip(1) {
            let (rounding, overflow) = modes(name, "SAT")?;
            let found = cast((x * 4.0) as i64, 2, to, rounding, overflow)?;
            assert_eq!(found.to_string(), *expected, "{x} {name}");
        }
    }
    Ok(())
}

#[test]
fn overflows_are_these() -> Outcome {
    let head = "| r | into | SAT | SAT_SYM | SAT_ZERO | WRAP |";
    let names: Vec<_> = head.trim_matches('|').split('|').map(str::trim).collect();
    assert_eq!(names.len(), Overflow::ALL.len() + 2);
    for row in table(&page()?, head)? {
        let (r, to) = (row[0].parse()?, format(&row[1])?);
        for (name, expected) in names.iter().zip(&row).skip(2) {
            for rounding in Rounding::ALL {
                let (_, overflow) = modes("TRN", name)?;
                let found = cast(r, 0, to, rounding, overflow)?;
                assert_eq!(found.to_string(), *expected, "{r} {to} {name}");
            }
        }
    }
    Ok(())
}

#[test]
fn both_together_give_these() -> Outcome {
    let head = "| m | f | into | rounding | overflow | result | why |";
    for row in table(&page()?, head)? {
        let (rounding, overflow) = modes(&row[3], &row[4])?;
        let found = cast(
            row[0].parse()?,
            row[1].parse()?,
            format(&row[2])?,
            rounding,
            overflow,
        )?;
        assert_eq!(found.to_string(), row[5], "{row:?}");
    }
    Ok(())
}

fn input(ty: &str, rounding: &str, overflow: &str) -> String {
    format!(
        "trigforge-ir {IR_VERSION}\nmodule \"input\"\n\
         %0 \"x\" = input {{rounding={rounding}, overflow={overflow}}} : {ty}\n\
         output \"y\" = %0\n"
    )
}

#[test]
fn inputs_take_real_numbers_and_words_so() -> Outcome {
    let page = page()?;
    for row in table(&page, "| real | into | rounding | overflow | mantissa |")? {
        let module = parse(&input(&format!("[1] {}", row[1]), &row[2], &row[3]))?;
        let real: f64 = row[0].parse()?;
        let found = Interpreter::new(&module)?.encode(0, &[real])?.mantissas;
        assert_eq!(found, [row[4].parse::<i64>()?], "{row:?}");
        // The same as `requantize` of the number's exact value.
        let exact = encode(real).ok_or("not finite")?;
        let (rounding, overflow) = modes(&row[2], &row[3])?;
        let defined = requantize(exact.m, exact.f, format(&row[1])?, rounding, overflow);
        assert_eq!(found, [defined], "{row:?}");
    }
    for row in table(&page, "| word | format | mantissa |")? {
        let module = parse(&input(&format!("[1] {}", row[1]), "TRN", "WRAP"))?;
        let found = Interpreter::new(&module)?.run(&[&[row[0].parse()?]])?;
        assert_eq!(found, [[row[2].parse::<i64>()?]], "{row:?}");
    }
    Ok(())
}

/// Fenced blocks with this info string, or one that starts with it.
fn blocks<'a>(page: &'a str, info: &str) -> Vec<(&'a str, String)> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(found) = line.strip_prefix("```").filter(|found| !found.is_empty()) else {
            continue;
        };
        let body: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
        if found.starts_with(info) {
            blocks.push((found, body.join("\n") + "\n"));
        }
    }
    blocks
}

/// `[1, 2], [3]` as lists of mantissas.
fn lists(text: &str) -> Option<Vec<Vec<i64>>> {
    let inner = text.trim().strip_prefix('[')?.strip_suffix(']')?;
    let list = |list: &str| -> Option<Vec<i64>> {
        list.split(',').map(|m| m.trim().parse().ok()).collect()
    };
    inner.split("], [").map(list).collect()
}

#[test]
fn the_examples_run() -> Outcome {
    let page = page()?;
    let mut runs = 0;
    for (info, text) in blocks(&page, "text") {
        if info != "text" {
            continue;
        }
        let module = parse(&text)?;
        assert_eq!(parse(&print(&module))?, module, "printed and read back");
        let interpreter = Interpreter::new(&module)?;
        for line in text.lines().filter_map(|l| l.strip_prefix("# run: ")) {
            let (inputs, outputs) = line.split_once("->").ok_or("a run without ->")?;
            let inputs = lists(inputs).ok_or("inputs that are no lists")?;
            let inputs: Vec<_> = inputs.iter().map(Vec::as_slice).collect();
            let expected = lists(outputs).ok_or("outputs that are no lists")?;
            assert_eq!(interpreter.run(&inputs)?, expected, "{line}");
            runs += 1;
        }
    }
    assert!(runs > 0, "no example states a run");
    Ok(())
}

#[test]
fn what_must_be_rejected_is() -> Outcome {
    let page = page()?;
    let rules: Vec<_> = page
        .lines()
        .filter_map(|line| line.strip_prefix("**R")?.split_once(".**"))
        .map(|(number, _)| number.parse::<usize>())
        .collect::<Result<_, _>>()?;
    assert!(rules.iter().copied().eq(1..=rules.len()), "{rules:?}");
    let mut shown = Vec::new();
    for (info, text) in blocks(&page, "text reject R") {
        let rule: usize = info.trim_start_matches("text reject R").parse()?;
        shown.push(rule);
        let whole = match text.starts_with("trigforge-ir") {
            true => text,
            false => format!("trigforge-ir {IR_VERSION}\nmodule \"m\"\n{text}"),
        };
        let error = match parse(&whole) {
            Err(error) => error.to_string(),
            Ok(module) => match Interpreter::new(&module) {
                Err(error) => error.to_string(),
                Ok(_) => return Err(format!("R{rule} is taken:\n{whole}").into()),
            },
        };
        println!("R{rule}: {error}");
    }
    // The last two are about events.
    let module = parse(&input("[2] fix(1,3,4)", "TRN", "SAT"))?;
    let interpreter = Interpreter::new(&module)?;
    let rejected = |result| matches!(result, Err(EventError::Length { .. }));
    assert!(rejected(interpreter.run(&[&[1]])));
    let none = interpreter.run(&[]);
    assert!(matches!(none, Err(EventError::Inputs { .. })));
    shown.push(rules.len() - 1);
    for real in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let result = interpreter.encode(0, &[0.0, real]);
        assert!(matches!(
            result,
            Err(EventError::NotFinite { index: 1, .. })
        ));
    }
    shown.push(rules.len());
    let missing = rules.iter().find(|rule| !shown.contains(rule));
    assert_eq!(missing, None, "a rule without an example");
    Ok(())
}

#[test]
fn versions_are_those_of_the_code() -> Outcome {
    let page = page()?;
    let rows = table(&page, "| version | what changed |")?;
    let versions: Vec<_> = rows.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(versions, IR_VERSIONS);
    assert!(page.starts_with(&format!("# The IR, version {IR_VERSION}\n")));
    let first = rows[0][1].split(", ").map(|name| name.trim_matches('`'));
    for name in first {
        assert!(Op::NAMES.contains(&name), "{name} is no operation");
    }
    // Texts of every version are read, and written in this one.
    for version in IR_VERSIONS {
        let text = input("[1] fix(1,3,4)", "TRN", "SAT");
        let text = text.replacen(IR_VERSION, version, 1);
        let written = print(&parse(&text)?);
        assert!(written.starts_with(&format!("trigforge-ir {IR_VERSION}\n")));
    }
    Ok(())
}
