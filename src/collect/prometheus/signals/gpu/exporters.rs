//! What exporters of accelerators call what they tell, and in which unit.

/// What a metric tells of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tells {
    /// Share of the time that anything ran.
    Busy,
    /// Share of the multiprocessors that had work.
    Sm,
    /// Share of the time that tensor units worked.
    Tensor,
    /// Share of the time that memory was read or written.
    Dram,
    /// Bytes in use.
    Used,
    Free,
    /// Bytes that the driver keeps back.
    Reserved,
    /// Bytes that there are.
    Total,
    /// Watts.
    Power,
    /// The number of the last XID error.
    Xid,
    /// Hertz.
    Clock,
}

/// How a metric becomes its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scale {
    /// Times this.
    Times(f64),
    /// A share by its name, of which some builds print percent: the data say which.
    Share,
    /// How many there are of what this label numbers.
    Counts(&'static str),
}

/// A metric of an exporter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source {
    pub(super) metric: &'static str,
    pub(super) tells: Tells,
    pub(super) scale: Scale,
    /// What tells its series from others of the same name.
    pub(super) condition: &'static str,
    /// Whom it is about.
    pub(super) of: Of,
}

/// Whom a metric is about where several containers share a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// The device, whoever uses it.
    Device,
    /// The device as a whole even where it is cut into slices: of a slice it is nothing.
    Whole,
    /// The device; of processes where the exporter tells them apart.
    Either,
    /// The container alone.
    Container,
}

const PERCENT: Scale = Scale::Times(0.01);
const ONE: Scale = Scale::Times(1.0);
const MEBIBYTES: Scale = Scale::Times(1_048_576.0);

/// Metrics of Google's device plugins have names that any program may use.
const GOOGLE: &str = ",accelerator_id!=\"\"";

const fn source(metric: &'static str, tells: Tells, scale: Scale, of: Of) -> Source {
    Source {
        metric,
        tells,
        scale,
        condition: "",
        of,
    }
}

const fn only(condition: &'static str, source: Source) -> Source {
    Source {
        condition,
        ..source
    }
}

/// Every metric that is read. Of those that tell the same, the first that is there counts.
///
/// Sources: dcgm-exporter `etc/default-counters.csv` and the field names of DCGM 4.6
/// (go-dcgm `const_fields.go`); AMD device-metrics-exporter `metricslist.md`; Intel
/// xpumanager `Prometheus_Exported_Metrics.csv`; AWS neuron-monitor; Google's GPU and TPU
/// device plugins; `HAMi` `vGPUmonitor`; Triton; `nvidia_gpu_exporter`.
pub(super) static ALL: &[Source] = &[
    source(
        "DCGM_FI_PROF_GR_ENGINE_ACTIVE",
        Tells::Busy,
        Scale::Share,
        Of::Device,
    ),
    source(
        "DCGM_FI_PROF_GR_ENGINE_UTIL_RATIO",
        Tells::Busy,
        Scale::Share,
        Of::Device,
    ),
    source("DCGM_FI_DEV_GPU_UTIL", Tells::Busy, PERCENT, Of::Either),
    source(
        "DCGM_FI_DEV_GPU_UTIL_RATIO",
        Tells::Busy,
        Scale::Share,
        Of::Either,
    ),
    source("gpu_gfx_activity", Tells::Busy, PERCENT, Of::Device),
    source("amd_gpu_gfx_activity", Tells::Busy, PERCENT, Of::Device),
    only(
        ",type=\"compute\"",
        source("xpum_engine_group_ratio", Tells::Busy, PERCENT, Of::Device),
    ),
    source(
        "hw_gpu_utilization_ratio",
        Tells::Busy,
        Scale::Share,
        Of::Device,
    ),
    source(
        "neuroncore_utilization_ratio",
        Tells::Busy,
        Scale::Share,
        Of::Device,
    ),
    only(
        GOOGLE,
        source("duty_cycle", Tells::Busy, PERCENT, Of::Device),
    ),
    source(
        "kubernetes_io:container_accelerator_duty_cycle",
        Tells::Busy,
        PERCENT,
        Of::Device,
    ),
    source(
        "hami_container_device_utilization_ratio",
        Tells::Busy,
        Scale::Share,
        Of::Container,
    ),
    source(
        "Device_utilization_desc_of_container",
        Tells::Busy,
        PERCENT,
        Of::Container,
    ),
    source(
        "nvidia_smi_utilization_gpu_ratio",
        Tells::Busy,
        Scale::Share,
        Of::Device,
    ),
    source("nv_gpu_utilization", Tells::Busy, Scale::Share, Of::Device),
    source(
        "DCGM_FI_PROF_SM_ACTIVE",
        Tells::Sm,
        Scale::Share,
        Of::Device,
    ),
    source(
        "DCGM_FI_PROF_SM_UTIL_RATIO",
        Tells::Sm,
        Scale::Share,
        Of::Device,
    ),
    source("xpum_eu_active_ratio", Tells::Sm, PERCENT, Of::Device),
    source(
        "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE",
        Tells::Tensor,
        Scale::Share,
        Of::Device,
    ),
    source(
        "DCGM_FI_PROF_TENSOR_UTIL_RATIO",
        Tells::Tensor,
        Scale::Share,
        Of::Device,
    ),
    only(
        GOOGLE,
        source("tensorcore_utilization", Tells::Tensor, PERCENT, Of::Device),
    ),
    source(
        "DCGM_FI_PROF_DRAM_ACTIVE",
        Tells::Dram,
        Scale::Share,
        Of::Device,
    ),
    source(
        "DCGM_FI_PROF_DRAM_UTIL_RATIO",
        Tells::Dram,
        Scale::Share,
        Of::Device,
    ),
    source("gpu_umc_activity", Tells::Dram, PERCENT, Of::Device),
    source("amd_gpu_umc_activity", Tells::Dram, PERCENT, Of::Device),
    source(
        "xpum_memory_bandwidth_ratio",
        Tells::Dram,
        PERCENT,
        Of::Device,
    ),
    source(
        "hw_memory_bandwidth_utilization_ratio",
        Tells::Dram,
        Scale::Share,
        Of::Device,
    ),
    only(
        GOOGLE,
        source(
            "memory_bandwidth_utilization",
            Tells::Dram,
            PERCENT,
            Of::Device,
        ),
    ),
    source("DCGM_FI_DEV_FB_USED", Tells::Used, MEBIBYTES, Of::Either),
    source("gpu_used_vram", Tells::Used, MEBIBYTES, Of::Device),
    source("amd_gpu_used_vram", Tells::Used, MEBIBYTES, Of::Device),
    source("xpum_memory_used_bytes", Tells::Used, ONE, Of::Device),
    only(
        ",pci_bdf!=\"\"",
        source("hw_memory_usage_bytes", Tells::Used, ONE, Of::Device),
    ),
    only(
        ",memory_location=\"neuron_device\"",
        source(
            "neuron_runtime_memory_used_bytes",
            Tells::Used,
            ONE,
            Of::Device,
        ),
    ),
    only(GOOGLE, source("memory_used", Tells::Used, ONE, Of::Device)),
    source(
        "kubernetes_io:container_accelerator_memory_used",
        Tells::Used,
        ONE,
        Of::Device,
    ),
    source(
        "hami_vgpu_memory_used_bytes",
        Tells::Used,
        ONE,
        Of::Container,
    ),
    source(
        "vGPU_device_memory_usage_in_bytes",
        Tells::Used,
        ONE,
        Of::Container,
    ),
    source("nvidia_smi_memory_used_bytes", Tells::Used, ONE, Of::Device),
    source("nv_gpu_memory_used_bytes", Tells::Used, ONE, Of::Device),
    source("DCGM_FI_DEV_FB_FREE", Tells::Free, MEBIBYTES, Of::Device),
    source(
        "DCGM_FI_DEV_FB_RESERVED",
        Tells::Reserved,
        MEBIBYTES,
        Of::Device,
    ),
    source("DCGM_FI_DEV_FB_TOTAL", Tells::Total, MEBIBYTES, Of::Device),
    source("gpu_total_vram", Tells::Total, MEBIBYTES, Of::Device),
    source("amd_gpu_total_vram", Tells::Total, MEBIBYTES, Of::Device),
    only(
        GOOGLE,
        source("memory_total", Tells::Total, ONE, Of::Device),
    ),
    source(
        "kubernetes_io:container_accelerator_memory_total",
        Tells::Total,
        ONE,
        Of::Device,
    ),
    source(
        "hami_vgpu_memory_limit_bytes",
        Tells::Total,
        ONE,
        Of::Container,
    ),
    source(
        "nvidia_smi_memory_total_bytes",
        Tells::Total,
        ONE,
        Of::Device,
    ),
    source("nv_gpu_memory_total_bytes", Tells::Total, ONE, Of::Device),
    source("DCGM_FI_DEV_POWER_USAGE", Tells::Power, ONE, Of::Whole),
    source(
        "DCGM_FI_DEV_BOARD_POWER_WATTS",
        Tells::Power,
        ONE,
        Of::Whole,
    ),
    source("gpu_package_power", Tells::Power, ONE, Of::Whole),
    source("amd_gpu_package_power", Tells::Power, ONE, Of::Whole),
    source("gpu_average_package_power", Tells::Power, ONE, Of::Whole),
    source("gpu_power_usage", Tells::Power, ONE, Of::Whole),
    source("xpum_power_watts", Tells::Power, ONE, Of::Whole),
    only(
        ",pci_bdf!=\"\"",
        source("hw_power_watts", Tells::Power, ONE, Of::Whole),
    ),
    source("nvidia_smi_power_draw_watts", Tells::Power, ONE, Of::Whole),
    source("nv_gpu_power_usage", Tells::Power, ONE, Of::Whole),
    source("DCGM_FI_DEV_XID_ERRORS", Tells::Xid, ONE, Of::Device),
    source("DCGM_FI_DEV_XID_ERROR", Tells::Xid, ONE, Of::Device),
    source(
        "DCGM_EXP_XID_ERRORS_COUNT",
        Tells::Xid,
        Scale::Counts("xid"),
        Of::Device,
    ),
    source(
        "DCGM_FI_DEV_SM_CLOCK",
        Tells::Clock,
        Scale::Times(1e6),
        Of::Whole,
    ),
];

/// So much above the most that can be true is taken for it: counters overshoot.
pub(super) const SLACK: f64 = 1.05;

impl Source {
    /// The most that can be true of one device, in its unit. What may be percent is told
    /// from shares when all is known.
    pub(super) fn most(&self) -> f64 {
        match self.scale {
            Scale::Times(_) | Scale::Counts(_) => self.tells.most(),
            Scale::Share => 100.0,
        }
    }

    /// The most that may stand in a store, in the unit of the exporter.
    pub(super) fn most_written(&self) -> f64 {
        match self.scale {
            Scale::Times(unit) => self.most() * SLACK / unit,
            Scale::Share => self.most() * SLACK,
            Scale::Counts(_) => 1e9,
        }
    }
}

impl Tells {
    /// The most that can be true of one device: beyond is a blank of DCGM, which has
    /// 2,147,483,632 and more for what it could not read.
    pub(super) fn most(self) -> f64 {
        match self {
            Self::Busy | Self::Sm | Self::Tensor | Self::Dram => 1.0,
            Self::Used | Self::Free | Self::Reserved | Self::Total => 1e13,
            Self::Power => 5_000.0,
            Self::Xid => 1_000.0,
            Self::Clock => 1e10,
        }
    }

    pub(super) fn is_share(self) -> bool {
        matches!(self, Self::Busy | Self::Sm | Self::Tensor | Self::Dram)
    }

    /// Whether what parts of a device tell adds up.
    pub(super) fn is_amount(self) -> bool {
        matches!(
            self,
            Self::Used | Self::Free | Self::Reserved | Self::Total | Self::Power
        )
    }

    /// Whether the largest of a span of time counts, and not the mean.
    pub(super) fn is_peak(self) -> bool {
        matches!(
            self,
            Self::Used | Self::Free | Self::Reserved | Self::Total | Self::Xid
        )
    }

    /// The metrics that tell it.
    pub(super) fn sources(self) -> impl Iterator<Item = &'static Source> {
        ALL.iter().filter(move |it| it.tells == self)
    }
}
