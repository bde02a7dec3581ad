//! Writes the linker script of the board's core: code where its memory begins.

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let origin = match variable("CARGO_CFG_TARGET_ARCH").as_str() {
        "riscv64" => "0x80000000",
        _ => "0x00100000",
    };
    let out = PathBuf::from(variable("OUT_DIR"));
    let script = std::fs::read_to_string("application.x")?.replace("ORIGIN", origin);
    std::fs::write(out.join("application.x"), script)?;
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rerun-if-changed=application.x");
    println!("cargo:rerun-if-env-changed=TRIGFORGE_EVENTS");
    Ok(())
}
