//! probe
use trigforge_codegen::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let t = std::time::Instant::now();
    let m = match quantize::load(
        std::path::Path::new(&a[1]),
        {
            let g = import::read(std::path::Path::new(&a[1])).ok();
            let n = g.map_or(1, |g| {
                g.inputs()
                    .map(|(_, n)| n.shape.iter().product::<usize>())
                    .sum::<usize>()
            });
            let mut s = 1u64;
            let events = (0..500)
                .map(|_| {
                    vec![
                        (0..n)
                            .map(|_| {
                                s = s
                                    .wrapping_mul(6364136223846793005)
                                    .wrapping_add(1442695040888963407);
                                ((s >> 33) as f64 / 2f64.powi(31) - 0.5) * 4.0
                            })
                            .collect(),
                    ]
                })
                .collect();
            a.get(4).map(|w| quantize::PostTraining {
                calibration: quantize::Calibration { events },
                width: w.parse().unwrap(),
            })
        }
        .as_ref(),
    ) {
        Ok(m) => m,
        Err(e) => {
            println!("{e}");
            return;
        }
    };
    println!("load {:?}", t.elapsed());
    let text = ir::print(&m);
    for l in text.lines() {
        println!("{}", &l.chars().take(150).collect::<String>());
    }
    assert_eq!(ir::parse(&text).map(|p| p == m), Ok(true));
    let i = interp::Interpreter::new(&m).unwrap();
    let k = emit::rust::emit(
        &m,
        i.info(),
        emit::rust::Options {
            single_file: a.len() > 3,
        },
    )
    .unwrap();
    k.write(std::path::Path::new("/tmp/t/kernel")).unwrap();
    let t = std::time::Instant::now();
    let b = verify::RustKernel::build(&m, &k, &verify::BuildOptions { cpu: None }).unwrap();
    println!("build {:?}", t.elapsed());
    let ev = verify::random_events(&m, a[2].parse().unwrap(), 1);
    let t = std::time::Instant::now();
    println!("{:?} {:?}", verify::compare(&i, &b, &ev), t.elapsed());
}
