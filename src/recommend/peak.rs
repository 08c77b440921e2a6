use super::{Draft, Options, Seen, Strategy};

pub(super) struct Peak;

impl Strategy for Peak {
    fn name(&self) -> &'static str {
        "peak"
    }

    fn summary(&self) -> &'static str {
        ""
    }

    fn advise(&self, _seen: &Seen<'_>, _options: &Options) -> Vec<Draft> {
        todo!()
    }
}
