use serde::{Deserialize, Serialize};

use crate::units::Bytes;

mod options;

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
    /// Share of the container's memory limit in percent: `MaxRAMPercentage`, or
    /// a `GOMEMLIMIT` that is taken from the limit.
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
        }
    }

    /// The size in the whole value of a variable or in the word after an option
    /// of this setting.
    pub fn read(self, text: &str) -> Option<Bytes> {
        match self {
            Self::GoMemLimit => options::go_size(text),
            Self::NodeMaxOldSpace => options::mebibytes(text),
            Self::JavaXmx | Self::JavaMaxRamPercentage => None,
        }
    }

    /// With a value, as a person writes it: `-Xmx448m`.
    pub fn with(self, size: HeapSize) -> String {
        let mib = |size: HeapSize| match size {
            HeapSize::Fixed(bytes) => bytes.0 >> 20,
            HeapSize::Share(_) => 0,
        };
        match (self, size) {
            // Older JVMs take no percentage without a decimal point.
            (_, HeapSize::Share(percent)) => format!("-XX:MaxRAMPercentage={percent:.1}"),
            (Self::GoMemLimit, _) => format!("GOMEMLIMIT={}MiB", mib(size)),
            (Self::NodeMaxOldSpace, _) => format!("--max-old-space-size={}", mib(size)),
            (Self::JavaXmx | Self::JavaMaxRamPercentage, _) => format!("-Xmx{}m", mib(size)),
        }
    }
}

impl HeapPlace {
    /// A plain variable with this value, of which `alone` says that nothing
    /// else sizes the same heap.
    pub fn variable(name: &str, value: &str, setting: HeapSetting, alone: bool) -> Self {
        let plain = match setting {
            HeapSetting::GoMemLimit => setting.read(value).is_some(),
            _ => options::is_plain(value),
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
            HeapSize::Share(percent) => Some(limit?.scale(percent / 100.0)),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

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
