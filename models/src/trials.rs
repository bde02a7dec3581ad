//! The configuration that small trainings in tests have in common.

/// The text of a configuration of two classes: a data file, and what is particular of each table.
/// `data` and `model` need inputs and layers, `train` epochs, learning rate and patience.
pub(crate) fn text(path: &str, classes: [&str; 2], data: &str, model: &str, train: &str) -> String {
    let [first, second] = classes;
    format!(
        r#"
        [data]
        path = "{path}"
        label = "label"
        classes = ["{first}", "{second}"]
        split = {{ train = 0.6, validation = 0.2, test = 0.2, seed = 1 }}
        {data}
        [model]
        {model}
        [train]
        batch_size = 32
        seed = 3
        {train}
        "#
    )
}
