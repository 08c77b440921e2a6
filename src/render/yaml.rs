use std::io;

use super::json_v1::{report, reports};
use super::{Fleet, Look, Renderer, emit};
use crate::pipeline::Analysis;

pub(super) struct Yaml;

impl Renderer for Yaml {
    fn name(&self) -> &'static str {
        "yaml"
    }

    fn summary(&self) -> &'static str {
        "the same as json"
    }

    fn render(
        &self,
        analysis: &Analysis<'_>,
        look: &Look,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        // Into memory first: the writer's own errors, such as a closed pipe, would be lost.
        let text = emit::document(&report(analysis, look))?;
        out.write_all(text.as_bytes())
    }

    fn render_fleet(
        &self,
        fleet: &Fleet<'_>,
        look: &Look,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let text = emit::document(&reports(fleet, look))?;
        out.write_all(text.as_bytes())
    }
}
