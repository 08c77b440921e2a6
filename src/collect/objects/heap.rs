use k8s_openapi::api::core::v1::{Container, EnvVar};

use crate::snapshot::{Heap, HeapPlace, HeapSetting, OptionWord, Size};
use crate::units::Quantity;

/// Environment variables that a JVM or its usual start scripts read options
/// from, those that win first. The arguments of the JVM win over all but
/// [`OVER_ARGUMENTS`]: the launcher and scripts put these in front of them, and
/// the JVM reads `JAVA_TOOL_OPTIONS` before them.
const JAVA: [&str; 11] = [
    "JAVA_OPTS",
    "JAVA_OPTIONS",
    "JAVA_OPTS_APPEND",
    "JVM_OPTS",
    "CATALINA_OPTS",
    "ES_JAVA_OPTS",
    "OPENSEARCH_JAVA_OPTS",
    "LS_JAVA_OPTS",
    "KAFKA_HEAP_OPTS",
    "JDK_JAVA_OPTIONS",
    "JAVA_TOOL_OPTIONS",
];
const OVER_ARGUMENTS: &str = "_JAVA_OPTIONS";
const NODE: &str = "NODE_OPTIONS";
const GO: &str = "GOMEMLIMIT";

/// The heap setting of a container, from its arguments or environment. A fixed
/// heap goes before a share. A setting whose value stands elsewhere is found
/// without a size.
pub(super) fn find(container: &Container) -> Option<Heap> {
    let env = Environment::of(container);
    let command = container.command.iter().chain(&container.args).flatten();
    let arguments: Vec<&str> = command.flat_map(|text| words(text)).collect();
    java(&env, &arguments)
        .or_else(|| node(&env, &arguments))
        .or_else(|| go(&env))
        .or_else(|| env.elsewhere())
}

/// Words without the quotes of a shell.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
        .map(|word| word.trim_matches(['"', '\'']))
}

/// The variables of a container.
struct Environment<'a>(&'a [EnvVar]);

impl<'a> Environment<'a> {
    fn of(container: &'a Container) -> Self {
        Self(container.env.as_deref().unwrap_or_default())
    }

    /// The last variable of a name is the one that counts.
    fn find(&self, name: &str) -> Option<&'a EnvVar> {
        self.0.iter().rev().find(|variable| variable.name == name)
    }

    fn value(&self, name: &str) -> Option<&'a str> {
        let variable = self.find(name)?;
        variable
            .value
            .as_deref()
            .filter(|_| variable.value_from.is_none())
    }

    fn is_single(&self, name: &str) -> bool {
        self.0
            .iter()
            .filter(|variable| variable.name == name)
            .count()
            == 1
    }

    /// A variable that may size a heap, and whose value is not here.
    fn elsewhere(&self) -> Option<Heap> {
        let java = [OVER_ARGUMENTS].into_iter().chain(JAVA);
        let all = java.map(|name| (name, HeapSetting::JavaXmx)).chain([
            (NODE, HeapSetting::NodeMaxOldSpace),
            (GO, HeapSetting::GoMemLimit),
        ]);
        let mut named = all.filter(|(name, _)| {
            let variable = self.find(name);
            variable.is_some_and(|variable| variable.value_from.is_some())
        });
        let (name, setting) = named.next()?;
        Some(heap(setting, None, None, reference(name)))
    }
}

/// Where options stand, and their words.
struct Source<'a> {
    /// The variable and its whole value; `None` for the arguments.
    variable: Option<(&'static str, &'a str)>,
    words: Vec<OptionWord>,
}

impl<'a> Source<'a> {
    fn variable(env: &Environment<'a>, name: &'static str) -> Option<Self> {
        let value = env.value(name)?;
        Some(Self {
            variable: Some((name, value)),
            words: words(value).map(OptionWord::read).collect(),
        })
    }

    fn arguments(arguments: &[&str]) -> Self {
        Self {
            variable: None,
            words: arguments
                .iter()
                .map(|word| OptionWord::read(word))
                .collect(),
        }
    }

    fn place(&self, env: &Environment<'_>, setting: HeapSetting, alone: bool) -> HeapPlace {
        match self.variable {
            Some((name, value)) => {
                HeapPlace::variable(name, value, setting, alone && env.is_single(name))
            }
            None => HeapPlace::Arguments,
        }
    }
}

/// `-Xmx` or `-XX:MaxRAMPercentage`: within a place the last word wins.
fn java(env: &Environment<'_>, arguments: &[&str]) -> Option<Heap> {
    let first = Source::variable(env, OVER_ARGUMENTS);
    let rest = JAVA
        .into_iter()
        .filter_map(|name| Source::variable(env, name));
    let arguments = Source::arguments(arguments);
    let sources: Vec<Source<'_>> = first.into_iter().chain([arguments]).chain(rest).collect();
    let speaks = |source: &&Source<'_>| source.words.iter().any(|word| word.is_of_heap());
    let alone = sources.iter().filter(speaks).count() == 1;
    let fixed = |word: &OptionWord| match word {
        OptionWord::MaxHeap(size) => Some((HeapSetting::JavaXmx, *size, None)),
        _ => None,
    };
    let share = |word: &OptionWord| match word {
        OptionWord::MaxRamPercentage(percent) => {
            Some((HeapSetting::JavaMaxRamPercentage, None, *percent))
        }
        _ => None,
    };
    let found = first_of(&sources, fixed).or_else(|| first_of(&sources, share));
    let (source, (setting, bytes, percent)) = found?;
    Some(heap(
        setting,
        bytes,
        percent,
        source.place(env, setting, alone),
    ))
}

/// The last word that is meant, of the first source that has one.
fn first_of<'s, 'a, T>(
    sources: &'s [Source<'a>],
    meant: impl Fn(&OptionWord) -> Option<T>,
) -> Option<(&'s Source<'a>, T)> {
    sources.iter().find_map(|source| {
        let found = source.words.iter().rev().find_map(&meant)?;
        Some((source, found))
    })
}

/// `--max-old-space-size`: the arguments win over `NODE_OPTIONS`.
fn node(env: &Environment<'_>, arguments: &[&str]) -> Option<Heap> {
    let setting = HeapSetting::NodeMaxOldSpace;
    let in_arguments = old_space(arguments.iter().copied());
    let variable = env.value(NODE);
    let in_variable = variable.and_then(|value| old_space(words(value)));
    if let Some(size) = in_arguments {
        return Some(heap(setting, size, None, HeapPlace::Arguments));
    }
    let place = HeapPlace::variable(NODE, variable?, setting, env.is_single(NODE));
    Some(heap(setting, in_variable?, None, place))
}

fn old_space<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<Size> {
    let mut found = None;
    while let Some(word) = words.next() {
        match OptionWord::read(word) {
            OptionWord::MaxOldSpace(Some(size)) => found = Some(size),
            OptionWord::MaxOldSpace(None) => {
                let next = words.next()?;
                let size = HeapSetting::NodeMaxOldSpace.read(next);
                found = (size.is_some() || next.contains('$')).then_some(size);
            }
            _ => {}
        }
    }
    found
}

fn go(env: &Environment<'_>) -> Option<Heap> {
    let setting = HeapSetting::GoMemLimit;
    if let Some(text) = env.value(GO) {
        let size = setting.read(text);
        let place = HeapPlace::variable(GO, text, setting, env.is_single(GO));
        let found = size.is_some() || text.contains('$');
        return found.then(|| heap(setting, size, None, place));
    }
    let field = env
        .find(GO)?
        .value_from
        .as_ref()?
        .resource_field_ref
        .as_ref()?;
    let whole = field.divisor.as_ref().is_none_or(|divisor| {
        let parts = divisor.0.parse::<Quantity>();
        // None is written as 0, and means bytes.
        parts.is_ok_and(|parts| parts.ceil() <= 1)
    });
    (field.resource == "limits.memory" && field.container_name.is_none() && whole)
        .then(|| heap(setting, None, Some(100.0), reference(GO)))
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
    fn nonsense_is_no_setting() {
        for text in ["-Xmx", "-Xmxm", "-Xmx0", "-Xmx99999999999999999999g", "é"] {
            assert_eq!(found(&[("JAVA_OPTS", text)], &[]), None, "{text}");
        }
        assert_eq!(found(&[("GOMEMLIMIT", "off")], &[]), None);
    }
}
