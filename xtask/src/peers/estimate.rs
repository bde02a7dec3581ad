//! The estimate of look-up tables and cycles beside what Yosys makes and a
//! simulation sees.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use trigforge_codegen::emit::verilog::{Ports, emit};
use trigforge_codegen::hardware::{Design, Estimate, Target, synthesise};
use trigforge_codegen::ir::parse;
use trigforge_codegen::model::{Model, load};
use trigforge_codegen::verify::verilog::{Around, Simulator, VerilogKernel};
use trigforge_codegen::verify::{compare, random_events};

use crate::context::Context;

/// The estimate beside Yosys, on random networks and on models of the zoo.
///
/// Each result is written as it is found, so an interrupted call is continued by
/// the same call.
#[derive(Debug, clap::Args)]
pub struct Estimates {
    /// Random networks.
    #[arg(long, default_value_t = 30)]
    networks: u64,
    /// Models of the zoo, by folder; the larger ones take Yosys hours.
    #[arg(long, value_delimiter = ',', default_value = "jsc-mlp,qg-observables")]
    models: Vec<String>,
    /// Results that are there are not computed again [default: xtask/peers
    /// below cargo's target folder].
    #[arg(long)]
    out: Option<PathBuf>,
    /// File for the table, from the root of the repository.
    #[arg(long, default_value = "docs/estimate.md")]
    table: PathBuf,
}

/// One design on both sides.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Row {
    name: String,
    estimated: u64,
    luts: u64,
    estimated_ffs: u64,
    ffs: u64,
    cycles: u32,
    estimate_ms: f64,
    yosys_s: f64,
}

impl Row {
    fn error(&self) -> f64 {
        100.0 * (self.estimated as f64 / self.luts as f64 - 1.0)
    }
}

/// Compares, and writes the table.
pub fn run(arguments: &Estimates) -> Result<ExitCode> {
    let context = Context::new(None, true)?;
    let out = match &arguments.out {
        Some(out) => context.root.join(out),
        None => context.work("peers"),
    };
    std::fs::create_dir_all(&out).with_context(|| out.display().to_string())?;
    let file = out.join("estimate.json");
    let mut rows: Vec<Row> = match std::fs::read(&file) {
        Ok(bytes) => serde_json::from_slice(&bytes)?,
        Err(_) => Vec::new(),
    };
    let networks = (0..arguments.networks).map(|seed| (format!("random {seed}"), Some(seed)));
    let models = arguments.models.iter().map(|name| (name.clone(), None));
    for (name, seed) in networks.chain(models) {
        if rows.iter().any(|row| row.name == name) {
            continue;
        }
        let model = match seed {
            Some(seed) => Model::Graph(parse(&network(seed))?),
            None => {
                load(
                    &context
                        .root
                        .join("models/zoo")
                        .join(&name)
                        .join("model.onnx"),
                    None,
                )?
                .0
            }
        };
        let row = compared(name, &model)?;
        println!(
            "{}: {} estimated, {} by Yosys ({:+.1} %), {} cycles, {:.0} s",
            row.name,
            row.estimated,
            row.luts,
            row.error(),
            row.cycles,
            row.yosys_s
        );
        rows.push(row);
        std::fs::write(&file, serde_json::to_vec_pretty(&rows)?)?;
    }
    let table = context.root.join(&arguments.table);
    std::fs::write(&table, page(&rows)?).with_context(|| table.display().to_string())?;
    println!("{}", Path::new(&arguments.table).display());
    Ok(ExitCode::SUCCESS)
}

fn compared(name: String, model: &Model) -> Result<Row> {
    let start = Instant::now();
    let design = Design::new(model, &Target::default())?;
    let estimate = Estimate::of(&design);
    let estimate_ms = start.elapsed().as_secs_f64() * 1e3;
    // The simulation fails unless each result comes in the cycle that the
    // estimate names.
    let kernel = emit(&design, None);
    ensure!(
        Ports::of(&design).latency == estimate.cycles,
        "the core of {name} is not the estimated one"
    );
    let built = VerilogKernel::build(
        &Ports::of(&design),
        &kernel,
        Around::Nothing,
        Simulator::default(),
    )?;
    let interpreter = model.interpreter()?;
    compare(interpreter.as_ref(), &built, &random_events(model, 100, 1))?;
    let start = Instant::now();
    let folder = tempfile::tempdir()?;
    let cells = synthesise(&design, folder.path())?;
    Ok(Row {
        name,
        estimated: estimate.luts,
        luts: cells.luts,
        estimated_ffs: estimate.ffs,
        ffs: cells.ffs,
        cycles: estimate.cycles,
        estimate_ms,
        yosys_s: start.elapsed().as_secs_f64(),
    })
}

/// Two or three dense layers with random shapes, widths and weights, rectified
/// and rounded in between.
fn network(seed: u64) -> String {
    let mut state = seed;
    let mut draw = move |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let layers = 2 + draw(2);
    let bits = 3 + draw(4);
    let mut width = 4 + draw(9);
    let mut text = format!(
        "trigforge-ir 0.2\nmodule \"network\"\n%0 \"x\" = input {{rounding=TRN, overflow=WRAP}} : \
         [{width}] fix(1,2,{})\n",
        2 + draw(5)
    );
    let (mut next, mut last) = (1, 0);
    for layer in 0..layers {
        let outputs = if layer + 1 == layers {
            1 + draw(5)
        } else {
            4 + draw(9)
        };
        let sparse = 1 + draw(4);
        let weights = (0..width * outputs).map(|_| match draw(4) < sparse {
            true => draw(1 << bits) as i64 - (1 << (bits - 1)),
            false => 0,
        });
        let weights: Vec<_> = weights.map(|weight| weight.to_string()).collect();
        text += &format!(
            "%{next} \"w{layer}\" = const {{mantissas=[{}]}} : [{width}, {outputs}] fix(1,{},0)\n\
             %{} \"dense{layer}\" = dense %{last}, %{next}\n",
            weights.join(", "),
            bits - 1,
            next + 1
        );
        last = next + 1;
        next += 2;
        if layer + 1 < layers {
            let rounding = ["TRN", "RND", "RND_CONV"][draw(3) as usize];
            text += &format!(
                "%{next} \"relu{layer}\" = relu %{last}\n\
                 %{} \"out{layer}\" = requantize %{next} {{rounding={rounding}, overflow=SAT}} : \
                 [{outputs}] fix(0,{},{})\n",
                next + 1,
                3 + draw(3),
                draw(4)
            );
            last = next + 1;
            next += 2;
        }
        width = outputs;
    }
    text + &format!("output \"y\" = %{last}\n")
}

fn page(rows: &[Row]) -> Result<String> {
    let mut errors: Vec<_> = rows.iter().map(|row| row.error().abs()).collect();
    if errors.is_empty() {
        bail!("there is nothing to write down");
    }
    errors.sort_by(f64::total_cmp);
    let mut text = format!(
        "# The estimate beside Yosys\n\nWritten by `cargo xtask peers estimate`: `trigforge estimate` \
         and Yosys 0.23\n(`synth_xilinx -family xcup -flatten -noiopad -nodsp`) on the same core, for \
         xcvu9p at 200 MHz. Look-up tables of {} designs: median\nerror {:.1} %, largest {:.1} %. The \
         cycles are those of a cycle-true simulation, exactly, in each; registers are fewer\nwhere \
         Yosys packs delays of three cycles and more into look-up tables.\n\n\
         | design | LUT estimated | LUT by Yosys | error | FF estimated | FF by Yosys | cycles | \
         estimate, ms | Yosys, s |\n|---|---|---|---|---|---|---|---|---|\n",
        rows.len(),
        errors[errors.len() / 2],
        errors[errors.len() - 1]
    );
    for row in rows {
        text += &format!(
            "| {} | {} | {} | {:+.1} % | {} | {} | {} | {:.0} | {:.0} |\n",
            row.name,
            row.estimated,
            row.luts,
            row.error(),
            row.estimated_ffs,
            row.ffs,
            row.cycles,
            row.estimate_ms,
            row.yosys_s
        );
    }
    Ok(text)
}
