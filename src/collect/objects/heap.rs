use k8s_openapi::api::core::v1::Container;

use crate::snapshot::{Heap, HeapSetting};
use crate::units::{Bytes, Quantity};

/// Environment variables that a JVM or its usual start scripts read options from.
const JAVA: [&str; 8] = [
    "_JAVA_OPTIONS",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "JAVA_OPTS",
    "JAVA_OPTIONS",
    "JVM_OPTS",
    "CATALINA_OPTS",
    "ES_JAVA_OPTS",
];

/// The heap setting of a container, from its arguments or environment. A fixed
/// heap goes before a share, `_JAVA_OPTIONS` before all else as in the JVM.
pub(super) fn find(container: &Container) -> Option<Heap> {
    let env = container.env.as_deref().unwrap_or_default();
    let value = |name: &str| {
        let variable = env.iter().find(|variable| variable.name == name)?;
        variable.value.as_deref()
    };
    let command = container.command.iter().chain(&container.args).flatten();
    let arguments: Vec<&str> = command.flat_map(|text| text.split_whitespace()).collect();
    let java = JAVA.into_iter().filter_map(value);
    let options: Vec<&str> = java.flat_map(str::split_whitespace).collect();
    // `_JAVA_OPTIONS` comes first, and the JVM lets it win over the command line.
    let first = usize::from(value(JAVA[0]).is_some());
    let ordered = if first == 1 {
        [&options[..], &arguments[..]].concat()
    } else {
        [&arguments[..], &options[..]].concat()
    };
    xmx(&ordered)
        .or_else(|| max_ram_percentage(&ordered))
        .or_else(|| old_space(value("NODE_OPTIONS"), &arguments))
        .or_else(|| value("GOMEMLIMIT").and_then(go_limit))
}

/// `-Xmx512m`, or its long form `-XX:MaxHeapSize=512m`.
fn xmx(options: &[&str]) -> Option<Heap> {
    options.iter().find_map(|option| {
        let option = option.trim_matches(['"', '\'']);
        let size = option
            .strip_prefix("-Xmx")
            .or_else(|| option.strip_prefix("-XX:MaxHeapSize="))?;
        fixed(HeapSetting::JavaXmx, java_size(size)?)
    })
}

fn max_ram_percentage(options: &[&str]) -> Option<Heap> {
    options.iter().find_map(|option| {
        let option = option.trim_matches(['"', '\'']);
        let percent: f64 = option.strip_prefix("-XX:MaxRAMPercentage=")?.parse().ok()?;
        (percent > 0.0 && percent <= 100.0).then_some(Heap {
            setting: HeapSetting::JavaMaxRamPercentage,
            bytes: None,
            percent: Some(percent),
        })
    })
}

/// `--max-old-space-size=4096` or `--max-old-space-size 4096`, in MiB.
fn old_space(node_options: Option<&str>, arguments: &[&str]) -> Option<Heap> {
    let options = node_options.unwrap_or_default().split_whitespace();
    let mut words = arguments.iter().copied().chain(options);
    while let Some(word) = words.next() {
        // Node takes `_` for `-` in names of options of V8.
        let word = word.trim_matches(['"', '\'']).replace('_', "-");
        let Some(rest) = word.strip_prefix("--max-old-space-size") else {
            continue;
        };
        let size = match rest.strip_prefix('=') {
            Some(size) => size.parse().ok(),
            None => words.next().and_then(|size| size.parse().ok()),
        };
        return fixed(HeapSetting::NodeMaxOldSpace, Bytes::mib(size?));
    }
    None
}

/// `512MiB`, `1GiB`, `1000000`, `off`. Source: https://pkg.go.dev/runtime#hdr-Environment_Variables
fn go_limit(text: &str) -> Option<Heap> {
    let quantity: Quantity = text.trim_end_matches('B').parse().ok()?;
    fixed(HeapSetting::GoMemLimit, Bytes::from(&quantity))
}

/// `512m`, `2G`, `1048576k`: powers of 1024, in either case.
fn java_size(text: &str) -> Option<Bytes> {
    let (number, shift) = match text.bytes().last()?.to_ascii_lowercase() {
        b'k' => (&text[..text.len() - 1], 10),
        b'm' => (&text[..text.len() - 1], 20),
        b'g' => (&text[..text.len() - 1], 30),
        b't' => (&text[..text.len() - 1], 40),
        _ => (text, 0),
    };
    let number: u64 = number.parse().ok()?;
    number.checked_mul(1_u64 << shift).map(Bytes)
}

fn fixed(setting: HeapSetting, bytes: Bytes) -> Option<Heap> {
    (!bytes.is_zero()).then_some(Heap {
        setting,
        bytes: Some(bytes),
        percent: None,
    })
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
    fn nonsense_is_no_setting() {
        for text in ["-Xmx", "-Xmxm", "-Xmx0", "-Xmx99999999999999999999g", "é"] {
            assert_eq!(found(&[("JAVA_OPTS", text)], &[]), None, "{text}");
        }
        assert_eq!(found(&[("GOMEMLIMIT", "off")], &[]), None);
    }
}
