//! Formulas as text: what they compute, what is refused, what is bounded.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use trigforge_codegen::emit::rust::{Options, emit};
use trigforge_codegen::import::{ImportError, read};
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::quantize::{Calibration, PostTraining, load};
use trigforge_codegen::real::{Graph, Op, evaluate};
use trigforge_codegen::verify::{BuildOptions, RustKernel, compare, random_events};

type Failure = Box<dyn std::error::Error>;
type Outcome = Result<(), Failure>;

/// A file of formulas in a folder of its own.
struct File {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn file(text: &str) -> Result<File, Failure> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("model.formula");
    std::fs::write(&path, text)?;
    Ok(File {
        _folder: folder,
        path,
    })
}

fn graph(text: &str) -> Result<Graph, Failure> {
    Ok(read(&file(text)?.path)?)
}

/// The first output of a formula for one event.
fn value(text: &str, inputs: &[f64]) -> Result<f64, Failure> {
    let graph = graph(text).map_err(|error| format!("{text}: {error}"))?;
    let outputs = evaluate(&graph, &[inputs]).map_err(|error| format!("{text}: {error}"))?;
    Ok(*outputs[0].first().ok_or("no element")?)
}

#[test]
fn operators_bind_as_in_python() -> Outcome {
    // Worked out by hand with a = 3, b = 2.
    for (text, expected) in [
        ("-a**2 + 0*b", -9.0),
        ("(-a)**2 + 0*b", 9.0),
        ("b**a**2", 512.0),
        ("(b**a)**2", 64.0),
        ("a^b", 9.0),
        ("a - b - 1", 0.0),
        ("a - (b - 1)", 2.0),
        ("12/a/b", 2.0),
        ("12/a*b", 8.0),
        ("a*-b", -6.0),
        ("a--b", 5.0),
        ("-+-a + b", 5.0),
        ("a**-1*b", 2.0 / 3.0),
        ("b**-2 + 0*a", 0.25),
        ("a**0 + b", 3.0),
        ("a**0.5**2*b", 2.0 * 1.316_074_012_952_492_5),
        ("  ( a )+\tb ", 5.0),
        ("a + 1e1 + .5 + 2. + 1.5E+1 + 1e-1 + b", 32.6),
        ("a + pi*b", 3.0 + 2.0 * std::f64::consts::PI),
        ("max(a, b, 7) - min(a, b)", 5.0),
        ("Max(a, b) - Min(a, b, 1)", 2.0),
        ("square(a) + cube(b)", 17.0),
        ("pow(a, b) + Pow(b, 3)", 17.0),
        ("relu(-a) + relu(b)", 2.0),
        ("sign(-a) + abs(-b) + Abs(b)", 3.0),
        ("inv(b) + neg(a) + b/b", -1.5),
        ("floor(a/b) + ceil(a/b) + round(5/b) + ceiling(a)", 8.0),
        ("sqrt(a + 1) + b", 4.0),
    ] {
        let found = value(text, &[3.0, 2.0])?;
        assert!(
            (found - expected).abs() < 1e-14 * expected.abs().max(1.0),
            "{text}: {found}"
        );
    }
    Ok(())
}

#[test]
fn functions_are_those_of_the_name() -> Outcome {
    type F = fn(f64) -> f64;
    let all: [(&str, F); 17] = [
        ("sin", f64::sin),
        ("cos", f64::cos),
        ("tan", f64::tan),
        ("asin", f64::asin),
        ("acos", f64::acos),
        ("atan", f64::atan),
        ("sinh", f64::sinh),
        ("cosh", f64::cosh),
        ("tanh", f64::tanh),
        ("asinh", f64::asinh),
        ("atanh", f64::atanh),
        ("exp", f64::exp),
        ("log", f64::ln),
        ("sqrt", f64::sqrt),
        ("inv", f64::recip),
        ("sigmoid", |x| 1.0 / (1.0 + (-x).exp())),
        ("erf", |x| {
            2.0 / std::f64::consts::PI.sqrt()
                * (x - x.powi(3) / 3.0 + x.powi(5) / 10.0 - x.powi(7) / 42.0 + x.powi(9) / 216.0
                    - x.powi(11) / 1320.0)
        }),
    ];
    for (name, expected) in all {
        let found = value(&format!("{name}(x0)"), &[0.3])?;
        let expected = expected(0.3);
        let near = if name == "erf" { 1e-9 } else { 1e-14 };
        assert!(
            (found - expected).abs() < near,
            "{name}: {found} is not {expected}"
        );
    }
    let found = value("acosh(x0)", &[1.3])?;
    assert!((found - 1.3f64.acosh()).abs() < 1e-14);
    Ok(())
}

#[test]
fn inputs_are_in_the_stated_order_or_by_number_or_by_alphabet() -> Outcome {
    assert_eq!(value("b - a", &[1.0, 10.0])?, 9.0);
    assert_eq!(
        value("inputs: b, unused, a\nb - a", &[1.0, 5.0, 10.0])?,
        -9.0
    );
    assert_eq!(
        value("x2 - x10", &[0., 0., 1., 0., 0., 0., 0., 0., 0., 0., 10.])?,
        -9.0
    );
    // `E` is a variable only where it is stated.
    assert_eq!(value("inputs: E, p\nE**2 - p**2", &[5.0, 3.0])?, 16.0);
    let graph = graph("inputs: a, b, c\na + c")?;
    let (_, input) = graph.inputs().next().ok_or("no input")?;
    assert_eq!(input.shape, [1, 3]);
    Ok(())
}

#[test]
fn expressions_are_one_output_or_named_ones() -> Outcome {
    let one = graph("# two classes\n\nx0 + 1\n  x1 * 2\n")?;
    let outputs = evaluate(&one, &[&[3.0, 4.0]])?;
    assert_eq!(one.outputs.len(), 1);
    assert_eq!(outputs[0].shape(), [1, 2]);
    assert_eq!(outputs[0].iter().copied().collect::<Vec<_>>(), [4.0, 8.0]);
    let named = graph("sum = x0 + x1\ndiff = x0 - x1\n")?;
    let names: Vec<_> = named
        .outputs
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["sum", "diff"]);
    let outputs = evaluate(&named, &[&[3.0, 4.0]])?;
    assert_eq!(
        (outputs[0].first(), outputs[1].first()),
        (Some(&7.0), Some(&-1.0))
    );
    Ok(())
}

fn count(graph: &Graph, wanted: impl Fn(&Op) -> bool) -> usize {
    graph.nodes.iter().filter(|node| wanted(&node.op)).count()
}

#[test]
fn terms_are_shared_constants_computed_powers_products() -> Outcome {
    let shared = graph("tanh(x0*x1) + x0*x1\nx0*x1 - tanh(x0*x1)")?;
    assert_eq!(count(&shared, |op| *op == Op::Mul), 1);
    assert_eq!(count(&shared, |op| matches!(op, Op::Unary(_))), 1);
    let folded = graph("x0*(sin(-0.5)*cos(-0.5) - 2**3/4)")?;
    assert_eq!(
        count(&folded, |op| matches!(op, Op::Unary(_) | Op::Div | Op::Sub)),
        0
    );
    // 13 = 8 + 4 + 1: three squarings, two products.
    let power = graph("x0**13")?;
    assert_eq!(count(&power, |op| *op == Op::Mul), 5);
    assert_eq!(count(&power, |op| *op == Op::Pow), 0);
    let squares = power
        .nodes
        .iter()
        .filter(|node| node.op == Op::Mul && node.args[0] == node.args[1]);
    assert_eq!(squares.count(), 3);
    assert_eq!(value("x0**13", &[2.0])?, 8192.0);
    // A term that no output needs is not there.
    let needed = graph("x0**0 + x1")?;
    assert_eq!(count(&needed, |op| matches!(op, Op::Slice { .. })), 1);
    Ok(())
}

/// What is refused, and where it says so.
#[test]
fn what_is_not_taken_is_refused_by_name() -> Outcome {
    for (text, position, name) in [
        ("gamma(x0)", "line 1, column 1", "gamma"),
        ("x0 + 2*sin_lut(x1)", "line 1, column 8", "sin_lut"),
        ("x0\nx1 + beta(x0, x1)", "line 2, column 6", "beta"),
        ("sin(x0, x1)", "line 1, column 1", "2 operands, expected 1"),
        ("pow(x0)", "line 1, column 1", "1 operands, expected 2"),
        (
            "max(x0)",
            "line 1, column 1",
            "1 operands, expected 2 or more",
        ),
        (
            "square(x0, x1)",
            "line 1, column 1",
            "2 operands, expected 1",
        ),
        ("sin + x0", "line 1, column 1", "without its operand"),
        ("x0 + E", "line 1, column 6", "may be a variable"),
        ("x0 + I", "line 1, column 6", "imaginary"),
        ("x0 + True", "line 1, column 6", "truth value"),
        ("x0 + False", "line 1, column 6", "truth value"),
        ("x0 + oo", "line 1, column 6", "not a finite number"),
        ("x0 + zoo", "line 1, column 6", "not a finite number"),
        ("x0 + inf", "line 1, column 6", "not a finite number"),
        ("x0 + nan", "line 1, column 6", "not a finite number"),
        ("x0 + 1/0", "line 1, column 7", "gives inf"),
        ("x0 + log(-1)", "line 1, column 6", "gives NaN"),
        ("inputs: a\na + b", "b", "not one of the names"),
        ("1 + 1", "expression 1", "no variable is left"),
        ("f = x0\nx1", "expressions", "name all or none"),
        ("f = x0\nf = x1", "`f`", "two expressions"),
        ("f = x0\ng = f + 1", "`f`", "used as a variable"),
        ("x99999", "x99999", "too large"),
    ] {
        match read(&file(text)?.path) {
            Err(error @ ImportError::UnsupportedFormula { .. }) => {
                let error = error.to_string();
                assert!(
                    error.contains(position) && error.contains(name),
                    "{text}: {error}"
                );
                assert!(error.contains("model.formula"), "{error}");
            }
            other => return Err(format!("{text}: {other:?}").into()),
        }
    }
    Ok(())
}

#[test]
fn everything_that_is_not_taken_is_named_at_once() -> Outcome {
    let text = "gamma(x0) + beta(x1)\nsin(x0, x1) + E\n";
    match read(&file(text)?.path) {
        Err(ImportError::UnsupportedFormula { items, .. }) => {
            let names: Vec<_> = items.iter().map(|item| item.operator.as_str()).collect();
            assert_eq!(names, ["gamma", "beta", "sin", "E"]);
            Ok(())
        }
        other => Err(format!("{other:?}").into()),
    }
}

#[test]
fn what_is_not_of_the_grammar_is_named_with_its_place() -> Outcome {
    for (text, expected) in [
        ("", "the file is empty"),
        ("# nothing\n", "no expression"),
        ("x0 +", "line 1, column 5: expected a number"),
        ("x0 x1", "line 1, column 4: expected an operator"),
        ("2x0", "line 1, column 1: the number `2` runs into"),
        ("1.2.3*x0", "runs into"),
        (
            "x0 + (x1",
            "line 1, column 9: expected an operator, `,` or `)`",
        ),
        ("x0 + x1)", "line 1, column 8: expected an operator"),
        ("sin()", "line 1, column 5: expected a number"),
        ("x0 + [1]", "line 1, column 6: `[` is not of the grammar"),
        ("x0 // x1", "line 1, column 4: `//` is not taken"),
        (
            "x0 + 1e999",
            "line 1, column 6: `1e999` is no finite number",
        ),
        ("x0 + .", "`.` is no finite number"),
        ("x0 < x1", "`<` is not of the grammar"),
        ("a = b = x0", "line 1, column 7: expected an operator"),
        ("x0\ninputs: x0", "line 2, column 1: `inputs:` stands once"),
        (
            "inputs: a\ninputs: b\na",
            "line 2, column 1: `inputs:` stands once",
        ),
        ("inputs: a, a\na", "two inputs have the name `a`"),
        ("inputs: a, 1b\na", "`1b` is no name"),
        ("inputs:\nx0", "`` is no name"),
    ] {
        match read(&file(text)?.path) {
            Err(error @ ImportError::NotAModel { .. }) => {
                assert!(error.to_string().contains(expected), "{text}: {error}");
            }
            other => return Err(format!("{text}: {other:?}").into()),
        }
    }
    let binary = file("")?;
    std::fs::write(&binary.path, b"x0\n\xff\xfe")?;
    let error = read(&binary.path).err().ok_or("taken")?.to_string();
    assert!(
        error.contains("line 2") && error.contains("UTF-8"),
        "{error}"
    );
    Ok(())
}

/// Neither deep nor long text overflows the stack or takes long.
#[test]
fn hostile_text_is_bounded() -> Outcome {
    let many = 200_000;
    let deep =
        |open: &str, close: &str, n: usize| format!("{}x0{}", open.repeat(n), close.repeat(n));
    for (text, expected) in [
        (deep("(", ")", many), "tokens"),
        (deep("(", ")", 10_000), "deeper than 200"),
        (deep("sin(", ")", 10_000), "deeper than 200"),
        (format!("x0{}", "**x0".repeat(10_000)), "deeper than 200"),
        (
            format!("max(x0{})", ", x0".repeat(10_000)),
            "more than 256 operands",
        ),
        ("x0\n".repeat(2_000), "more than the 1024"),
        ("x0 + ".repeat(1 << 18) + "x0", "bytes"),
        (
            format!("inputs: {}a\na", "a, ".repeat(1 << 13)),
            "more than 4096 inputs",
        ),
    ] {
        let error = read(&file(&text)?.path).err().ok_or("taken")?.to_string();
        assert!(error.contains(expected), "{expected}: {error}");
        assert!(error.len() < 1_000, "{} bytes of message", error.len());
    }
    // As many names as a file can hold.
    let names: Vec<_> = (0..140_000).map(|n| format!("v{n:x}")).collect();
    let lines: Vec<_> = names.chunks(1_000).map(|line| line.join("+")).collect();
    let start = Instant::now();
    let error = read(&file(&lines.join("\n"))?.path).err().ok_or("taken")?;
    assert!(
        error.to_string().contains("more than 4096 variables"),
        "{error}"
    );
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
    // As deep as is taken, and a long chain of signs and sums.
    assert_eq!(value(&deep("(", ")", 200), &[3.0])?, 3.0);
    assert_eq!(value(&deep("-", "", 60_000), &[3.0])?, 3.0);
    assert_eq!(
        value(&format!("x0{}", " + x0".repeat(2_000)), &[3.0])?,
        6003.0
    );
    assert_eq!(value(&deep("(", ")**64", 100), &[1.0])?, 1.0);
    Ok(())
}

/// A formula all the way: ranges profiled, tables placed, compiled.
#[test]
fn a_formula_becomes_a_kernel_with_the_interpreters_bits() -> Outcome {
    let text = "inputs: c2, r, p\n\
                tanh(0.55*c2 + 2*(-0.02*r*(c2*p - 0.25) + 1)**3)**3\n\
                max(c2, -p)/(r**2 + 1.5) + sqrt(abs(p))\n";
    let formula = file(text)?;
    // Every corner and the middle of a cube.
    let axis = [-1.0, -0.4, 0.1, 0.7, 1.0];
    let pairs = axis.iter().flat_map(|c| axis.iter().map(move |r| (c, r)));
    let events: Vec<Vec<f64>> = pairs
        .flat_map(|(c, r)| axis.iter().map(move |p| vec![*c, *r, *p]))
        .collect();
    let graph = read(&formula.path)?;
    let mut deviations = Vec::new();
    for width in [8, 16] {
        let post_training = PostTraining {
            calibration: Calibration {
                events: events.iter().map(|event| vec![event.clone()]).collect(),
            },
            width,
        };
        let module = load(&formula.path, Some(&post_training))?;
        let interpreter = Interpreter::new(&module)?;
        let kernel = emit(&module, interpreter.info(), Options::default())?;
        let kernel = RustKernel::build(&module, &kernel, &BuildOptions { cpu: None })?;
        compare(&interpreter, &kernel, &random_events(&module, 2_000, 3))?;
        let mut largest = 0.0f64;
        for event in &events {
            let encoded = interpreter.encode(0, event)?;
            let outputs = interpreter.run(&[&encoded.mantissas])?;
            let expected = evaluate(&graph, &[event])?;
            let found = interpreter.decode(0, &outputs[0]);
            for (found, expected) in found.iter().zip(&expected[0]) {
                largest = largest.max((found - expected).abs());
            }
        }
        deviations.push(largest);
    }
    println!("largest deviation at 8 and 16 bits: {deviations:?}");
    assert!(deviations[1] < 0.1 * deviations[0], "{deviations:?}");
    Ok(())
}

/// Expressions and 500 vectors of others; says so where they are not at hand.
fn recorded() -> Result<Option<serde_json::Value>, Failure> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = path.join("../../shared/models/symbolic/jsc_pysr.json");
    if !path.is_file() {
        eprintln!("SKIPPED: {} is not there", path.display());
        return Ok(None);
    }
    Ok(Some(serde_json::from_slice(&std::fs::read(path)?)?))
}

fn numbers(value: &serde_json::Value) -> Result<Vec<f64>, Failure> {
    let list = value.as_array().ok_or("no list")?;
    let numbers = list
        .iter()
        .map(serde_json::Value::as_f64)
        .collect::<Option<_>>();
    Ok(numbers.ok_or("no number")?)
}

#[test]
fn pysr_formulas_compute_what_was_recorded() -> Outcome {
    let Some(recorded) = recorded()? else {
        return Ok(());
    };
    let expressions = recorded["expr"].as_array().ok_or("no expressions")?;
    let lines: Option<Vec<_>> = expressions.iter().map(|e| e.as_str()).collect();
    let formula = file(&lines.ok_or("no text")?.join("\n"))?;
    let graph = read(&formula.path)?;
    let vectors = recorded["float64_vectors"].as_array().ok_or("no vectors")?;
    let mut events = Vec::new();
    let mut worst = 0.0f64;
    for vector in vectors {
        let (x, y) = (numbers(&vector["in"])?, numbers(&vector["out"])?);
        let found = evaluate(&graph, &[&x])?;
        assert_eq!(found[0].len(), y.len());
        for (found, expected) in found[0].iter().zip(&y) {
            worst = worst.max((found - expected).abs() / expected.abs());
        }
        events.push((x, y));
    }
    assert!(worst <= 1e-12, "off by {worst:e}");
    assert!(events.len() > 100);
    println!(
        "{} vectors, largest relative deviation {worst:e}",
        events.len()
    );

    let post_training = PostTraining {
        calibration: Calibration {
            events: events.iter().map(|(x, _)| vec![x.clone()]).collect(),
        },
        width: 16,
    };
    let module = load(&formula.path, Some(&post_training))?;
    let interpreter = Interpreter::new(&module)?;
    let mut largest = 0.0f64;
    for (x, y) in &events {
        let encoded = interpreter.encode(0, x)?;
        let outputs = interpreter.run(&[&encoded.mantissas])?;
        for (found, expected) in interpreter.decode(0, &outputs[0]).iter().zip(y) {
            largest = largest.max((found - expected).abs());
        }
    }
    println!("as integers of 16 bits, largest deviation {largest:e}");
    assert!(largest < 0.02, "off by {largest}");
    Ok(())
}
