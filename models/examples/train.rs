//! Trains a zoo entry: `train CONFIG.toml OUT_DIR [--resume]`.

use std::path::Path;
use std::process::ExitCode;

use trigforge_models::{Config, TrainOptions, train};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [config, out, rest @ ..] = arguments.as_slice() else {
        eprintln!("usage: train CONFIG.toml OUT_DIR [--resume]");
        return ExitCode::from(2);
    };
    let options = TrainOptions {
        out_dir: out.into(),
        resume: rest.iter().any(|a| a == "--resume"),
        ..TrainOptions::default()
    };
    let run = || -> Result<(), Box<dyn std::error::Error>> {
        let summary = train(&Config::from_file(Path::new(config))?, &options)?;
        for (part, figures) in [("validation", &summary.validation), ("test", &summary.test)] {
            for (kind, figures) in [("float", &figures.float), ("quantised", &figures.quantised)] {
                println!(
                    "{part} {kind}: accuracy {:.4}, AUC {:.4?}",
                    figures.accuracy, figures.auc
                );
            }
        }
        println!("{:.1} s of training", summary.seconds);
        Ok(())
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
