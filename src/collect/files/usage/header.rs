//! Which column of a file is what.

use crate::collect::Column;
use crate::snapshot::Metric;

/// The columns that every file has, in any order; one that tells of devices may be without the
/// last two.
pub(in crate::collect::files) const REQUIRED: [&str; 6] = [
    "namespace",
    "pod",
    "container",
    "timestamp",
    "cpu_cores",
    "memory_bytes",
];

/// The column that says which of several devices of a container a row is of.
pub(super) const DEVICE: &str = "gpu_device";

/// Places of the columns that are read; others may stand between them.
pub(super) struct Header {
    /// Namespace, pod, container.
    pub(super) names: [usize; 3],
    pub(super) timestamp: usize,
    pub(super) device: Option<usize>,
    pub(super) numbers: Vec<(Column, usize)>,
    /// Whether it has no CPU, and no memory.
    pub(super) lacks: [bool; 2],
}

impl Header {
    /// Fails with a text that says which columns are missing, or there twice.
    pub(super) fn of(columns: &[String]) -> Result<Self, String> {
        let place = |name: &str| columns.iter().position(|column| column == name);
        let of_devices = Metric::ALL.into_iter().filter(|it| it.is_of_devices());
        let mut of_devices = of_devices.map(|it| Column::More(it).name());
        let tells_devices = of_devices.any(|it| place(it).is_some());
        let lacks = [REQUIRED[4], REQUIRED[5]].map(|name| place(name).is_none());
        let needed = if tells_devices {
            &REQUIRED[..4]
        } else {
            &REQUIRED[..]
        };
        let missing: Vec<String> = needed
            .iter()
            .filter(|name| place(name).is_none())
            .map(|name| format!("`{name}`"))
            .collect();
        if !missing.is_empty() {
            let noun = if missing.len() == 1 {
                "column"
            } else {
                "columns"
            };
            return Err(format!("it has no {noun} {}", missing.join(", ")));
        }
        let numbers: Vec<(Column, usize)> = [Column::CpuCores, Column::MemoryBytes]
            .into_iter()
            .chain(Metric::ALL.map(Column::More))
            .filter_map(|column| Some((column, place(column.name())?)))
            .collect();
        let known = REQUIRED[..4].iter().copied();
        let known = known.chain([DEVICE]);
        let known = known.chain(numbers.iter().map(|(column, _)| column.name()));
        for name in known {
            if columns.iter().filter(|column| *column == name).count() > 1 {
                return Err(format!("it has the column `{name}` more than once"));
            }
        }
        let at = |name: &str| place(name).unwrap_or(0);
        Ok(Self {
            names: [at("namespace"), at("pod"), at("container")],
            timestamp: at("timestamp"),
            device: place(DEVICE),
            numbers,
            lacks,
        })
    }
}
