//! The words of variables such as `JAVA_TOOL_OPTIONS`.

use super::{HeapSetting, HeapSize, whole};
use crate::units::Bytes;

/// What one word of a runtime's options is about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OptionWord {
    /// `-Xmx512m`, or its long form `-XX:MaxHeapSize=512m`.
    MaxHeap(Size),
    /// `-Xms64m`, or its long form `-XX:InitialHeapSize=64m`. A JVM does not
    /// start where it is above the maximum.
    InitialHeap(Size),
    /// `-XX:MaxRAMPercentage=75.0`.
    MaxRamPercentage(Option<f64>),
    /// `-XX:MaxRAMFraction=2`, as a share in percent.
    MaxRamFraction(Option<f64>),
    /// `--max-old-space-size=4096`, in MiB; without a size the next word has it.
    MaxOldSpace(Option<Size>),
    /// Bound to the size of the heap in another way: `-Xmn`.
    WithinHeap,
    /// One of the switches and numbers that kcost knows by name. They size no
    /// heap and can hold nothing that is secret.
    Known,
    /// Anything else.
    Foreign,
}

/// A size in a word; `None` where it stands elsewhere: `-Xmx$(HEAP)`.
pub type Size = Option<Bytes>;

/// Words that are kept as they stand, when all others of their variable can be
/// kept too. Nothing of a word comes from the cluster.
const SWITCHES: [&str; 40] = [
    "-client",
    "-ea",
    "-server",
    "-XX:+AlwaysActAsServerClassMachine",
    "-XX:+AlwaysPreTouch",
    "-XX:+CrashOnOutOfMemoryError",
    "-XX:+DisableExplicitGC",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:+ExplicitGCInvokesConcurrent",
    "-XX:+HeapDumpOnOutOfMemoryError",
    "-XX:+IgnoreUnrecognizedVMOptions",
    "-XX:+ParallelRefProcEnabled",
    "-XX:+PerfDisableSharedMem",
    "-XX:+PrintFlagsFinal",
    "-XX:+ScavengeBeforeFullGC",
    "-XX:+TieredCompilation",
    "-XX:+UnlockDiagnosticVMOptions",
    "-XX:+UnlockExperimentalVMOptions",
    "-XX:+UseCGroupMemoryLimitForHeap",
    "-XX:+UseCompressedOops",
    "-XX:+UseConcMarkSweepGC",
    "-XX:+UseContainerSupport",
    "-XX:+UseG1GC",
    "-XX:+UseNUMA",
    "-XX:+UseParallelGC",
    "-XX:+UseSerialGC",
    "-XX:+UseShenandoahGC",
    "-XX:+UseStringDeduplication",
    "-XX:+UseTransparentHugePages",
    "-XX:+UseZGC",
    "-XX:+ZGenerational",
    "-XX:-OmitStackTraceInFastThrow",
    "-XX:-UseAdaptiveSizePolicy",
    "-Dfile.encoding=UTF-8",
    "-Djava.awt.headless=true",
    "-Djava.net.preferIPv4Stack=true",
    "-Djava.security.egd=file:/dev/./urandom",
    "-Duser.timezone=UTC",
    "--enable-source-maps",
    "--expose-gc",
];

/// What stands before a number in words that are kept: `-Xss512k`.
const NUMBERS: [&str; 21] = [
    "-Xss",
    "-XX:ActiveProcessorCount=",
    "-XX:CICompilerCount=",
    "-XX:CompressedClassSpaceSize=",
    "-XX:ConcGCThreads=",
    "-XX:G1HeapRegionSize=",
    "-XX:G1ReservePercent=",
    "-XX:GCTimeRatio=",
    "-XX:InitialRAMPercentage=",
    "-XX:InitiatingHeapOccupancyPercent=",
    "-XX:MaxDirectMemorySize=",
    "-XX:MaxGCPauseMillis=",
    "-XX:MaxMetaspaceSize=",
    "-XX:MetaspaceSize=",
    "-XX:MinRAMPercentage=",
    "-XX:ParallelGCThreads=",
    "-XX:ReservedCodeCacheSize=",
    "-XX:ThreadStackSize=",
    "-XX:TieredStopAtLevel=",
    "-Dsun.net.inetaddr.ttl=",
    "--max-semi-space-size=",
];

/// Parts of a heap, which have to fit in it.
const WITHIN: [&str; 5] = [
    "-Xmn",
    "-XX:MaxNewSize=",
    "-XX:MinHeapSize=",
    "-XX:NewSize=",
    "-XX:SoftMaxHeapSize=",
];

const OLD_SPACE: &str = "--max-old-space-size";

impl OptionWord {
    /// Reads one word.
    pub fn read(word: &str) -> Self {
        let after = |names: [&str; 2]| names.into_iter().find_map(|name| word.strip_prefix(name));
        if let Some(size) = after(["-Xmx", "-XX:MaxHeapSize="]) {
            return sized(size, Self::MaxHeap);
        }
        if let Some(size) = after(["-Xms", "-XX:InitialHeapSize="]) {
            return sized(size, Self::InitialHeap);
        }
        if let Some(text) = word.strip_prefix("-XX:MaxRAMPercentage=") {
            return share(text);
        }
        if let Some(text) = word.strip_prefix("-XX:MaxRAMFraction=") {
            return fraction(text);
        }
        // Node takes `_` for `-` in the names of V8's options.
        let dashed = word.replace('_', "-");
        if let Some(rest) = dashed.strip_prefix(OLD_SPACE) {
            return old_space(rest);
        }
        let starts = |names: &[&str]| names.iter().any(|name| word.starts_with(name));
        let number = |name: &&str| word.strip_prefix(*name).is_some_and(is_number);
        if starts(&WITHIN) {
            Self::WithinHeap
        } else if SWITCHES.contains(&word) || NUMBERS.iter().any(number) {
            Self::Known
        } else {
            Self::Foreign
        }
    }

    /// Whether it sizes a heap, or has to fit in one.
    pub fn is_of_heap(self) -> bool {
        !matches!(self, Self::Known | Self::Foreign)
    }
}

fn sized(text: &str, word: impl FnOnce(Size) -> OptionWord) -> OptionWord {
    if text.contains('$') {
        return word(None);
    }
    match java_size(text) {
        Some(size) if !size.is_zero() => word(Some(size)),
        _ => OptionWord::Foreign,
    }
}

fn share(text: &str) -> OptionWord {
    if text.contains('$') {
        return OptionWord::MaxRamPercentage(None);
    }
    match text.parse::<f64>() {
        Ok(percent) if percent > 0.0 && percent <= 100.0 => {
            OptionWord::MaxRamPercentage(Some(percent))
        }
        _ => OptionWord::Foreign,
    }
}

fn fraction(text: &str) -> OptionWord {
    if text.contains('$') {
        return OptionWord::MaxRamFraction(None);
    }
    match text.parse::<f64>() {
        Ok(parts) if parts >= 1.0 => OptionWord::MaxRamFraction(Some(100.0 / parts)),
        _ => OptionWord::Foreign,
    }
}

fn old_space(rest: &str) -> OptionWord {
    let Some(text) = rest.strip_prefix('=') else {
        return if rest.is_empty() {
            OptionWord::MaxOldSpace(None)
        } else {
            OptionWord::Foreign
        };
    };
    if text.contains('$') {
        return OptionWord::MaxOldSpace(Some(None));
    }
    match mebibytes(text) {
        Some(size) => OptionWord::MaxOldSpace(Some(Some(size))),
        None => OptionWord::Foreign,
    }
}

/// A whole number of MiB above zero.
pub(super) fn mebibytes(text: &str) -> Option<Bytes> {
    let number: u64 = text.parse().ok()?;
    (number > 0).then(|| Bytes::mib(number))
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

/// Digits and at most one unit: nothing of it can be secret.
fn is_number(text: &str) -> bool {
    let digits = text.trim_end_matches(['k', 'K', 'm', 'M', 'g', 'G']);
    let short = text.len() <= digits.len() + 1 && digits.len() <= 12;
    short
        && !digits.is_empty()
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// Whether every word of a variable can be kept and written again.
pub(super) fn is_plain(value: &str) -> bool {
    let mut words = value.split_whitespace();
    while let Some(word) = words.next() {
        match OptionWord::read(word) {
            OptionWord::MaxHeap(Some(_))
            | OptionWord::InitialHeap(Some(_))
            | OptionWord::MaxRamPercentage(Some(_))
            | OptionWord::MaxOldSpace(Some(Some(_)))
            | OptionWord::Known => {}
            OptionWord::MaxOldSpace(None) if words.next().and_then(mebibytes).is_some() => {}
            _ => return false,
        }
    }
    true
}

/// The value with another size of the heap; `None` where it has none.
///
/// A first heap that was as large as the largest stays so; a smaller one stays,
/// unless it would be above it.
pub(super) fn resized(setting: HeapSetting, value: &str, size: HeapSize) -> Option<String> {
    if setting.is_whole_value() {
        return whole::resized(setting, value, size);
    }
    let before = largest(value);
    let mut written = false;
    let mut size_follows = false;
    let mut text = String::new();
    for piece in value.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        let new = if std::mem::take(&mut size_follows) {
            written = true;
            number(size)
        } else {
            match (OptionWord::read(word), size) {
                (OptionWord::MaxHeap(_) | OptionWord::MaxOldSpace(Some(_)), HeapSize::Fixed(_))
                | (OptionWord::MaxRamPercentage(_), HeapSize::Share(_)) => {
                    written = true;
                    renewed(setting, word, size)
                }
                (OptionWord::MaxOldSpace(None), HeapSize::Fixed(_)) => {
                    size_follows = true;
                    word.to_owned()
                }
                (OptionWord::InitialHeap(Some(first)), HeapSize::Fixed(max))
                    if first > max || before == Some(first) =>
                {
                    renewed(setting, word, size)
                }
                _ => word.to_owned(),
            }
        };
        text.push_str(&new);
        text.push_str(&piece[word.len()..]);
    }
    written.then_some(text)
}

/// The largest heap that a value names: the last word of it wins.
fn largest(value: &str) -> Option<Bytes> {
    let mut sizes = value
        .split_whitespace()
        .filter_map(|word| match OptionWord::read(word) {
            OptionWord::MaxHeap(size) => size,
            _ => None,
        });
    sizes.next_back()
}

/// `-Xmx`, `-Xms`, `-XX:MaxHeapSize=` or `--max_old_space_size=` as it stood, with
/// another size.
fn renewed(setting: HeapSetting, word: &str, size: HeapSize) -> String {
    let name = match word.split_once('=') {
        Some((name, _)) => format!("{name}="),
        None => word.chars().take("-Xmx".len()).collect(),
    };
    match (setting, size) {
        (_, HeapSize::Share(percent)) => format!("{name}{percent:.1}"),
        (HeapSetting::NodeMaxOldSpace, _) => format!("{name}{}", number(size)),
        _ => format!("{name}{}m", number(size)),
    }
}

fn number(size: HeapSize) -> String {
    match size {
        HeapSize::Fixed(bytes) => (bytes.0 >> 20).to_string(),
        HeapSize::Share(percent) => format!("{percent:.1}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_size_of_the_heap_changes() {
        let java = |value: &str, mib: u64| {
            let size = HeapSize::Fixed(Bytes::mib(mib));
            resized(HeapSetting::JavaXmx, value, size).unwrap()
        };
        assert_eq!(java("-XX:+UseG1GC  -Xmx1g", 448), "-XX:+UseG1GC  -Xmx448m");
        assert_eq!(
            java("-XX:MaxHeapSize=1G\n-Xss512k", 448),
            "-XX:MaxHeapSize=448m\n-Xss512k"
        );
        // The first heap never is above the largest, and stays as large where it was.
        assert_eq!(java("-Xms512m -Xmx1g", 448), "-Xms448m -Xmx448m");
        assert_eq!(java("-Xms64m -Xmx1g", 448), "-Xms64m -Xmx448m");
        assert_eq!(java("-Xms1g -Xmx1024m", 1200), "-Xms1200m -Xmx1200m");
        let node = |value: &str| {
            let size = HeapSize::Fixed(Bytes::mib(256));
            resized(HeapSetting::NodeMaxOldSpace, value, size)
        };
        assert_eq!(
            node("--expose-gc --max_old_space_size=4096").unwrap(),
            "--expose-gc --max_old_space_size=256"
        );
        assert_eq!(
            node("--max-old-space-size 4096 --expose-gc").unwrap(),
            "--max-old-space-size 256 --expose-gc"
        );
        assert_eq!(node("--expose-gc"), None);
        let go = resized(
            HeapSetting::GoMemLimit,
            "1GiB",
            HeapSize::Fixed(Bytes::mib(300)),
        );
        assert_eq!(go.as_deref(), Some("300MiB"));
        let share = resized(
            HeapSetting::JavaMaxRamPercentage,
            "-XX:MaxRAMPercentage=90 -XX:InitialRAMPercentage=50.0",
            HeapSize::Share(75.0),
        );
        assert_eq!(
            share.as_deref(),
            Some("-XX:MaxRAMPercentage=75.0 -XX:InitialRAMPercentage=50.0")
        );
    }

    #[test]
    fn a_value_is_kept_only_where_every_word_is_known() {
        for plain in [
            "-Xmx512m",
            "-server -XX:+UseZGC -Xss1m -Xms1g -Xmx1g",
            "--max-old-space-size 4096",
            "",
        ] {
            assert!(is_plain(plain), "{plain}");
        }
        for foreign in [
            "-Xmx512m -Dpassword=hunter2",
            "-Xmx$(HEAP)",
            "-Xmx512m -Xmn128m",
            "-javaagent:/opt/agent.jar -Xmx512m",
            "-XX:+hunter2",
            "-Xss1m2",
            "-XX:MaxGCPauseMillis=1234567890123",
            "\"-Xmx512m\"",
            "--max-old-space-size much",
        ] {
            assert!(!is_plain(foreign), "{foreign}");
        }
    }
}
