use std::io;

use super::{Look, Renderer};
use crate::pipeline::Analysis;

pub(super) struct Table;

impl Renderer for Table {
    fn name(&self) -> &'static str {
        "table"
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

pub(super) struct Wide;

impl Renderer for Wide {
    fn name(&self) -> &'static str {
        "wide"
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
