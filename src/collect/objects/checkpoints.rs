//! Whether a container is told to keep checkpoints in a bucket. Nothing of what it is told is
//! kept but that.

use k8s_openapi::api::core::v1::Container;

/// What addresses of object stores begin with.
const STORES: [&str; 12] = [
    "s3://", "s3a://", "gs://", "gcs://", "az://", "abfs://", "abfss://", "wasbs://", "oss://",
    "cos://", "obs://", "hdfs://",
];
/// What names of options have in them that say where a program writes to.
const WRITES: [&str; 7] = [
    "ckpt",
    "checkpoint",
    "output",
    "save",
    "snapshot",
    "persist",
    "storage_path",
];

/// By its arguments, and by its settings, which may be told as either.
pub(super) fn are_kept(container: &Container) -> bool {
    let words = container.command.iter().chain(&container.args).flatten();
    let words = words.flat_map(|text| text.split_whitespace());
    let words: Vec<String> = words
        .map(|it| it.trim_matches(['"', '\'']).to_ascii_lowercase())
        .collect();
    let name_of = |place: usize| {
        let before = place.checked_sub(1).and_then(|it| words.get(it));
        // A value stands behind its option, or in it.
        before.filter(|it| it.starts_with('-') && !it.contains('='))
    };
    let mut args = words.iter().enumerate().map(|(place, word)| {
        let name = name_of(place).map_or("", String::as_str);
        (name, word.as_str())
    });
    let env = container.env.iter().flatten();
    let mut env = env.filter_map(|it| {
        let value = it.value.as_ref()?.to_ascii_lowercase();
        Some((it.name.to_ascii_lowercase(), value))
    });
    args.any(|(name, word)| is_kept(name, word)) || env.any(|(name, it)| is_kept(&name, &it))
}

fn is_kept(name: &str, value: &str) -> bool {
    let is_stored = STORES.iter().any(|it| value.contains(it));
    let name = name.replace('-', "_");
    let value = value.replace('-', "_");
    is_stored
        && WRITES
            .iter()
            .any(|it| name.contains(it) || value.contains(it))
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::EnvVar;

    use super::*;

    fn kept(args: &[&str], env: &[(&str, &str)]) -> bool {
        are_kept(&Container {
            args: Some(args.iter().map(ToString::to_string).collect()),
            env: Some(
                env.iter()
                    .map(|(name, value)| EnvVar {
                        name: (*name).to_owned(),
                        value: Some((*value).to_owned()),
                        ..EnvVar::default()
                    })
                    .collect(),
            ),
            ..Container::default()
        })
    }

    #[test]
    fn a_bucket_that_is_written_to_keeps_checkpoints() {
        for args in [
            &["--output_dir", "s3://bucket/run"][..],
            &["--checkpoint-dir=gs://bucket/run"],
            &["-c", "python train.py --data /d --save 's3://b/x' --lr 1"],
            &["trainer.default_root=abfss://c@a.dfs.core.windows.net/ckpt"],
        ] {
            assert!(kept(args, &[]), "{args:?}");
        }
        assert!(kept(&[], &[("CKPT_PATH", "gs://models/run-1")]));
    }

    #[test]
    fn what_is_read_from_a_bucket_does_not() {
        for args in [
            &["--train-data", "s3://datasets/c4"][..],
            &["--output_dir", "/tmp/out"],
            &["--save", "--data", "s3://datasets/c4"],
        ] {
            assert!(!kept(args, &[]), "{args:?}");
        }
        assert!(!kept(&[], &[("DATA", "s3://datasets/c4")]));
    }
}
