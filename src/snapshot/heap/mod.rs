use serde::{Deserialize, Serialize};

use crate::units::{Bytes, count_from, float};

mod options;
mod whole;

pub use options::{OptionWord, Size};

/// How a runtime in the container sizes its heap, from its environment or arguments.
///
/// Only this is kept of a container's environment: numbers, and options that
/// [`OptionWord`] knows by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Heap {
    /// Which setting it is.
    pub setting: HeapSetting,
    /// A fixed size; `None` where the setting is a share of the limit, or its
    /// value is not known.
    pub bytes: Option<Bytes>,
    /// Share of the container's memory limit in percent: `MaxRAMPercentage`, a
    /// `GOMEMLIMIT` that is taken from the limit, or what a runtime takes by itself.
    pub percent: Option<f64>,
    /// Where it is set; `None` in bundles that do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<HeapPlace>,
}

/// The settings of runtimes that size a heap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeapSetting {
    /// `-Xmx`, JVM.
    JavaXmx,
    /// `-XX:MaxRAMPercentage`, JVM.
    JavaMaxRamPercentage,
    /// `GOMEMLIMIT`, Go; a soft limit of all memory, not of the heap alone.
    GoMemLimit,
    /// `--max-old-space-size`, Node.js.
    NodeMaxOldSpace,
    /// `-XX:MaxRAMFraction`, older JVMs: one part of so many.
    JavaMaxRamFraction,
    /// `JAVA_MAX_MEM_RATIO`, the start script of many JVM images.
    JavaMaxMemRatio,
    /// `DOTNET_GCHeapHardLimit`, .NET.
    DotnetHeapHardLimit,
    /// `DOTNET_GCHeapHardLimitPercent`, .NET.
    DotnetHeapHardLimitPercent,
}

/// Where a heap setting stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeapPlace {
    /// In a plain environment variable of the pod template.
    Variable {
        name: String,
        /// The whole value. `None` where a patch must not replace it: it holds
        /// words that kcost does not know by name and so does not keep, or
        /// something else sizes the same heap too.
        value: Option<String>,
    },
    /// In an environment variable whose value comes from a ConfigMap, a Secret
    /// or a field of the pod.
    Reference { name: String },
    /// In `command` or `args`.
    Arguments,
    /// The pods run with another value than the template says: something
    /// changes them when they are created.
    Injected,
    /// Nowhere: it is what the runtime takes by itself.
    Default,
    /// In what starts the program of the image, which sizes its heap by itself.
    Image,
    /// Perhaps in variables that come from a ConfigMap or Secret as a whole.
    EnvFrom,
}

/// What a heap is to be set to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum HeapSize {
    Fixed(Bytes),
    /// Percent of the memory limit.
    Share(f64),
}

impl HeapSetting {
    /// As a person writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::JavaXmx => "-Xmx",
            Self::JavaMaxRamPercentage => "-XX:MaxRAMPercentage",
            Self::GoMemLimit => "GOMEMLIMIT",
            Self::NodeMaxOldSpace => "--max-old-space-size",
            Self::JavaMaxRamFraction => "-XX:MaxRAMFraction",
            Self::JavaMaxMemRatio => "JAVA_MAX_MEM_RATIO",
            Self::DotnetHeapHardLimit => "DOTNET_GCHeapHardLimit",
            Self::DotnetHeapHardLimitPercent => "DOTNET_GCHeapHardLimitPercent",
        }
    }

    /// Whether the size is the whole value of a variable, rather than one of its words.
    fn is_whole_value(self) -> bool {
        match self {
            Self::GoMemLimit
            | Self::JavaMaxMemRatio
            | Self::DotnetHeapHardLimit
            | Self::DotnetHeapHardLimitPercent => true,
            Self::JavaXmx
            | Self::JavaMaxRamPercentage
            | Self::JavaMaxRamFraction
            | Self::NodeMaxOldSpace => false,
        }
    }

    /// The size in the whole value of a variable or in the word after an option
    /// of this setting.
    pub fn read(self, text: &str) -> Option<Bytes> {
        match self {
            Self::GoMemLimit => whole::go_size(text),
            Self::DotnetHeapHardLimit => whole::hexadecimal(text).map(Bytes),
            Self::NodeMaxOldSpace => options::mebibytes(text),
            Self::JavaXmx
            | Self::JavaMaxRamPercentage
            | Self::JavaMaxRamFraction
            | Self::JavaMaxMemRatio
            | Self::DotnetHeapHardLimitPercent => None,
        }
    }

    /// The share in percent in the whole value of a variable of this setting.
    pub fn read_share(self, text: &str) -> Option<f64> {
        match self {
            Self::JavaMaxMemRatio => whole::percent(text),
            Self::DotnetHeapHardLimitPercent => {
                let percent = float(whole::hexadecimal(text)?);
                (percent <= 100.0).then_some(percent)
            }
            _ => None,
        }
    }

    /// With a value, as a person writes it: `-Xmx448m`.
    pub fn with(self, size: HeapSize) -> String {
        let (mib, percent) = match size {
            HeapSize::Fixed(bytes) => (bytes.0 >> 20, 0.0),
            HeapSize::Share(percent) => (0, percent),
        };
        match (self, size) {
            (Self::JavaMaxMemRatio, HeapSize::Share(_)) => {
                format!("JAVA_MAX_MEM_RATIO={}", percent.floor())
            }
            (Self::DotnetHeapHardLimitPercent, HeapSize::Share(_)) => {
                let percent = count_from(percent.floor());
                format!("DOTNET_GCHeapHardLimitPercent=0x{percent:X}")
            }
            // Older JVMs take no percentage without a decimal point.
            (_, HeapSize::Share(_)) => format!("-XX:MaxRAMPercentage={percent:.1}"),
            (Self::GoMemLimit, _) => format!("GOMEMLIMIT={mib}MiB"),
            (Self::NodeMaxOldSpace, _) => format!("--max-old-space-size={mib}"),
            (Self::DotnetHeapHardLimit | Self::DotnetHeapHardLimitPercent, _) => {
                format!("DOTNET_GCHeapHardLimit=0x{:X}", mib << 20)
            }
            (
                Self::JavaXmx
                | Self::JavaMaxRamPercentage
                | Self::JavaMaxRamFraction
                | Self::JavaMaxMemRatio,
                _,
            ) => format!("-Xmx{mib}m"),
        }
    }
}

impl HeapPlace {
    /// A plain variable with this value, of which `alone` says that nothing
    /// else sizes the same heap.
    pub fn variable(name: &str, value: &str, setting: HeapSetting, alone: bool) -> Self {
        let plain = if setting.is_whole_value() {
            setting.read(value).is_some() || setting.read_share(value).is_some()
        } else {
            options::is_plain(value)
        };
        Self::Variable {
            name: name.to_owned(),
            value: (alone && plain).then(|| value.to_owned()),
        }
    }
}

impl Heap {
    /// The size, where it is known.
    pub fn size(&self) -> Option<HeapSize> {
        let share = || self.percent.map(HeapSize::Share);
        self.bytes.map(HeapSize::Fixed).or_else(share)
    }

    /// The heap under this memory limit; `None` where that cannot be said.
    pub fn under(&self, limit: Option<Bytes>) -> Option<Bytes> {
        match self.size()? {
            HeapSize::Fixed(bytes) => Some(bytes),
            HeapSize::Share(percent) => {
                let share = limit?.scale(percent / 100.0);
                Some(match self.setting {
                    HeapSetting::JavaMaxRamPercentage | HeapSetting::JavaMaxRamFraction => {
                        jvm_share(limit?, share)
                    }
                    HeapSetting::NodeMaxOldSpace => share.min(NODE_MOST),
                    _ => share,
                })
            }
        }
    }

    /// The heap that a share never goes beyond, whatever the limit is.
    pub fn most(&self) -> Option<Bytes> {
        (self.setting == HeapSetting::NodeMaxOldSpace && self.bytes.is_none()).then_some(NODE_MOST)
    }

    /// The variable in which a patch can change it, and the whole new value:
    /// everything but the size of the heap stays as it is.
    pub fn resized(&self, size: HeapSize) -> Option<(&str, String)> {
        match self.place.as_ref()? {
            HeapPlace::Variable {
                name,
                value: Some(value),
            } => Some((name, options::resized(self.setting, value, size)?)),
            _ => None,
        }
    }

    /// Whether it says the same, wherever it stands.
    pub fn is_like(&self, other: &Self) -> bool {
        (self.setting, self.bytes, self.percent) == (other.setting, other.bytes, other.percent)
    }
}

/// The heap that Node.js takes at most by itself. Source: `MaxOldGenerationSize` of V8
/// `src/heap/heap.cc`; older ones stop at half of it.
const NODE_MOST: Bytes = Bytes(4 << 30);

/// What a JVM takes at least, unless that is more than half of the memory.
const JVM_LEAST: Bytes = Bytes(130_862_280);

/// A share of the memory as a JVM takes it: half of little memory, whatever the share is.
///
/// Source: `Arguments::set_heap_size` of OpenJDK `src/hotspot/share/runtime/arguments.cpp`,
/// with the defaults of `MinRAMPercentage` and `MaxHeapSize` of 64-bit machines.
fn jvm_share(memory: Bytes, share: Bytes) -> Bytes {
    let half = memory.scale(0.5);
    if half < JVM_LEAST {
        half
    } else {
        share.max(JVM_LEAST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_little_memory_is_half_of_it() {
        let heap = |setting, percent: f64, mib: u64| {
            let heap = Heap {
                setting,
                bytes: None,
                percent: Some(percent),
                place: Some(HeapPlace::Default),
            };
            heap.under(Some(Bytes::mib(mib))).unwrap().0 >> 20
        };
        let java = HeapSetting::JavaMaxRamPercentage;
        assert_eq!(heap(java, 25.0, 8192), 2048);
        assert_eq!(heap(java, 25.0, 100), 50);
        assert_eq!(heap(java, 25.0, 300), 124);
        assert_eq!(heap(java, 75.0, 100), 50);
        let node = HeapSetting::NodeMaxOldSpace;
        assert_eq!(
            (heap(node, 50.0, 1024), heap(node, 50.0, 32_768)),
            (512, 4096)
        );
    }

    #[test]
    fn settings_are_written_as_runtimes_read_them() {
        let share = HeapSize::Share(80.9);
        let with = |setting: HeapSetting, size| setting.with(size);
        assert_eq!(
            with(HeapSetting::DotnetHeapHardLimitPercent, share),
            "DOTNET_GCHeapHardLimitPercent=0x50"
        );
        assert_eq!(
            with(
                HeapSetting::DotnetHeapHardLimit,
                HeapSize::Fixed(Bytes::mib(512))
            ),
            "DOTNET_GCHeapHardLimit=0x20000000"
        );
        assert_eq!(
            with(HeapSetting::JavaMaxMemRatio, share),
            "JAVA_MAX_MEM_RATIO=80"
        );
        let read = |text| HeapSetting::DotnetHeapHardLimitPercent.read_share(text);
        assert_eq!(
            (read("0x4B"), read("4b"), read("0xFF")),
            (Some(75.0), Some(75.0), None)
        );
    }

    #[test]
    fn bundles_that_do_not_say_where_are_read() {
        let older = r#"{"setting":"java_xmx","bytes":1073741824,"percent":null}"#;
        let heap: Heap = serde_json::from_str(older).unwrap();
        assert_eq!(
            (heap.bytes, heap.place.as_ref()),
            (Some(Bytes::gib(1)), None)
        );
        assert_eq!(heap.resized(HeapSize::Fixed(Bytes::mib(512))), None);
        assert_eq!(serde_json::to_string(&heap).unwrap(), older);
        let placed = Heap {
            place: Some(HeapPlace::variable(
                "JAVA_OPTS",
                "-Xmx1g",
                HeapSetting::JavaXmx,
                true,
            )),
            ..heap
        };
        let text = serde_json::to_string(&placed).unwrap();
        assert!(
            text.ends_with(r#""place":{"variable":{"name":"JAVA_OPTS","value":"-Xmx1g"}}}"#),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<Heap>(&text).unwrap(), placed);
    }
}
