use burn::tensor::{DType, Device, Tensor, TensorData};

use super::gamma::{digamma, ln_gamma};
use super::members::repulsive;
use super::*;

fn matrix(values: &[f64], columns: usize) -> Tensor<2> {
    let shape = [values.len() / columns, columns];
    let data = TensorData::new(values.to_vec(), shape);
    Tensor::from_data(data, (&Device::flex(), DType::F64))
}

fn numbers(tensor: Tensor<2>) -> Vec<f64> {
    tensor.try_to_vec_as().expect("numbers")
}

fn head(method: Method, scale: Scale, relative: bool) -> HeadConfig {
    HeadConfig {
        method,
        scale,
        relative_to: relative.then(|| "b".to_owned()),
        bits: 12,
        output_bits: 18,
    }
}

fn value(head: &HeadConfig, learned: &[f64], target: f64, rows: usize) -> f64 {
    let each = each(
        head,
        matrix(learned, learned.len()),
        matrix(&[target], 1),
        rows,
    );
    numbers(each)[0]
}

#[test]
fn gaussian_likelihoods_by_their_formulas() {
    let linear = head(Method::Gaussian, Scale::Linear, true);
    // r = 5 - 1 - 2, sigma = e^0.5
    let expected = 4.0 * (-1f64).exp() / 2.0 + 0.5;
    assert!((value(&linear, &[2.0, 0.5, 1.0], 5.0, 1) - expected).abs() < 1e-12);
    let log = head(Method::Gaussian, Scale::Log, true);
    // mean = 2 e^0.1, sigma = mean e^-1: the density of the target itself, times 2.
    let (mean, sigma) = (2.0 * 0.1f64.exp(), 2.0 * 0.1f64.exp() * (-1f64).exp());
    let expected = ((3.0 - mean) / sigma).powi(2) / 2.0 + sigma.ln() - 2f64.ln();
    assert!((value(&log, &[0.1, -1.0, 2f64.ln()], 3.0, 1) - expected).abs() < 1e-12);
}

#[test]
fn gamma_functions() {
    let x = [0.3, 1.0, 2.5, 10.0, 500.0];
    for (x, found) in x.iter().zip(numbers(ln_gamma(matrix(&x, 1)))) {
        assert!(
            (found - libm::lgamma(*x)).abs() < 1e-8 * (1.0 + found.abs()),
            "{x} {found}"
        );
    }
    for (x, found) in x.iter().zip(numbers(digamma(matrix(&x, 1)))) {
        let slope = (libm::lgamma(x + 1e-5) - libm::lgamma(x - 1e-5)) / 2e-5;
        assert!(
            (found - slope).abs() < 1e-6 * (1.0 + slope.abs()),
            "{x} {found} {slope}"
        );
    }
}

#[test]
fn the_marginal_likelihood_is_a_student_distribution() {
    let method = Method::Evidential {
        penalty: 0.0,
        counts: 0.0,
    };
    let head = head(method, Scale::Linear, false);
    let (gamma, v, alpha, beta) = (1.0, 0.5f64, 3.0f64, 2.0f64);
    let learned = [gamma, v.ln(), (alpha - 1.0).ln(), beta.ln()];
    let scale = (beta * (1.0 + v) / (v * alpha)).sqrt();
    for target in [-2.0, 1.0, 4.5] {
        let z: f64 = (target - gamma) / scale;
        let student = libm::lgamma(alpha + 0.5)
            - libm::lgamma(alpha)
            - 0.5 * (2.0 * alpha).ln()
            - scale.ln()
            - (alpha + 0.5) * (1.0 + z * z / (2.0 * alpha)).ln();
        // Without ln(pi) / 2, as the loss leaves it out.
        let found = value(&head, &learned, target, 1);
        assert!((found + student).abs() < 1e-8, "{target} {found} {student}");
    }
    let with = HeadConfig {
        method: Method::Evidential {
            penalty: 0.1,
            counts: 0.0,
        },
        ..head.clone()
    };
    let added = value(&with, &learned, 4.0, 1) - value(&head, &learned, 4.0, 1);
    assert!(
        (added - 0.1 * 3.0 * (2.0 * v + alpha)).abs() < 1e-9,
        "{added}"
    );
}

/// With counts, the loss is least where the conjugate posterior is: `v = c N`, `alpha = c N / 2`,
/// `beta / alpha` the mean square of the residuals.
#[test]
fn the_expected_likelihood_counts_observations() {
    let method = Method::Evidential {
        penalty: 0.0,
        counts: 0.01,
    };
    let head = head(method, Scale::Linear, false);
    let rows = 2000;
    let residuals = [-0.3, 0.1, 0.5, -0.2];
    let mean_square = residuals.iter().map(|r| r * r).sum::<f64>() / 4.0;
    let loss = |v: f64, alpha: f64, beta: f64| -> f64 {
        let learned = [0.0, v.ln(), (alpha - 1.0).ln(), beta.ln()];
        residuals
            .iter()
            .map(|r| value(&head, &learned, *r, rows))
            .sum()
    };
    let (v, alpha) = (20.0, 10.0);
    let beta = alpha * mean_square;
    let least = loss(v, alpha, beta);
    for factor in [0.8, 1.25] {
        assert!(loss(v * factor, alpha, beta) > least, "v {factor}");
        assert!(
            loss(v, alpha * factor, beta * factor) > least,
            "alpha {factor}"
        );
        assert!(loss(v, alpha, beta * factor) > least, "beta {factor}");
    }
}

#[test]
fn members_repel_each_other() {
    let means = Tensor::<2>::from_data(
        TensorData::new(vec![0.0f32, 0.1, 0.5], [1, 3]),
        &Device::flex().autodiff(),
    )
    .require_grad();
    let value = repulsive(means.clone());
    let gradients = value.clone().sum().backward();
    let ratio: Vec<f32> = value.try_to_vec_as().expect("value");
    assert!((ratio[0] - 1.0).abs() < 1e-6, "{ratio:?}");
    let gradient: Vec<f32> = means
        .grad(&gradients)
        .expect("gradient")
        .try_to_vec_as()
        .expect("numbers");
    // A step against the gradient moves the outer ones out, and the near one from its neighbour.
    assert!(gradient[0] > 0.0 && gradient[2] < 0.0, "{gradient:?}");
    assert!(gradient[1] < 0.0, "{gradient:?}");
}

#[test]
fn a_mixture_of_equal_gaussians_is_one_and_quantiles_have_their_slopes() {
    let method = Method::Mixture { components: 2 };
    let head = head(method, Scale::Linear, false);
    let at = |quantile: f64| {
        let learned = [1.0, 1.0, 0.2, 0.2, 0.0, 0.0, quantile, 3.0, 3.0];
        value(&head, &learned, 3.0, 1)
    };
    let gaussian = 4.0 * (-0.4f64).exp() / 2.0 + 0.2;
    assert!((at(3.0) - gaussian).abs() < 1e-9, "{}", at(3.0));
    assert!((at(2.0) - at(3.0) - 0.158_655_253_931_457).abs() < 1e-9);
    assert!((at(4.0) - at(3.0) - 0.841_344_746_068_543).abs() < 1e-9);
}
