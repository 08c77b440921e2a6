use super::{Draft, Options, Seen, Strategy};

pub(super) struct Calibrated;

impl Strategy for Calibrated {
    fn name(&self) -> &'static str {
        "calibrated"
    }

    fn summary(&self) -> &'static str {
        ""
    }

    fn advise(&self, _seen: &Seen<'_>, _options: &Options) -> Vec<Draft> {
        todo!()
    }
}
