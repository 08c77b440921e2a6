use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueHint};

use super::prometheus::PrometheusArgs;
use crate::collect::files::{self, FileOptions};
use crate::collect::kubernetes::ClusterOptions;
use crate::collect::live::{self, LiveOptions};
use crate::collect::record::RecordOptions;
use crate::collect::{Scope, demo};
use crate::error::Error;
use crate::exit::Exit;
use crate::progress::Progress;
use crate::snapshot::{self, Selector, Snapshot};
use crate::ui::Ui;
use crate::units::Span;

/// The window of a live snapshot, unless `--window` says otherwise.
const WINDOW: Span = Span::days(14);

/// The step of a live snapshot, unless `--step` says otherwise.
const STEP: Span = Span::from_secs(300);

/// Where the snapshot comes from; a live cluster unless a flag says otherwise.
#[derive(Debug, Args)]
#[command(next_help_heading = "Source")]
pub(in crate::cli) struct SourceArgs {
    /// Use the built-in demo: a shop of about 40 workloads. Needs nothing.
    #[arg(long, conflicts_with_all = ["snapshot", "objects", "usage"])]
    demo: bool,

    /// Read a bundle that `kcost snapshot` wrote.
    #[arg(long, value_name = "NAME.kcost", value_hint = ValueHint::DirPath, conflicts_with_all = ["objects", "usage"])]
    snapshot: Option<PathBuf>,

    /// Read Kubernetes objects from files, as `kubectl get … -o json|yaml` prints them.
    ///
    /// A `List` or single objects, several documents a file, `.gz` too. Kinds that
    /// kcost does not know are counted and skipped.
    #[arg(long, value_name = "FILE", num_args = 1.., value_hint = ValueHint::FilePath)]
    objects: Vec<PathBuf>,

    /// Read usage from files: CSV, gzipped CSV or Parquet.
    ///
    /// With the columns `namespace,pod,container,timestamp,cpu_cores,memory_bytes`,
    /// one row a sample; an empty cell is a missing sample.
    #[arg(long, value_name = "FILE", num_args = 1.., value_hint = ValueHint::FilePath, requires = "objects")]
    usage: Vec<PathBuf>,

    /// Count and skip bad rows of usage files instead of stopping at the first.
    #[arg(long, requires = "usage", hide_short_help = true)]
    lenient: bool,

    #[command(flatten)]
    scope: ScopeArgs,

    #[command(flatten)]
    cluster: ClusterArgs,

    #[command(flatten)]
    usage_args: UsageArgs,

    #[command(flatten)]
    prometheus: PrometheusArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Scope")]
struct ScopeArgs {
    /// Only these namespaces: names or globs, `!` in front to exclude. Repeatable.
    #[arg(
        short,
        long,
        value_name = "NAMESPACE",
        env = "KCOST_NAMESPACE",
        hide_env_values = true,
        value_delimiter = ','
    )]
    namespace: Vec<String>,

    /// Only workloads with these labels, as kubectl takes them: `app=api,tier!=test`.
    #[arg(
        short = 'l',
        long,
        value_name = "SELECTOR",
        env = "KCOST_SELECTOR",
        hide_env_values = true
    )]
    selector: Option<Selector>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Cluster")]
struct ClusterArgs {
    /// The kubeconfig to read [default: the files of `KUBECONFIG`, else `~/.kube/config`].
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, hide_short_help = true)]
    kubeconfig: Option<PathBuf>,

    /// The context of the kubeconfig to use [default: the current one].
    #[arg(
        long,
        value_name = "NAME",
        env = "KCOST_CONTEXT",
        hide_env_values = true
    )]
    context: Option<String>,

    /// Act as this user.
    #[arg(
        long = "as",
        value_name = "USER",
        env = "KCOST_AS",
        hide_env_values = true,
        hide_short_help = true
    )]
    as_user: Option<String>,

    /// Act as a member of this group. Repeatable.
    #[arg(
        long = "as-group",
        value_name = "GROUP",
        env = "KCOST_AS_GROUP",
        hide_env_values = true,
        value_delimiter = ',',
        requires = "as_user",
        hide_short_help = true
    )]
    as_groups: Vec<String>,

    /// Longest wait for one answer of the cluster or the metrics server.
    #[arg(
        long,
        value_name = "SPAN",
        env = "KCOST_TIMEOUT",
        hide_env_values = true,
        default_value = "60s",
        hide_short_help = true
    )]
    timeout: Span,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Usage")]
struct UsageArgs {
    /// How much history to use: `14d` of a live cluster, all of a file or bundle.
    #[arg(
        long,
        value_name = "SPAN",
        env = "KCOST_WINDOW",
        hide_env_values = true
    )]
    window: Option<Span>,

    /// Distance between samples: `5m` of a live cluster, that of the file.
    #[arg(
        long,
        value_name = "SPAN",
        env = "KCOST_STEP",
        hide_env_values = true,
        hide_short_help = true
    )]
    step: Option<Span>,
}

impl ClusterArgs {
    fn options(&self) -> ClusterOptions {
        ClusterOptions {
            kubeconfig: self.kubeconfig.clone(),
            context: self.context.clone(),
            as_user: self.as_user.clone(),
            as_groups: self.as_groups.clone(),
            timeout: Duration::from_secs(u64::from(self.timeout.as_secs())),
        }
    }
}

impl SourceArgs {
    /// Takes or reads the snapshot, and narrows it to what was asked for.
    pub(in crate::cli) fn read(&self, progress: &dyn Progress) -> Result<Snapshot, Error> {
        let scope = self.scope()?;
        let mut snapshot = self.source(&scope, progress)?;
        snapshot.retain(|workload| {
            scope.namespace(&workload.id.namespace)
                && self
                    .scope
                    .selector
                    .as_ref()
                    .is_none_or(|s| s.matches(&workload.labels))
        });
        if let Some(window) = self.usage_args.window {
            snapshot.usage.keep_newest(window);
        }
        Ok(snapshot)
    }

    /// Writes what Prometheus would be asked for; it is only asked to count.
    pub(in crate::cli) fn plan(&self, ui: &Ui, out: &mut dyn Write) -> Result<Exit, Error> {
        let options = self.live(&self.scope()?)?;
        let plan = super::super::block_on(live::plan(&options, ui))?;
        ui.clear();
        write!(out, "{plan}").map_err(Error::Write)?;
        Ok(Exit::Done)
    }

    fn source(&self, scope: &Scope, progress: &dyn Progress) -> Result<Snapshot, Error> {
        if self.demo {
            let _task = progress.task("making the demo", None);
            Ok(demo::snapshot())
        } else if let Some(path) = &self.snapshot {
            let _task = progress.task("reading the bundle", None);
            Ok(snapshot::read(path)?)
        } else if self.objects.is_empty() {
            let options = self.live(scope)?;
            super::super::block_on(live::collect(&options, progress))
        } else {
            Ok(files::import(&self.files(scope), progress)?)
        }
    }

    fn scope(&self) -> Result<Scope, Error> {
        Scope::new(&self.scope.namespace, None).map_err(|error| Error::Usage {
            text: error.to_string(),
            hint: Some("name namespaces as in `-n shop -n 'team-*' -n '!team-test'`".to_owned()),
        })
    }

    fn files(&self, scope: &Scope) -> FileOptions {
        FileOptions {
            objects: self.objects.clone(),
            usage: self.usage.clone(),
            lenient: self.lenient,
            window: self.usage_args.window,
            step: self.usage_args.step,
            scope: scope.clone(),
            name: self
                .cluster
                .context
                .clone()
                .unwrap_or_else(|| "files".to_owned()),
        }
    }

    /// What `--record` records.
    pub(in crate::cli) fn recording(
        &self,
        length: Span,
        every: Span,
        refresh: Span,
        output: &Path,
    ) -> Result<RecordOptions, Error> {
        Ok(RecordOptions {
            cluster: self.cluster.options(),
            scope: self.scope()?,
            length,
            every,
            refresh,
            output: output.to_owned(),
        })
    }

    fn live(&self, scope: &Scope) -> Result<LiveOptions, Error> {
        let timeout = self.cluster.options().timeout;
        let usage = self.prometheus.usage(
            self.usage_args.window.unwrap_or(WINDOW),
            self.usage_args.step.unwrap_or(STEP),
            timeout,
        )?;
        Ok(LiveOptions {
            cluster: self.cluster.options(),
            usage,
            scope: scope.clone(),
        })
    }
}
