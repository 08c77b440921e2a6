//! The heap of a JVM.

use super::environment::{Environment, Source};
use super::heap;
use crate::snapshot::{Heap, HeapPlace, HeapSetting, OptionWord};

/// Environment variables that a JVM or its usual start scripts read options
/// from, those that win first. The arguments of the JVM win over all but
/// [`OVER_ARGUMENTS`]: the launcher and scripts put these in front of them, and
/// the JVM reads `JAVA_TOOL_OPTIONS` before them.
pub(super) const VARIABLES: [&str; 11] = [
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
pub(super) const OVER_ARGUMENTS: &str = "_JAVA_OPTIONS";
/// The size in the start script of many JVM images, which its own options go before.
pub(super) const RATIO: &str = "JAVA_MAX_MEM_RATIO";

/// `-Xmx`, else `-XX:MaxRAMPercentage` or its older form: within a place the last
/// word wins.
pub(super) fn find(env: &Environment<'_>, arguments: &[&str]) -> Option<Heap> {
    let first = Source::variable(env, OVER_ARGUMENTS);
    let known = VARIABLES.into_iter();
    let rest = known.filter_map(|name| Source::variable(env, name));
    let arguments = Source::arguments(arguments);
    let mut sources: Vec<Source<'_>> = first.into_iter().chain([arguments]).chain(rest).collect();
    // Many programs have a variable of their own, which their scripts pass on.
    let others = env.names().filter(|name| !is_known(name));
    sources.extend(others.filter_map(|name| Source::variable(env, name)));
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
    let fraction = |word: &OptionWord| match word {
        OptionWord::MaxRamFraction(percent) => {
            Some((HeapSetting::JavaMaxRamFraction, None, *percent))
        }
        _ => None,
    };
    let found = first_of(&sources, fixed)
        .or_else(|| first_of(&sources, share))
        .or_else(|| first_of(&sources, fraction));
    let Some((source, (setting, bytes, percent))) = found else {
        return ratio(env);
    };
    Some(heap(
        setting,
        bytes,
        percent,
        source.place(env, setting, alone),
    ))
}

fn is_known(name: &str) -> bool {
    name == OVER_ARGUMENTS || VARIABLES.contains(&name)
}

fn ratio(env: &Environment<'_>) -> Option<Heap> {
    let setting = HeapSetting::JavaMaxMemRatio;
    let text = env.value(RATIO)?;
    let percent = setting.read_share(text);
    let place = HeapPlace::variable(RATIO, text, setting, env.is_single(RATIO));
    let found = percent.is_some() || text.contains('$');
    found.then(|| heap(setting, None, percent, place))
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
