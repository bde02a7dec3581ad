//! Convolutions, pools, products and orders: random shapes against naive
//! loops, what is refused, and how long large images take.

mod support;

use std::fmt::Write;
use std::time::{Duration, Instant};

use support::Outcome;
use trigforge_codegen::emit::rust::{Options, emit};
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::ir::parse;
use trigforge_codegen::verify::{BuildOptions, RustKernel, compare, random_events, rustc};

const HEAD: &str = "trigforge-ir 0.1\nmodule \"m\"\n";

/// Numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = (self.0)
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % end
    }

    fn mantissas(&mut self, count: usize) -> Vec<i64> {
        (0..count).map(|_| self.below(16) as i64 - 8).collect()
    }
}

/// A window on one axis, drawn so that it fits.
#[derive(Clone, Copy, Debug)]
struct Axis {
    input: usize,
    taps: usize,
    stride: usize,
    dilation: usize,
    before: usize,
    after: usize,
}

impl Axis {
    fn draw(random: &mut Random) -> Self {
        let mut axis = Self {
            input: 1 + random.below(6),
            taps: 1 + random.below(3),
            stride: 1 + random.below(3),
            dilation: 1 + random.below(2),
            before: random.below(3),
            after: random.below(3),
        };
        let reach = (axis.taps - 1) * axis.dilation + 1;
        axis.input += reach.saturating_sub(axis.before + axis.input + axis.after);
        axis
    }

    fn output(&self) -> usize {
        let reach = (self.taps - 1) * self.dilation + 1;
        (self.before + self.input + self.after - reach) / self.stride + 1
    }

    fn source(&self, output: usize, tap: usize) -> Option<usize> {
        let at = (output * self.stride + tap * self.dilation) as i64 - self.before as i64;
        usize::try_from(at).ok().filter(|at| *at < self.input)
    }
}

fn window(axes: &[Axis]) -> String {
    let list = |of: fn(&Axis) -> usize| format!("{:?}", axes.iter().map(of).collect::<Vec<_>>());
    format!(
        "strides={}, dilations={}, before={}, after={}",
        list(|a| a.stride),
        list(|a| a.dilation),
        list(|a| a.before),
        list(|a| a.after)
    )
}

/// Every input that a window reads at an output, with the tap.
fn reads(axes: &[Axis], output: usize) -> Vec<(usize, usize)> {
    let taps: usize = axes.iter().map(|axis| axis.taps).product();
    (0..taps)
        .filter_map(|tap| {
            let (mut o, mut t, mut source, mut stride) = (output, tap, 0, 1);
            for axis in axes.iter().rev() {
                source += axis.source(o % axis.output(), t % axis.taps)? * stride;
                stride *= axis.input;
                o /= axis.output();
                t /= axis.taps;
            }
            Some((source, tap))
        })
        .collect()
}

#[test]
fn random_windows_are_read_as_naive_loops_read_them() -> Outcome {
    let mut random = Random(3);
    for case in 0..300 {
        let axes: Vec<_> = (0..1 + case % 2).map(|_| Axis::draw(&mut random)).collect();
        let of = |of: fn(&Axis) -> usize| axes.iter().map(of).collect::<Vec<_>>();
        let (inputs, outputs, taps) = (
            of(|a| a.input).iter().product::<usize>(),
            of(Axis::output).iter().product::<usize>(),
            of(|a| a.taps).iter().product::<usize>(),
        );
        let (images, groups) = (1 + random.below(2), 1 + random.below(3));
        let (group_inputs, group_outputs) = (1 + random.below(2), 1 + random.below(3));
        let (channels, results) = (groups * group_inputs, groups * group_outputs);
        let shape = [vec![images, channels], of(|a| a.input)].concat();
        let w_shape = [vec![results, group_inputs], of(|a| a.taps)].concat();
        let weights = random.mantissas(w_shape.iter().product());
        let bias = random.mantissas(results);
        let window = window(&axes);
        let size = of(|a| a.taps);
        let mut text = format!(
            "{HEAD}%0 \"x\" = input {{rounding=TRN, overflow=WRAP}} : {shape:?} fix(1,3,0)\n\
             %1 \"w\" = const {{mantissas={weights:?}}} : {w_shape:?} fix(1,3,0)\n\
             %2 \"b\" = const {{mantissas={bias:?}}} : [{results}] fix(1,3,0)\n\
             %3 \"conv\" = conv %0, %1, %2 {{{window}, groups={groups}}}\n\
             %4 \"sum\" = sum_pool %0 {{window={size:?}, {window}}}\n"
        );
        let whole = (0..outputs).all(|o| !reads(&axes, o).is_empty());
        let max = format!("%5 \"max\" = max_pool %0 {{window={size:?}, {window}}}\n");
        if whole {
            text += &max;
        } else {
            let error = parse(&(text.clone() + &max)).err().ok_or("taken")?;
            assert!(error.reason.contains("nothing but padding"), "{error}");
        }
        text += "output \"conv\" = %3\noutput \"sum\" = %4\n";
        if whole {
            text += "output \"max\" = %5\n";
        }
        let module = parse(&text)?;
        let x = random.mantissas(images * channels * inputs);
        let found = Interpreter::new(&module)?.run(&[&x])?;
        let mut expected = vec![Vec::new(); 2 + usize::from(whole)];
        for (image, result) in (0..images).flat_map(|i| (0..results).map(move |r| (i, r))) {
            let first = image * channels + result / group_outputs * group_inputs;
            for o in 0..outputs {
                let products = (0..group_inputs).flat_map(|i| {
                    let (x, weights) = (&x, &weights);
                    reads(&axes, o).into_iter().map(move |(source, tap)| {
                        x[(first + i) * inputs + source]
                            * weights[(result * group_inputs + i) * taps + tap]
                    })
                });
                expected[0].push(products.sum::<i64>() + bias[result]);
            }
        }
        for x in x.chunks(inputs) {
            for o in 0..outputs {
                let read: Vec<_> = reads(&axes, o).iter().map(|(at, _)| x[*at]).collect();
                expected[1].push(read.iter().sum());
                if let (true, Some(max)) = (whole, read.iter().max()) {
                    expected[2].push(*max);
                }
            }
        }
        assert_eq!(found, expected, "case {case}: {text}");
    }
    Ok(())
}

/// Shapes whose kernels take other paths, in one module, without a warning.
#[test]
fn kernels_of_many_shapes_give_the_interpreters_bits() -> Outcome {
    let mut random = Random(11);
    let mut text = format!(
        "{HEAD}%0 \"x\" = input {{rounding=TRN, overflow=WRAP}} : [2, 6, 4, 5] fix(1,3,0)\n"
    );
    let mut outputs = String::new();
    let mut id = 0;
    let shapes = [
        (
            "[4, 6, 3, 3]",
            216,
            "strides=[1, 1], dilations=[1, 1], before=[1, 1], after=[1, 1], groups=1",
        ),
        (
            "[3, 2, 2, 2]",
            24,
            "strides=[2, 1], dilations=[1, 2], before=[0, 2], after=[1, 0], groups=3",
        ),
        (
            "[12, 1, 3, 1]",
            36,
            "strides=[1, 2], dilations=[1, 1], before=[1, 0], after=[1, 1], groups=6",
        ),
        (
            "[7, 6, 1, 1]",
            42,
            "strides=[1, 1], dilations=[1, 1], before=[0, 0], after=[0, 0], groups=1",
        ),
        (
            "[2, 6, 4, 5]",
            240,
            "strides=[1, 1], dilations=[1, 1], before=[0, 0], after=[0, 0], groups=1",
        ),
    ];
    for (shape, count, window) in shapes {
        let weights = random.mantissas(count);
        let (w, conv, y) = (id + 1, id + 2, id + 3);
        writeln!(
            text,
            "%{w} \"w\" = const {{mantissas={weights:?}}} : {shape} fix(1,2,1)"
        )?;
        writeln!(text, "%{conv} \"conv\" = conv %0, %{w} {{{window}}}")?;
        writeln!(text, "%{y} \"y\" = relu %{conv}")?;
        writeln!(outputs, "output \"y{y}\" = %{y}")?;
        id = y;
    }
    // Keys for each column of an image's plane, and one order for all images.
    let (key, top, least, flat, product) = (id + 1, id + 2, id + 3, id + 4, id + 5);
    writeln!(text, "%{key} \"key\" = reduce_sum %0 {{axis=3}}")?;
    writeln!(
        text,
        "%{top} \"top\" = top_k %{key}, %0 {{axis=2, k=3, largest=true}}"
    )?;
    writeln!(
        text,
        "%{least} \"least\" = top_k %0, %0 {{axis=1, k=6, largest=false}}"
    )?;
    writeln!(
        text,
        "%{flat} \"flat\" = transpose %0 {{permutation=[0, 1, 3, 2]}}"
    )?;
    writeln!(text, "%{product} \"product\" = matmul %0, %{flat}")?;
    for id in [top, least, product] {
        writeln!(outputs, "output \"z{id}\" = %{id}")?;
    }
    let module = parse(&(text + &outputs))?;
    let interpreter = Interpreter::new(&module)?;
    let kernel = emit(&module, interpreter.info(), Options { single_file: true })?;
    let built = RustKernel::build(&module, &kernel, &BuildOptions { cpu: None })?;
    compare(&interpreter, &built, &random_events(&module, 500, 7))?;
    let folder = tempfile::tempdir()?;
    kernel.write(folder.path())?;
    let output = std::process::Command::new(rustc())
        .args([
            "--edition",
            "2024",
            "--crate-type",
            "lib",
            "--emit",
            "metadata",
        ])
        .args(["-D", "warnings", "--out-dir"])
        .arg(folder.path())
        .arg(folder.path().join("kernel.rs"))
        .output()?;
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{messages}");
    Ok(())
}

#[test]
fn operands_that_do_not_fit_are_refused() {
    let head = format!(
        "{HEAD}%0 \"x\" = input {{rounding=TRN, overflow=WRAP}} : [1, 2, 4] fix(1,3,0)\n\
         %1 \"y\" = input {{rounding=TRN, overflow=WRAP}} : [2, 4] each [2, 1] {{fix(1,3,0), fix(1,2,1)}}\n\
         %2 \"w\" = const {{mantissas=[1, 2, 3, 4]}} : [2, 2, 1] fix(1,3,0)\n\
         %3 \"b\" = const {{mantissas=[1, 2, 3]}} : [3] fix(1,3,0)\n\
         %4 \"i\" = input {{rounding=TRN, overflow=WRAP}} : [2] fix(0,2,0)\n\
         %5 \"far\" = input {{rounding=TRN, overflow=WRAP}} : [2] each [2] {{fix(1,40,0), fix(1,-30,60)}}\n"
    );
    let window = "strides=[1], dilations=[1], before=[0], after=[0]";
    let cases = [
        (
            format!("conv %0, %0 {{{window}, groups=1}}"),
            "the weights must be a constant",
        ),
        (
            format!("conv %0, %2 {{{window}, groups=2}}"),
            "expected 2 / 2",
        ),
        (
            format!("conv %0, %2 {{{window}, groups=3}}"),
            "do not split into 3 groups",
        ),
        (
            format!("conv %0, %2 {{{window}, groups=0}}"),
            "do not split into 0 groups",
        ),
        (
            format!("conv %0, %2, %3 {{{window}, groups=1}}"),
            "expected [2]",
        ),
        (
            format!("conv %0, %2, %0 {{{window}, groups=1}}"),
            "expected [2]",
        ),
        (
            format!("conv %0 {{{window}, groups=1}}"),
            "expected 2 or 3 operands",
        ),
        (
            format!("conv %0, %2 {{{window}}}"),
            "attribute `groups` is missing",
        ),
        (
            format!("conv %1, %2 {{{window}, groups=1}}"),
            "expected [n, c, s]",
        ),
        (
            format!("max_pool %0 {{window=[5], {window}}}"),
            "does not fit",
        ),
        (
            format!("sum_pool %0 {{window=[1, 1], {window}}}"),
            "one entry for each",
        ),
        (
            "sum_pool %0 {window=[1], strides=[0], dilations=[1], before=[0], after=[0]}"
                .to_owned(),
            "at least 1",
        ),
        (
            "max_pool %0 {window=[1048576], strides=[1], dilations=[1], before=[1000000], after=[1000000]}"
                .to_owned(),
            "read more than",
        ),
        ("matmul %0, %1".to_owned(), "do not multiply"),
        ("matmul %5, %5".to_owned(), "more than 64 bits"),
        ("square %5".to_owned(), "more than 64 bits"),
        (
            "top_k %1, %1 {axis=0, k=1, largest=true}".to_owned(),
            "the keys differ",
        ),
        (
            "top_k %0, %0 {axis=2, k=5, largest=true}".to_owned(),
            "k is 5, expected 1 to 4",
        ),
        (
            "top_k %0, %0 {axis=3, k=1, largest=true}".to_owned(),
            "no axis 3",
        ),
        (
            "top_k %0, %1 {axis=0, k=1, largest=true}".to_owned(),
            "do not order",
        ),
        (
            "top_k %4, %5 {axis=0, k=1, largest=true}".to_owned(),
            "elements along axis 0 differ",
        ),
        (
            "top_k %0, %0 {axis=2, k=1, largest=yes}".to_owned(),
            "attribute `largest`",
        ),
        ("lookup %4, %4".to_owned(), "expected [n, d]"),
        ("lookup %4, %3".to_owned(), "expected [n, d]"),
        ("lookup %1, %2".to_owned(), "expected [n, d]"),
    ];
    for (line, expected) in cases {
        match parse(&format!("{head}%6 \"z\" = {line}\n")) {
            Ok(_) => panic!("taken: {line}"),
            Err(error) => assert!(error.reason.contains(expected), "{line}: {error}"),
        }
    }
    let rows = "%6 \"r\" = const {mantissas=[1, 2, 3]} : [3, 1] fix(1,3,0)\n";
    for (line, expected) in [
        ("lookup %4, %6", "the rows are 3"),
        ("lookup %1, %6", "without fractional bits"),
    ] {
        let error = parse(&format!("{head}{rows}%7 \"z\" = {line}\n")).err();
        let reason = error.map(|error| error.reason).unwrap_or_default();
        assert!(reason.contains(expected), "{line}: {reason}");
    }
}

/// Half a billion products on a 3 x 128 x 128 image. The bound is far above what an
/// optimised build needs; an unoptimised one runs a smaller image.
#[test]
fn large_images_are_validated_and_interpreted_in_seconds() -> Outcome {
    let side = if cfg!(debug_assertions) { 32 } else { 128 };
    let mut random = Random(5);
    let mut text = format!(
        "{HEAD}%0 \"x\" = input {{rounding=TRN, overflow=WRAP}} : [1, 3, {side}, {side}] fix(1,3,4)\n"
    );
    let window = "strides=[1, 1], dilations=[1, 1], before=[1, 1], after=[1, 1]";
    let mut id = 0;
    let mut channels = 3;
    for outputs in [32, 32, 32, 32, 16] {
        let weights = random.mantissas(outputs * channels * 9);
        let (w, conv, relu, y) = (id + 1, id + 2, id + 3, id + 4);
        writeln!(
            text,
            "%{w} \"w\" = const {{mantissas={weights:?}}} : [{outputs}, {channels}, 3, 3] fix(1,0,3)"
        )?;
        writeln!(
            text,
            "%{conv} \"conv\" = conv %{id}, %{w} {{{window}, groups=1}}"
        )?;
        writeln!(text, "%{relu} \"relu\" = relu %{conv}")?;
        writeln!(
            text,
            "%{y} \"y\" = requantize %{relu} {{rounding=RND_CONV, overflow=SAT}} : [1, {outputs}, {side}, {side}] fix(0,4,4)"
        )?;
        (id, channels) = (y, outputs);
    }
    writeln!(text, "output \"y\" = %{id}")?;
    let start = Instant::now();
    let module = parse(&text)?;
    let parsed = start.elapsed();
    let interpreter = Interpreter::new(&module)?;
    let validated = start.elapsed();
    let costs = interpreter.info().costs(&module);
    let macs: u64 = costs.iter().map(|cost| cost.macs).sum();
    let x: Vec<_> = (0..3 * side * side)
        .map(|_| random.below(256) as i64 - 128)
        .collect();
    let counted = start.elapsed();
    let y = interpreter.run(&[&x])?;
    let run = start.elapsed();
    println!(
        "{macs} products: parsed in {parsed:.2?}, validated in {:.2?}, run in {:.2?}",
        validated - parsed,
        run - counted
    );
    assert_eq!(y[0].len(), 16 * side * side);
    assert!(y[0].iter().any(|m| *m != 0));
    assert!(run < Duration::from_secs(60), "{run:?}");
    Ok(())
}
