use std::io;

use super::{Look, Renderer};
use crate::pipeline::Analysis;

pub(super) struct Json;

impl Renderer for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn summary(&self) -> &'static str {
        ""
    }

    fn render(
        &self,
        _analysis: &Analysis<'_>,
        _look: Look,
        _out: &mut dyn io::Write,
    ) -> io::Result<()> {
        todo!()
    }
}
