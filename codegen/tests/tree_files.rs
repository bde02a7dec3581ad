//! Tree files of XGBoost, LightGBM and conifer made by hand: what they compute,
//! and a refusal for every entry that is not taken.

use std::path::Path;

use trigforge_codegen::import::read;
use trigforge_codegen::real::{Op, evaluate};

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Two trees of two features, as XGBoost 3 writes them: x0 < 0.5, then x1 < -1.
const XGBOOST: &str = r#"{"learner":{"attributes":{},"feature_names":[],"feature_types":["float","int"],
"gradient_booster":{"model":{"cats":{"enc":[],"feature_segments":[],"sorted_idx":[]},
"gbtree_model_param":{"num_parallel_tree":"1","num_trees":"2"},"iteration_indptr":[0,1,2],"tree_info":[0,0],
"trees":[{"base_weights":[0,1,2,3,4],"categories":[],"categories_nodes":[],"categories_segments":[],
"categories_sizes":[],"default_left":[1,0,0,0,0],"id":0,"left_children":[1,-1,3,-1,-1],"loss_changes":[0,0,0,0,0],
"parents":[2147483647,0,0,2,2],"right_children":[2,-1,4,-1,-1],"split_conditions":[5E-1,1.25E-1,-1E0,2.5E-1,-5E-1],
"split_indices":[0,0,1,0,0],"split_type":[0,0,0,0,0],"sum_hessian":[1,1,1,1,1],
"tree_param":{"num_deleted":"0","num_feature":"2","num_nodes":"5","size_leaf_vector":"1"}},
{"base_weights":[0],"default_left":[0],"id":1,"left_children":[-1],"loss_changes":[0],"parents":[2147483647],
"right_children":[-1],"split_conditions":[2E0],"split_indices":[0],"split_type":[0],"sum_hessian":[1],
"tree_param":{"num_deleted":"0","num_feature":"2","num_nodes":"1","size_leaf_vector":"1"}}]},"name":"gbtree"},
"learner_model_param":{"base_score":"[5E-1]","boost_from_average":"1","num_class":"0","num_feature":"2","num_target":"1"},
"objective":{"name":"binary:logistic","reg_loss_param":{"scale_pos_weight":"1"}}},"version":[3,2,0]}"#;

/// The same first tree with `<=`, as LightGBM 4 writes it.
const LIGHTGBM: &str = "tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=1
objective=binary sigmoid:1
feature_names=a b
feature_infos=none none
tree_sizes=300

Tree=0
num_leaves=3
num_cat=0
split_feature=0 1
split_gain=1 1
threshold=0.5 -1
decision_type=2 0
left_child=-1 -2
right_child=1 -3
leaf_value=0.125 0.25 -0.5
leaf_weight=1 1 1
leaf_count=1 1 1
internal_value=0 0
internal_weight=1 1
internal_count=2 2
is_linear=0
shrinkage=0.1


end of trees

feature_importances:
a=1

parameters:
[boosting: gbdt]
end of parameters
";

/// The same tree as conifer writes it, with a base of 2.
const CONIFER: &str = r#"{"n_classes": 2, "n_features": 2, "n_trees": 1, "max_depth": 2, "init_predict": [2.0],
"norm": 1.0, "library": "sklearn", "splitting_convention": "<=", "config": {"backend": "cpp"},
"trees": [[{"feature": [0, -2, 1, -2, -2], "threshold": [0.5, -2, -1, -2, -2], "value": [0, 0.125, 0, 0.25, -0.5],
"children_left": [1, -1, 3, -1, -1], "children_right": [2, -1, 4, -1, -1],
"weight": [[1, 0], [0, 0], [0, 1], [0, 0], [0, 0]]}]], "metadata": []}"#;

fn write(folder: &Path, bytes: &[u8]) -> std::io::Result<std::path::PathBuf> {
    let path = folder.join("model.txt");
    std::fs::write(&path, bytes)?;
    Ok(path)
}

/// Sums of a file for an event.
fn sums(
    folder: &Path,
    text: &str,
    event: [f64; 2],
) -> Result<Vec<f64>, Box<dyn std::error::Error>> {
    let graph = read(&write(folder, text.as_bytes())?)?;
    Ok(evaluate(&graph, &[&event])?[0].iter().copied().collect())
}

/// Each replacement in a text must give a refusal that holds the words.
fn refusals(text: &str, cases: &[(&str, &str, &str)]) -> Outcome {
    let folder = tempfile::tempdir()?;
    for (from, to, expected) in cases {
        assert!(text.contains(from), "{from} is not in the text");
        let changed = text.replacen(from, to, 1);
        match read(&write(folder.path(), changed.as_bytes())?) {
            Ok(_) => return Err(format!("taken: {from} as {to}").into()),
            Err(error) => {
                let error = error.to_string();
                assert!(error.contains(expected), "{from} as {to}: {error}");
                assert!(error.contains("model.txt"), "{error}");
            }
        }
    }
    Ok(())
}

#[test]
fn thresholds_belong_to_the_side_that_each_library_says() -> Outcome {
    let folder = tempfile::tempdir()?;
    for (event, less, less_equal) in [
        ([0.4, 0.0], 0.125, 0.125),
        ([0.5, 0.0], -0.5, 0.125),
        ([0.6, -1.0], -0.5, 0.25),
        ([0.6, -1.5], 0.25, 0.25),
        // Rounded to single precision, this is the threshold.
        ([0.5 - 1e-12, 0.0], -0.5, 0.125),
        // In double precision it is above it.
        ([0.5 + 1e-12, 0.0], -0.5, -0.5),
    ] {
        let folder = folder.path();
        assert_eq!(sums(folder, XGBOOST, event)?, [less + 2.0], "{event:?}");
        assert_eq!(sums(folder, LIGHTGBM, event)?, [less_equal], "{event:?}");
        assert_eq!(
            sums(folder, CONIFER, event)?,
            [less_equal + 2.0],
            "{event:?}"
        );
        let strict = CONIFER.replace("\"<=\"", "\"<\"");
        let expected = if event[0] == 0.5 - 1e-12 { 0.125 } else { less };
        assert_eq!(sums(folder, &strict, event)?, [expected + 2.0], "{event:?}");
    }
    Ok(())
}

#[test]
fn base_scores_are_read_in_every_spelling() -> Outcome {
    let folder = tempfile::tempdir()?;
    let logit = |p: f32| f64::from(-libm::logf(1.0 / p - 1.0));
    for (spelling, objective, expected) in [
        ("\"[5E-1]\"", "binary:logistic", 0.0),
        ("\"5E-1\"", "binary:logistic", 0.0),
        ("0.5", "binary:logistic", 0.0),
        ("\"[1.25E-1]\"", "binary:logistic", logit(0.125)),
        ("\"2.5E-1\"", "reg:squarederror", 0.25),
        ("\"[1E0]\"", "count:poisson", 0.0),
        ("\"[2.5E-1]\"", "binary:logitraw", 0.25),
    ] {
        let text = XGBOOST
            .replace("\"[5E-1]\"", spelling)
            .replace("binary:logistic", objective);
        let found = sums(folder.path(), &text, [0.4, 0.0])?;
        let expected = f64::from((expected as f32 + 0.125) + 2.0);
        assert_eq!(found, [expected], "{spelling} of {objective}");
    }
    Ok(())
}

#[test]
fn classes_interleave_and_softmax_follows() -> Outcome {
    let folder = tempfile::tempdir()?;
    let text = XGBOOST
        .replace("\"num_class\":\"0\"", "\"num_class\":\"2\"")
        .replace("\"tree_info\":[0,0]", "\"tree_info\":[0,1]")
        .replace("binary:logistic", "multi:softprob");
    let path = write(folder.path(), text.as_bytes())?;
    let graph = read(&path)?;
    let outputs = evaluate(&graph, &[&[0.4, 0.0]])?;
    assert_eq!(outputs[0].as_slice(), Some(&[0.625, 2.5][..]));
    let probability = 1.0 / (1.0 + (2.5f64 - 0.625).exp());
    assert!((outputs[1].iter().sum::<f64>() - 1.0).abs() < 1e-12);
    assert!((outputs[1].iter().next().unwrap_or(&0.0) - probability).abs() < 1e-12);
    assert_eq!(graph.outputs[1].0, "probability");
    Ok(())
}

#[test]
fn the_direction_of_missing_values_is_kept() -> Outcome {
    let folder = tempfile::tempdir()?;
    for (text, expected) in [(XGBOOST, [true, false]), (LIGHTGBM, [true, false])] {
        let graph = read(&write(folder.path(), text.as_bytes())?)?;
        let forest = graph.nodes.iter().find_map(|node| match &node.op {
            Op::Trees(forest) => Some(forest),
            _ => None,
        });
        let forest = forest.ok_or("no trees")?;
        let kept: Vec<_> = forest.decisions.iter().map(|d| d.missing_below).collect();
        assert_eq!(kept, expected);
        // A missing value itself is no number, and refused.
        assert!(evaluate(&graph, &[&[f64::NAN, 0.0]]).is_err());
    }
    Ok(())
}

#[test]
fn what_xgboost_files_hold_beyond_is_refused_by_name() -> Outcome {
    refusals(
        XGBOOST,
        &[
            (
                "\"name\":\"gbtree\"",
                "\"name\":\"gblinear\"",
                "booster `gblinear`",
            ),
            ("\"name\":\"gbtree\"", "\"name\":\"dart\"", "booster `dart`"),
            (
                "binary:logistic",
                "survival:aft",
                "objective `survival:aft`",
            ),
            ("\"num_target\":\"1\"", "\"num_target\":\"2\"", "2 targets"),
            (
                "\"size_leaf_vector\":\"1\"",
                "\"size_leaf_vector\":\"3\"",
                "several values",
            ),
            (
                "\"split_type\":[0,0,0",
                "\"split_type\":[1,0,0",
                "categorical",
            ),
            ("\"categories\":[]", "\"categories\":[3]", "categorical"),
            ("\"enc\":[]", "\"enc\":[{}]", "categorical"),
            ("\"float\",\"int\"", "\"float\",\"c\"", "type `c`"),
            (
                "\"attributes\":{}",
                "\"attributes\":{\"best_iteration\":\"0\"}",
                "stopped early",
            ),
            ("\"id\":0", "\"leaf_weights\":0", "trees[0].leaf_weights"),
            (
                "\"version\"",
                "\"weight_drop\":[],\"version\"",
                "weight_drop",
            ),
            (
                "\"boost_from_average\"",
                "\"magic\"",
                "learner_model_param.magic",
            ),
            ("\"reg_loss_param\"", "\"new_param\"", "objective.new_param"),
            (
                "\"feature_names\"",
                "\"feature_signs\"",
                "learner.feature_signs",
            ),
        ],
    )?;
    // All of it at once.
    let folder = tempfile::tempdir()?;
    let text = XGBOOST
        .replace("binary:logistic", "survival:aft")
        .replace("\"enc\":[]", "\"enc\":[{}]")
        .replace("\"num_target\":\"1\"", "\"num_target\":\"2\"");
    let error = read(&write(folder.path(), text.as_bytes())?);
    let error = error.err().ok_or("taken")?.to_string();
    for named in ["survival:aft", "categorical", "2 targets"] {
        assert!(error.contains(named), "{named} is missing in {error}");
    }
    Ok(())
}

#[test]
fn broken_xgboost_files_are_refused() -> Outcome {
    refusals(
        XGBOOST,
        &[
            (
                "\"left_children\":[1,-1,3",
                "\"left_children\":[1,-1,0",
                "reached twice",
            ),
            (
                "\"left_children\":[1,-1,3",
                "\"left_children\":[1,-1,9",
                "no node 9",
            ),
            (
                "\"left_children\":[1,-1,3",
                "\"left_children\":[1,-1,-7",
                "child -7",
            ),
            (
                "\"split_indices\":[0,0,1",
                "\"split_indices\":[0,0,2",
                "feature 2 of 2",
            ),
            (
                "\"split_conditions\":[5E-1,",
                "\"split_conditions\":[",
                "lists of",
            ),
            ("5E-1,1.25E-1", "1E99,1.25E-1", "threshold inf"),
            ("5E-1,1.25E-1", "5E-1,-1E99", "value -inf"),
            ("5E-1,1.25E-1", "NaN,1.25E-1", "expected value at line"),
            (
                "\"num_trees\":\"2\"",
                "\"num_trees\":\"3\"",
                "`num_trees` is 3",
            ),
            (
                "\"num_nodes\":\"5\"",
                "\"num_nodes\":\"18446744073709551615\"",
                "lists of",
            ),
            (
                "\"tree_info\":[0,0]",
                "\"tree_info\":[0,1]",
                "output 1 of 1",
            ),
            (
                "\"num_feature\":\"2\",\"num_target\"",
                "\"num_feature\":\"99999999999\",\"num_target\"",
                "elements",
            ),
            ("\"[5E-1]\"", "\"[5E-1,5E-1]\"", "2 base scores"),
            ("\"[5E-1]\"", "\"[1E0]\"", "no finite margin"),
            ("\"[5E-1]\"", "\"many\"", "no number"),
            (
                "\"learner_model_param\"",
                "\"else\"",
                "learner_model_param` is missing",
            ),
        ],
    )
}

#[test]
fn what_lightgbm_files_hold_beyond_is_refused_by_name() -> Outcome {
    refusals(
        LIGHTGBM,
        &[
            ("version=v4", "version=v9", "`v9`"),
            (
                "objective=binary",
                "objective=cross_entropy_lambda",
                "cross_entropy_lambda",
            ),
            ("sigmoid:1", "sigmoid:-1", "no sigmoid parameter"),
            (
                "objective=binary sigmoid:1",
                "objective=regression sqrt",
                "`sqrt`",
            ),
            ("label_index=0", "label_index=0\nwhat=1", "header.what"),
            ("shrinkage=0.1", "shrinkage=0.1\nwhat=1", "Tree=0.what"),
            (
                "num_cat=0",
                "num_cat=1\ncat_boundaries=0 1\ncat_threshold=1",
                "categorical",
            ),
            ("decision_type=2 0", "decision_type=3 0", "categorical"),
            ("decision_type=2 0", "decision_type=4 0", "zero_as_missing"),
            ("decision_type=2 0", "decision_type=2 6", "zero_as_missing"),
            ("decision_type=2 0", "decision_type=16 0", "16 is not known"),
            ("decision_type=2 0", "decision_type=12 0", "12 is not known"),
            (
                "is_linear=0",
                "is_linear=1\nleaf_const=0 0 0",
                "linear trees",
            ),
        ],
    )?;
    // Zeros that go where the threshold sends them too, missing or not.
    let folder = tempfile::tempdir()?;
    let same = LIGHTGBM.replace("decision_type=2 0", "decision_type=6 4");
    assert_eq!(sums(folder.path(), &same, [0.0, 0.0])?, [0.125]);
    Ok(())
}

#[test]
fn broken_lightgbm_files_are_refused() -> Outcome {
    refusals(
        LIGHTGBM,
        &[
            ("end of trees", "end", "not whole"),
            ("right_child=1 -3", "right_child=0 -3", "reached twice"),
            ("right_child=1 -3", "right_child=1 -9", "no child -9"),
            ("threshold=0.5 -1", "threshold=0.5", "has 1 entries"),
            ("threshold=0.5 -1", "threshold=nan -1", "threshold NaN"),
            ("leaf_value=0.125", "leaf_value=inf", "value inf"),
            ("num_leaves=3", "num_leaves=0", "no leaves"),
            ("num_leaves=3", "num_leaves=4", "expected 3"),
            ("Tree=0", "Tree=1", "expected Tree=0"),
            (
                "num_tree_per_iteration=1",
                "num_tree_per_iteration=0",
                "no outputs",
            ),
            ("max_feature_idx=1", "max_feature_idx=0", "feature 1 of 1"),
            ("split_gain=1 1", "threshold=1 1", "twice"),
        ],
    )
}

#[test]
fn lightgbm_averages_and_transforms_are_operations_of_their_own() -> Outcome {
    let folder = tempfile::tempdir()?;
    let tree = LIGHTGBM.find("Tree=0").zip(LIGHTGBM.find("end of trees"));
    let (from, to) = tree.ok_or("no tree")?;
    let second = LIGHTGBM[from..to].replace("Tree=0", "Tree=1");
    let text = LIGHTGBM
        .replace("end of trees", &format!("{second}end of trees"))
        .replace(
            "objective=binary sigmoid:1",
            "objective=binary sigmoid:0.5\naverage_output",
        );
    let graph = read(&write(folder.path(), text.as_bytes())?)?;
    let outputs = evaluate(&graph, &[&[0.6, -2.0]])?;
    assert_eq!(outputs[0].as_slice(), Some(&[0.25][..]));
    let expected = 1.0 / (1.0 + (-0.125f64).exp());
    let found = outputs[1].iter().copied().next().ok_or("no probability")?;
    assert!(
        (found - expected).abs() < 1e-12,
        "{found} is not {expected}"
    );
    Ok(())
}

#[test]
fn what_conifer_files_hold_beyond_is_refused_by_name() -> Outcome {
    refusals(
        CONIFER,
        &[
            ("\"norm\": 1.0", "\"norm\": 0.5", "norm other than 1"),
            ("\"<=\"", "\">\"", "`>` is not taken"),
            (
                "[1, 0], [0, 0], [0, 1]",
                "[1, 0], [0, 0], [0.5, 1]",
                "weighted sum",
            ),
            ("\"metadata\"", "\"what\"", "what"),
            ("\"value\"", "\"values\"", "`trees[0][0].value` is missing"),
            ("\"n_trees\": 1", "\"n_trees\": 2", "`n_trees` is 2"),
            (
                "\"init_predict\": [2.0]",
                "\"init_predict\": [2.0, 1.0]",
                "has 1 trees",
            ),
            (
                "\"children_left\": [1, -1, 3",
                "\"children_left\": [1, -1, 2",
                "reached twice",
            ),
        ],
    )
}

#[test]
fn binary_forms_are_refused_with_advice() -> Outcome {
    let folder = tempfile::tempdir()?;
    for bytes in [
        &b"{L\0\0\0\0\0\0\0\x07learner{"[..],
        &b"{i\x07learner{"[..],
        &b"binf\0\0"[..],
    ] {
        let error = read(&write(folder.path(), bytes)?).err().ok_or("taken")?;
        assert!(
            error.to_string().contains("save_model(\"model.json\")"),
            "{error}"
        );
    }
    let error = read(&write(folder.path(), b"{\"what\": 1}")?)
        .err()
        .ok_or("taken")?;
    assert!(error.to_string().contains("is not a model"), "{error}");
    Ok(())
}

/// Cut anywhere, a file is refused; no byte makes a reader panic or wait.
#[test]
fn every_truncation_is_refused() -> Outcome {
    let folder = tempfile::tempdir()?;
    for text in [XGBOOST, LIGHTGBM, CONIFER] {
        let whole = text
            .find("\nend of trees")
            .unwrap_or(text.trim_end().len() - 1);
        for length in (1..whole).step_by(7) {
            let path = write(folder.path(), &text.as_bytes()[..length])?;
            assert!(read(&path).is_err(), "{length} bytes of {whole} were taken");
        }
        for at in (0..text.len()).step_by(11) {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] = b'9';
            // Taken or refused, but not a panic.
            let _outcome = read(&write(folder.path(), &bytes)?);
        }
    }
    Ok(())
}

/// A chain of splits far deeper than an engine walks ends in an error.
#[test]
fn deep_trees_are_refused() -> Outcome {
    let folder = tempfile::tempdir()?;
    let count = 20_001;
    let list = |item: &dyn Fn(usize) -> i64| -> String {
        let items: Vec<_> = (0..count).map(|index| item(index).to_string()).collect();
        items.join(", ")
    };
    let split = |index: usize| index.is_multiple_of(2) && index + 2 < count;
    let feature = list(&|index| if split(index) { 0 } else { -2 });
    let left = list(&|index| if split(index) { index as i64 + 1 } else { -1 });
    let right = list(&|index| if split(index) { index as i64 + 2 } else { -1 });
    let zeros = list(&|_| 0);
    let text = format!(
        "{{\"n_features\": 1, \"n_trees\": 1, \"init_predict\": [0], \"trees\": [[{{\"feature\": [{feature}], \
         \"threshold\": [{zeros}], \"value\": [{zeros}], \"children_left\": [{left}], \
         \"children_right\": [{right}]}}]]}}"
    );
    let error = read(&write(folder.path(), text.as_bytes())?)
        .err()
        .ok_or("taken")?;
    assert!(error.to_string().contains("deeper than 128"), "{error}");
    Ok(())
}
