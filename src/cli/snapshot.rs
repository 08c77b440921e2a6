use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::builder::BoolishValueParser;
use clap::{Args, ValueHint};

use super::args::{Parts, PlanArgs, SourceArgs};
use super::last;
use super::several::chain;
use crate::error::Error;
use crate::exit::Exit;
use crate::record;
use crate::snapshot;
use crate::snapshot::{BundleError, Snapshot, Supply};
use crate::text::{count, for_file, quote};
use crate::ui::Ui;
use crate::units::Span;

/// metrics-server measures no more often than this, unless it is told to.
const RESOLUTION: Span = Span::from_secs(15);

const EXAMPLES: &str = "\
Examples:
  {program} snapshot --prometheus-url http://127.0.0.1:9090 -o prod.kcost
  {program} snapshot --record 7d -o prod.kcost
  {program} snapshot --objects objects.json --usage usage.csv -o prod.kcost
  {program} analyze --snapshot prod.kcost";

/// Save what a cluster requests and uses, for later or elsewhere.
///
/// The bundle is a folder of JSON and Parquet without any secret: no environment,
/// no Secret or ConfigMap data, no annotations but `kcost.dev/…`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SnapshotArgs {
    /// The folder to write; an older snapshot there is replaced.
    ///
    /// Nothing else is replaced: a recording only with `--force`, and never a folder
    /// that holds other files.
    ///
    /// With several contexts, each is written beside it, as `NAME-CONTEXT.kcost`.
    #[arg(short, long, value_name = "NAME.kcost", value_hint = ValueHint::DirPath, required_unless_present = "plan")]
    output: Option<PathBuf>,

    /// Record from the metrics API for this long, where there is no Prometheus.
    ///
    /// The bundle can be analyzed at any time, and survives whatever ends kcost.
    /// The same command continues where it stopped: only the time that is recorded
    /// counts. A recording longer than 4032 times `--every` is kept in coarser steps.
    #[arg(
        long,
        value_name = "SPAN",
        conflicts_with_all = ["demo", "snapshot", "objects", "selector", "prometheus_url", "prometheus_service", "window", "step", "plan"]
    )]
    record: Option<Span>,

    /// How often to sample.
    #[arg(
        long,
        value_name = "SPAN",
        env = "KCOST_EVERY",
        hide_env_values = true,
        default_value = "30s",
        hide_short_help = true
    )]
    every: Span,

    /// How often to read objects again while recording, and to write what was
    /// sampled as tables.
    #[arg(
        long,
        value_name = "SPAN",
        env = "KCOST_REFRESH",
        hide_env_values = true,
        default_value = "10m",
        hide_short_help = true
    )]
    refresh: Span,

    /// Replace a recording too, unless it is under way.
    #[arg(long, hide_short_help = true, conflicts_with = "record")]
    force: bool,

    /// Fail with exit code 1 when anything could not be read; the bundle is written all
    /// the same.
    #[arg(
        long,
        env = "KCOST_STRICT",
        value_parser = BoolishValueParser::new(),
        hide_env_values = true,
        hide_short_help = true
    )]
    strict: bool,

    #[command(flatten)]
    source: SourceArgs,

    #[command(flatten)]
    plan: PlanArgs,
}

impl SnapshotArgs {
    pub(super) fn run(
        &self,
        program: &'static str,
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        match &self.output {
            Some(output) if !self.plan.wanted() => self.save(output, program, ui),
            _ => self.source.plan(ui, out),
        }
    }

    fn save(&self, output: &Path, program: &'static str, ui: &Ui) -> Result<Exit, Error> {
        if self.record.is_none() && self.source.is_several() {
            snapshot::check_folder(output)?;
            return self.save_all(output, program, ui);
        }
        if self.record.is_some() {
            snapshot::check_folder(output)?;
        } else {
            snapshot::check_place(output, self.force)?;
        }
        let (snapshot, samples) = if let Some(length) = self.record {
            let snapshot = self.record(length, output, ui)?;
            let samples = snapshot.usage.samples();
            (snapshot, samples)
        } else {
            self.write_asked(self.source.read_parts(ui)?, output, ui)?
        };
        tell((&snapshot, samples), output, program, ui);
        self.end(snapshot.gaps.len())
    }

    /// Writes what was asked for, whose usage may be on disk; that, and its samples.
    fn write_asked(&self, read: Parts, output: &Path, ui: &Ui) -> Result<(Snapshot, usize), Error> {
        let Parts { whole, usage } = read;
        let Some(usage) = usage else {
            let snapshot = whole.narrowed();
            let samples = self.write(&snapshot, &snapshot.usage, output, ui)?;
            return Ok((snapshot, samples));
        };
        let stored = usage.of(&whole.snapshot);
        if whole.asked.contains(&false) {
            let chosen = stored.chosen(&whole.asked);
            let snapshot = whole.clone().narrowed();
            let samples = self.write(&snapshot, &chosen, output, ui)?;
            return Ok((snapshot, samples));
        }
        let samples = self.write(&whole.snapshot, &stored, output, ui)?;
        Ok((whole.snapshot, samples))
    }

    /// A bundle for each cluster; one that fails ends nothing.
    fn save_all(&self, output: &Path, program: &'static str, ui: &Ui) -> Result<Exit, Error> {
        let clusters = self.source.read_all(ui)?;
        let mut taken = HashSet::new();
        let (mut failed, mut gaps) = (0, 0);
        for cluster in &clusters {
            let place = beside(output, &cluster.name, &mut taken);
            match &cluster.snapshot {
                Ok(snapshot) => {
                    gaps += snapshot.gaps.len();
                    let samples = self.write(snapshot, &snapshot.usage, &place, ui)?;
                    tell((snapshot, samples), &place, program, ui);
                }
                Err(error) => {
                    failed += 1;
                    let text = format!("{}: {}", cluster.name, chain(error));
                    ui.warning(&text, error.hint().as_deref());
                }
            }
        }
        if failed > 0 {
            let all = clusters.len();
            return Err(Error::Clusters { failed, all });
        }
        self.end(gaps)
    }

    /// Writes a bundle; how many samples it has.
    fn write<S: Supply>(
        &self,
        snapshot: &Snapshot,
        usage: &S,
        place: &Path,
        ui: &Ui,
    ) -> Result<usize, Error>
    where
        BundleError: From<S::Error>,
    {
        let _task = ui.begin("writing the bundle");
        Ok(snapshot::write_with(snapshot, usage, place, self.force)?)
    }

    fn end(&self, gaps: usize) -> Result<Exit, Error> {
        if self.strict && gaps > 0 {
            return Err(Error::Strict { gaps });
        }
        Ok(Exit::Done)
    }

    fn record(&self, length: Span, output: &Path, ui: &Ui) -> Result<Snapshot, Error> {
        if self.every > length {
            return Err(Error::Usage {
                text: format!(
                    "`--every {}` is longer than `--record {length}`",
                    self.every
                ),
                hint: Some("record for days, and sample every 30s".to_owned()),
            });
        }
        if self.every < RESOLUTION {
            ui.warning(
                &format!(
                    "metrics-server measures no more often than every {RESOLUTION}, so `--every {}` mostly finds nothing new",
                    self.every
                ),
                None,
            );
        }
        ui.message(&format!(
            "recording {length} into {}, a sample every {}; Ctrl-C stops, and the same command continues",
            output.display(),
            self.every
        ));
        let options = self
            .source
            .recording(length, self.every, self.refresh, output)?;
        let recorded = super::block_on(record::record(&options, ui))?;
        if recorded.already {
            ui.message("it is that long already: raise `--record` to continue");
        }
        Ok(recorded.snapshot)
    }
}

/// What was written, and what is missing in it.
fn tell((snapshot, samples): (&Snapshot, usize), place: &Path, program: &'static str, ui: &Ui) {
    ui.clear();
    last::remember(place);
    for gap in &snapshot.gaps {
        ui.warning(
            &format!("{}: {}", gap.subject, gap.text),
            gap.hint.as_deref(),
        );
    }
    ui.message(&format!(
        "wrote {}: {}, {}\nnext: {program} analyze --snapshot {}",
        place.display(),
        count(snapshot.owners(), "workload"),
        count(samples, "sample"),
        quote(&place.to_string_lossy()),
    ));
}

/// `prod-eu-west-1.kcost` of `prod.kcost` and `eu/west:1`; a number more where that is taken.
fn beside(output: &Path, cluster: &str, taken: &mut HashSet<PathBuf>) -> PathBuf {
    let safe = for_file(cluster, '-');
    let name = output.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(".kcost").unwrap_or(&name);
    let numbered = |number: u32| match number {
        0 => output.with_file_name(format!("{stem}-{safe}.kcost")),
        number => output.with_file_name(format!("{stem}-{safe}-{}.kcost", number + 1)),
    };
    let mut number = 0;
    while !taken.insert(numbered(number)) {
        number += 1;
    }
    numbered(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_context_has_a_file_name_of_its_own() {
        let mut taken = HashSet::new();
        let mut place = |cluster: &str| {
            let path = beside(Path::new("out/prod.kcost"), cluster, &mut taken);
            path.display().to_string()
        };
        assert_eq!(place("arn:aws:eks/x"), "out/prod-arn-aws-eks-x.kcost");
        assert_eq!(place("arn:aws:eks:x"), "out/prod-arn-aws-eks-x-2.kcost");
        assert_eq!(place("../etc"), "out/prod-..-etc.kcost");
    }
}
