//! What sizes the heap of a container: settings, else what its runtime takes by itself.

use k8s_openapi::api::core::v1::Container;

use crate::snapshot::{Heap, HeapPlace, HeapSetting, Size};

mod default;
mod dotnet;
mod environment;
mod go;
mod image;
mod java;
mod node;
mod runtime;

use environment::Environment;

/// The heap setting of a container, from its arguments or environment. A fixed
/// heap goes before a share. A setting whose value stands elsewhere is found
/// without a size. Without any it is what its runtime takes of the memory limit.
pub(super) fn find(container: &Container) -> Option<Heap> {
    let env = Environment::of(container);
    let command = container.command.iter().chain(&container.args).flatten();
    let arguments: Vec<&str> = command.flat_map(|text| words(text)).collect();
    java::find(&env, &arguments)
        .or_else(|| node::find(&env, &arguments))
        .or_else(|| go::find(&env))
        .or_else(|| dotnet::find(&env))
        .or_else(|| env.elsewhere())
        .or_else(|| default::of(container, &env, &arguments))
}

/// Words without the quotes of a shell.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
        .map(|word| word.trim_matches(['"', '\'']))
}

fn reference(name: &str) -> HeapPlace {
    HeapPlace::Reference {
        name: name.to_owned(),
    }
}

fn heap(setting: HeapSetting, bytes: Size, percent: Option<f64>, place: HeapPlace) -> Heap {
    Heap {
        setting,
        bytes,
        percent,
        place: Some(place),
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::EnvVar;

    use super::*;

    fn found(env: &[(&str, &str)], args: &[&str]) -> Option<(&'static str, String)> {
        let env = env.iter().map(|(name, value)| EnvVar {
            name: (*name).to_owned(),
            value: Some((*value).to_owned()),
            ..EnvVar::default()
        });
        let container = Container {
            env: Some(env.collect()),
            args: Some(args.iter().map(ToString::to_string).collect()),
            ..Container::default()
        };
        let heap = find(&container)?;
        let size = heap.bytes.map(|bytes| bytes.to_string());
        let percent = heap.percent.map(|percent| format!("{percent}%"));
        Some((heap.setting.name(), size.or(percent)?))
    }

    #[test]
    fn settings_are_found_where_runtimes_read_them() {
        let java = |text: &str| Some(("-Xmx", text.to_owned()));
        assert_eq!(
            found(&[("JAVA_TOOL_OPTIONS", "-Xms64m -Xmx512m")], &[]),
            java("512Mi")
        );
        assert_eq!(
            found(&[], &["sh", "-c", "exec java -Xmx2G -jar a.jar"]),
            java("2Gi")
        );
        assert_eq!(
            found(&[("JAVA_OPTS", "-XX:MaxRAMPercentage=75.0")], &[]),
            Some(("-XX:MaxRAMPercentage", "75%".to_owned()))
        );
        assert_eq!(
            found(&[("GOMEMLIMIT", "900MiB")], &[]),
            Some(("GOMEMLIMIT", "900Mi".to_owned()))
        );
        assert_eq!(
            found(&[("NODE_OPTIONS", "--max-old-space-size=4096")], &[]),
            Some(("--max-old-space-size", "4Gi".to_owned()))
        );
        assert_eq!(
            found(&[], &["node", "--max_old_space_size", "256"]),
            Some(("--max-old-space-size", "256Mi".to_owned()))
        );
    }

    #[test]
    fn what_a_jvm_lets_win_wins() {
        let env = [("JAVA_TOOL_OPTIONS", "-Xmx1g"), ("_JAVA_OPTIONS", "-Xmx3g")];
        assert_eq!(
            found(&env, &["java", "-Xmx2g"]),
            Some(("-Xmx", "3Gi".to_owned()))
        );
        assert_eq!(
            found(&env[..1], &["java", "-Xmx2g"]),
            Some(("-Xmx", "2Gi".to_owned()))
        );
    }

    #[test]
    fn nonsense_sets_nothing_and_the_default_holds() {
        let default = Some(("-XX:MaxRAMPercentage", "25%".to_owned()));
        for text in ["-Xmx", "-Xmxm", "-Xmx0", "-Xmx99999999999999999999g", "é"] {
            assert_eq!(found(&[("JAVA_OPTS", text)], &[]), default, "{text}");
        }
        assert_eq!(found(&[("GOMEMLIMIT", "off")], &[]), None);
    }
}
