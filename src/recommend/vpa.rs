use super::{Draft, Options, Seen, Strategy};

pub(super) struct Vpa;

impl Strategy for Vpa {
    fn name(&self) -> &'static str {
        "vpa"
    }

    fn summary(&self) -> &'static str {
        ""
    }

    fn advise(&self, _seen: &Seen<'_>, _options: &Options) -> Vec<Draft> {
        todo!()
    }
}
