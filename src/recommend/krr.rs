use super::{Draft, Options, Seen, Strategy};

pub(super) struct Krr;

impl Strategy for Krr {
    fn name(&self) -> &'static str {
        "krr"
    }

    fn summary(&self) -> &'static str {
        ""
    }

    fn advise(&self, _seen: &Seen<'_>, _options: &Options) -> Vec<Draft> {
        todo!()
    }
}
