//! What is advised on one workload.

/// What wins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Advice {
    /// Windows alone.
    Schedule,
    /// Windows, and an autoscaler at this share of the request below them.
    ScheduleAndHpa(f64),
    /// An autoscaler at this share of the request.
    Hpa(f64),
    /// Nothing that scales.
    Leave(Leave),
}

/// Why a workload is left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// Its kind has no replicas that can be set, or they are tied to data.
    NotScalable,
    /// Something else that is not read sets its replicas.
    Managed,
    /// A ScaledObject that is paused would scale it.
    Paused,
    /// It runs no replica.
    Off,
    /// A container has no CPU request, so nothing says what a replica holds.
    NoRequest,
    /// Too little is known of its past.
    Thin,
    /// Nothing is known of its last day.
    Stale,
    /// What it has, or one replica, is enough at all hours.
    Enough,
    /// The autoscaler that it has, at the size that its pods have, and no smaller one.
    AsItIs,
    /// More is needed, and no more replicas can be there.
    Bounded,
    /// Nothing that comes again is proven, and no autoscaler is better.
    NoSeason,
    /// A request for its peak costs less than replicas that come and go, or hardly more.
    Peak,
    /// Only a request for its peak holds it.
    OnlyPeak,
    /// Its pods have data of their own, and nothing that comes again says when more are needed.
    Stateful,
    /// One node at a time can mount a volume that all its pods need.
    Volume,
    /// What could be saved is not worth it.
    NotWorth,
}

impl Advice {
    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::ScheduleAndHpa(_) => "schedule_and_hpa",
            Self::Hpa(_) => "hpa",
            Self::Leave(_) => "leave",
        }
    }

    /// Whether windows are part of it.
    pub fn has_windows(self) -> bool {
        matches!(self, Self::Schedule | Self::ScheduleAndHpa(_))
    }

    /// Whether it changes anything.
    pub fn acts(self) -> bool {
        !matches!(self, Self::Leave(_))
    }

    /// The target of the autoscaler in it.
    pub fn target(self) -> Option<f64> {
        match self {
            Self::ScheduleAndHpa(target) | Self::Hpa(target) => Some(target),
            Self::Schedule | Self::Leave(_) => None,
        }
    }
}

impl Leave {
    /// For a count of workloads: `12 are enough as they are`.
    pub fn words(self) -> &'static str {
        match self {
            Self::NotScalable => "of kinds that no schedule scales",
            Self::Managed => "scaled by something else",
            Self::Paused => "whose ScaledObject is paused",
            Self::Off => "without replicas",
            Self::NoRequest => "without a CPU request",
            Self::Thin => "with too thin a history",
            Self::Stale => "without a sample in the last day",
            Self::Enough => "with enough at all hours",
            Self::AsItIs => "whose autoscaler is right as it is",
            Self::Bounded => "of which no more replicas can be there",
            Self::NoSeason => "without a season",
            Self::Peak | Self::OnlyPeak => "that are better sized for their peak",
            Self::Stateful => "whose pods have data of their own",
            Self::Volume => "with a volume that one node at a time can mount",
            Self::NotWorth => "that would save too little",
        }
    }

    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotScalable => "not_scalable",
            Self::Managed => "managed",
            Self::Paused => "paused",
            Self::Off => "no_replicas",
            Self::NoRequest => "no_cpu_request",
            Self::Thin => "thin_history",
            Self::Stale => "no_recent_usage",
            Self::Enough => "enough",
            Self::AsItIs => "autoscaler_as_it_is",
            Self::Bounded => "no_room_for_replicas",
            Self::NoSeason => "no_season",
            Self::Peak => "size_for_peak",
            Self::OnlyPeak => "only_size_for_peak",
            Self::Stateful => "stateful",
            Self::Volume => "single_node_volume",
            Self::NotWorth => "not_worth",
        }
    }
}
