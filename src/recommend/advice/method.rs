/// The numbers behind a size: how the strategy found it, before guards rounded or
/// moved it. `None` where it has no such number.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Method {
    /// The quantile of use that it starts from, 0 to 1; 1 is the largest use.
    pub quantile: Option<f64>,
    /// What that is multiplied by.
    pub multiplier: Option<f64>,
    /// The risk that the size takes, as judged on the past: a share or a probability.
    pub judged: Option<f64>,
    /// The risk that is promised not to be exceeded, in the same unit.
    pub promise: Option<f64>,
    /// How many observations that rests on: containers for a CPU request, new peaks of
    /// memory for a memory limit.
    pub evidence: Option<f64>,
}

impl Method {
    /// A quantile of use, as it is.
    pub fn quantile(quantile: f64) -> Self {
        Self {
            quantile: Some(quantile),
            ..Self::default()
        }
    }

    /// The same, multiplied.
    #[must_use]
    pub fn times(self, multiplier: f64) -> Self {
        Self {
            multiplier: Some(multiplier),
            ..self
        }
    }
}

/// The methods of the four fields of a container.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Methods {
    pub cpu_request: Method,
    pub cpu_limit: Method,
    pub memory_request: Method,
    pub memory_limit: Method,
}
