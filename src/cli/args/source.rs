mod examine;

use std::collections::HashSet;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use futures_util::{StreamExt, stream};

use super::bundles::{self, Cluster};
use super::namespaces::empty_namespaces;
use super::prometheus::PrometheusArgs;
use crate::cli::{last, values};
use crate::collect::files::{self, FileOptions};
use crate::collect::kubernetes::{self, ClusterOptions};
use crate::collect::live::{self, LiveOptions, UsageFrom};
use crate::collect::prometheus::Secret;
use crate::collect::{Scope, refuse_impossible};
use crate::demo;
use crate::error::Error;
use crate::exit::Exit;
use crate::gpu::Gathered;
use crate::history::{Missing, Record, Seen};
use crate::pipeline::{self, Evidence, Settings, Sizes};
use crate::profile::Profile;
use crate::progress::{Named, Progress};
use crate::record::{self, Read, RecordOptions, Sifted};
use crate::snapshot::{Selector, Snapshot, Supply, Usage};
use crate::text::count;
use crate::ui::Ui;
use crate::units::Span;

pub(in crate::cli) use examine::Examined;

/// The window of a live snapshot, unless `--window` says otherwise.
const WINDOW: Span = Span::days(14);

/// The step of a live snapshot, unless `--step` says otherwise.
const STEP: Span = Span::from_secs(300);

/// Clusters that are read at a time.
const SIDE_BY_SIDE: usize = 4;

/// Where the snapshot comes from; a live cluster unless a flag says otherwise.
#[derive(Debug, Args)]
#[command(next_help_heading = "Source")]
pub(in crate::cli) struct SourceArgs {
    /// Use the built-in demo, a shop of about 40 workloads: needs no cluster.
    #[arg(long, conflicts_with_all = ["snapshot", "objects", "usage", "all_contexts"])]
    demo: bool,

    /// Read a bundle that `kcost snapshot` wrote. Repeatable.
    ///
    /// Several bundles are several clusters in one report.
    #[arg(long, value_name = "NAME.kcost", value_hint = ValueHint::DirPath, conflicts_with_all = ["objects", "usage", "all_contexts"])]
    snapshot: Vec<PathBuf>,

    /// Read Kubernetes objects from files, as `kubectl get … -o json|yaml` prints them.
    ///
    /// Lists or single objects, several documents a file, `.gz` too. A folder or a
    /// `.tar.gz` of such files, as `kubectl cluster-info dump` and `oc adm must-gather`
    /// write them, is read file by file. Kinds that kcost does not know are counted
    /// and skipped.
    #[arg(long, value_name = "FILE", num_args = 1.., value_hint = ValueHint::AnyPath, conflicts_with = "all_contexts")]
    objects: Vec<PathBuf>,

    /// Read usage from files: CSV, gzipped CSV or Parquet.
    ///
    /// With the columns `namespace,pod,container,timestamp,cpu_cores,memory_bytes`,
    /// one row a sample; an empty cell is a missing sample. A timestamp more than
    /// 100 days from most rows is an error; `--window` leaves older ones out.
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

    /// All namespaces, whatever `--namespace`, a variable or `kcost.yaml` says.
    #[arg(short = 'A', long, hide_short_help = true)]
    all_namespaces: bool,

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

/// How to reach a cluster.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cluster")]
pub(in crate::cli) struct ClusterArgs {
    /// The kubeconfig to read [default: the files of `KUBECONFIG`, else `~/.kube/config`].
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, hide_short_help = true)]
    kubeconfig: Option<PathBuf>,

    /// The context of the kubeconfig to use [default: the current one]. Repeatable.
    ///
    /// Several contexts are several clusters in one report.
    #[arg(
        long,
        value_name = "NAME",
        env = "KCOST_CONTEXT",
        hide_env_values = true
    )]
    context: Vec<String>,

    /// Use every cluster of the kubeconfig, with one context each.
    #[arg(long, conflicts_with = "context", hide_short_help = true)]
    all_contexts: bool,

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

/// A snapshot, and which of its workloads are asked for.
#[derive(Clone)]
pub(in crate::cli) struct Whole {
    pub(in crate::cli) snapshot: Snapshot,
    pub(in crate::cli) asked: Vec<bool>,
}

impl Whole {
    /// What is asked for alone.
    pub(in crate::cli) fn narrowed(self) -> Snapshot {
        let Self {
            mut snapshot,
            asked,
        } = self;
        // As of a part of the namespaces: nothing is to be said of whole nodes.
        snapshot.cluster.in_part |= asked.contains(&false);
        snapshot.retain(&asked);
        snapshot
    }
}

/// A snapshot, and its usage where that stayed on disk.
pub(in crate::cli) struct Parts {
    pub(in crate::cli) whole: Whole,
    pub(in crate::cli) usage: Option<Sifted>,
}

/// A bundle, whose usage stays on disk where memory should not hold it at once.
fn read_bundle(path: &Path, progress: &dyn Progress) -> Result<(Snapshot, Option<Sifted>), Error> {
    let _task = progress.task("reading the bundle", None);
    Ok(
        match record::read_within(path, record::WHOLE, record::PART)? {
            Read::Whole(mut snapshot) => {
                refuse_impossible(&mut snapshot);
                (snapshot, None)
            }
            Read::Parts(mut snapshot, parts) => {
                let sifted = parts.sift(&mut snapshot)?;
                (snapshot, Some(sifted))
            }
        },
    )
}

impl Parts {
    /// All of a bundle.
    pub(in crate::cli) fn of_bundle(path: &Path, progress: &dyn Progress) -> Result<Self, Error> {
        let (snapshot, usage) = read_bundle(path, progress)?;
        let asked = vec![true; snapshot.workloads.len()];
        let whole = Whole { snapshot, asked };
        Ok(Self { whole, usage })
    }

    fn in_memory(whole: Whole) -> Self {
        Self { whole, usage: None }
    }

    /// All usage, part by part.
    pub(in crate::cli) fn each(
        &self,
        look: &mut dyn FnMut(Range<usize>, &Usage),
    ) -> Result<(), Error> {
        let snapshot = &self.whole.snapshot;
        match &self.usage {
            None => look(0..usize::MAX, &snapshot.usage),
            Some(usage) => usage.of(snapshot).each(look)?,
        }
        Ok(())
    }

    /// What is known of all workloads, and the snapshot: with the usage of `workload` at
    /// least, where one is named.
    pub(in crate::cli) fn learn(
        self,
        workload: Option<usize>,
        settings: &Settings,
        progress: &dyn Progress,
    ) -> Result<(Whole, Evidence), Error> {
        let mut whole = self.whole;
        let snapshot = &whole.snapshot;
        let Some(usage) = self.usage else {
            let evidence = pipeline::advise(snapshot, settings, progress);
            return Ok((whole, evidence));
        };
        let stored = usage.of(snapshot);
        let evidence = pipeline::advise_from(snapshot, &stored, settings, progress)?;
        if let Some(workload) = workload {
            whole.snapshot.usage = stored.only(workload)?;
        }
        Ok((whole, evidence))
    }

    /// The sizes that all workloads are to have, and the snapshot.
    pub(in crate::cli) fn size(
        self,
        settings: &Settings,
        progress: &dyn Progress,
    ) -> Result<(Whole, Sizes), Error> {
        let snapshot = &self.whole.snapshot;
        let sizes = match self.usage {
            Some(usage) => pipeline::size_from(snapshot, &usage.of(snapshot), settings, progress)?,
            None => pipeline::size(snapshot, settings, progress),
        };
        Ok((self.whole, sizes))
    }

    /// What containers use, what workloads hold and use of accelerators, and the snapshot.
    pub(in crate::cli) fn accelerators(
        self,
        progress: &dyn Progress,
    ) -> Result<(Whole, Vec<Profile>, Gathered), Error> {
        let snapshot = &self.whole.snapshot;
        let (profiles, seen) = match self.usage {
            Some(usage) => pipeline::accelerators(snapshot, &usage.of(snapshot), progress)?,
            None => match pipeline::accelerators(snapshot, &snapshot.usage, progress) {
                Ok(both) => both,
                Err(never) => match never {},
            },
        };
        Ok((self.whole, profiles, seen))
    }
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Usage")]
struct UsageArgs {
    /// How much history to use [default: `14d` of a live cluster, all of a file or bundle].
    #[arg(
        long,
        value_name = "SPAN",
        env = "KCOST_WINDOW",
        hide_env_values = true
    )]
    window: Option<Span>,

    /// Time between samples [default: `5m` of a live cluster, as it is in a file or bundle].
    ///
    /// A bundle can be read in a multiple of its step: of memory the largest sample
    /// counts then, of everything else the mean.
    #[arg(
        long,
        value_name = "SPAN",
        env = "KCOST_STEP",
        hide_env_values = true,
        hide_short_help = true,
        value_parser = values::step
    )]
    step: Option<Span>,
}

impl ClusterArgs {
    /// The one cluster that is meant, and whether it was named.
    pub(in crate::cli) fn one(&self) -> Result<(ClusterOptions, bool), Error> {
        if self.all_contexts || self.context.len() > 1 {
            return Err(several());
        }
        let context = self.context.first();
        Ok((self.options(context), context.is_some()))
    }

    /// The first that is named, else the current one.
    pub(in crate::cli) fn nearest(&self) -> ClusterOptions {
        self.options(self.context.first())
    }

    fn options(&self, context: Option<&String>) -> ClusterOptions {
        ClusterOptions {
            kubeconfig: self.kubeconfig.clone(),
            context: context.cloned(),
            as_user: self.as_user.clone(),
            as_groups: self.as_groups.clone(),
            timeout: self.timeout.into(),
            sign_in: None,
        }
    }
}

impl SourceArgs {
    /// Takes or reads the one snapshot, and narrows it to what was asked for.
    pub(in crate::cli) fn read(&self, progress: &dyn Progress) -> Result<Snapshot, Error> {
        self.read_whole(progress).map(Whole::narrowed)
    }

    /// The same for advice: what is asked for is told apart from what there is to learn from.
    pub(in crate::cli) fn read_whole(&self, progress: &dyn Progress) -> Result<Whole, Error> {
        self.one()?;
        let scope = self.scope()?;
        let mut snapshot = self.source(&scope, progress)?;
        refuse_impossible(&mut snapshot);
        let asked = self.look_at(&scope, &mut snapshot)?;
        Ok(Whole { snapshot, asked })
    }

    /// The same, where usage that memory should not hold at once may stay on disk.
    pub(in crate::cli) fn read_parts(&self, progress: &dyn Progress) -> Result<Parts, Error> {
        if self.demo {
            return self.read_whole(progress).map(Parts::in_memory);
        }
        self.one()?;
        let scope = self.scope()?;
        let path = self.snapshot.first();
        let (mut snapshot, mut usage) = match path {
            Some(path) => read_bundle(path, progress)?,
            None => self.read_aside(&scope, progress)?,
        };
        if let Some(path) = path {
            last::remember(path);
        }
        let asked = self.look_at(&scope, &mut snapshot)?;
        if let Some(usage) = &mut usage {
            // A cluster was asked for the step that is wanted, and files were put on it.
            let step = self.usage_args.step.filter(|_| path.is_some());
            usage.cut(step, self.usage_args.window);
        }
        Ok(Parts {
            whole: Whole { snapshot, asked },
            usage,
        })
    }

    /// A cluster or files, whose usage waits in a file where memory should not hold it at
    /// once.
    fn read_aside(
        &self,
        scope: &Scope,
        progress: &dyn Progress,
    ) -> Result<(Snapshot, Option<Sifted>), Error> {
        let (mut snapshot, aside) = if self.is_live() {
            let options = self.live(scope, self.cluster.context.first())?;
            let read = live::collect_aside(&options, record::HELD, progress);
            super::super::block_on(read)?
        } else {
            files::import_aside(&self.files(scope), record::HELD, progress)?
        };
        let Some(aside) = aside else {
            refuse_impossible(&mut snapshot);
            return Ok((snapshot, None));
        };
        let sifted = record::Parts::set_aside(aside).sift(&mut snapshot)?;
        Ok((snapshot, Some(sifted)))
    }

    /// Refuses several clusters where only one can be meant.
    fn one(&self) -> Result<(), Error> {
        if !self.is_several() {
            return Ok(());
        }
        Err(several())
    }

    /// The cluster at hand, where nothing else names one.
    pub(in crate::cli) fn nearest(&self) -> ClusterOptions {
        self.cluster.nearest()
    }

    /// Whether it was taken before, of a cluster that may be another one by now.
    pub(in crate::cli) fn is_bundle(&self) -> bool {
        !self.is_live()
    }

    /// The cluster that is written to, and whether it was named. What is from files or
    /// made up belongs to none.
    pub(in crate::cli) fn written(&self) -> Result<(ClusterOptions, bool), Error> {
        if self.demo || !self.objects.is_empty() {
            return Err(Error::Usage {
                text: "what is applied comes from a cluster or from a bundle of it".to_owned(),
                hint: Some("name it with `--context`, or a bundle with `--snapshot`".to_owned()),
            });
        }
        self.cluster.one()
    }

    /// Where throttling of a cluster may be read from while it is changed: the Prometheus of
    /// this URL, else the one that usage is read from; none for what comes from a bundle.
    pub(in crate::cli) fn watched(
        &self,
        url: Option<&Secret>,
        names: &[String],
    ) -> Result<Option<UsageFrom>, Error> {
        let context = self.cluster.context.first().or(names.first());
        let timeout = self.cluster.options(context).timeout;
        let (window, step) = (WINDOW, STEP);
        if let Some(url) = url {
            let at = self.prometheus.at(url, window, step, (timeout, context))?;
            return Ok(Some(UsageFrom::Url(at)));
        }
        if !self.is_live() {
            return Ok(None);
        }
        let from = self.prometheus.usage(window, step, timeout, context)?;
        Ok(Some(from))
    }

    /// Whether more than one cluster may be meant.
    pub(in crate::cli) fn is_several(&self) -> bool {
        self.snapshot.len() > 1
            || (self.is_live() && (self.cluster.context.len() > 1 || self.cluster.all_contexts))
    }

    /// Takes or reads the snapshot of each cluster; one that fails ends nothing.
    pub(in crate::cli) fn read_all(&self, progress: &dyn Progress) -> Result<Vec<Cluster>, Error> {
        let scope = self.scope()?;
        let mut clusters = if self.is_live() {
            self.live_all(&scope, progress)?
        } else {
            let _task = progress.task("reading the bundles", None);
            bundles::read(&self.snapshot)?
        };
        for cluster in &mut clusters {
            if let Ok(snapshot) = &mut cluster.snapshot {
                refuse_impossible(snapshot);
                cluster.asked = self.look_at(&scope, snapshot)?;
            }
        }
        Ok(clusters)
    }

    fn is_live(&self) -> bool {
        !self.demo && self.snapshot.is_empty() && self.objects.is_empty()
    }

    /// Takes back the name of a workload that follows a list of files, which
    /// clap counts among them: what is no file and does not look like one.
    pub(in crate::cli) fn take_name(&mut self) -> Option<String> {
        let is_name = |path: &PathBuf| path.extension().is_none() && !path.exists();
        let mut lists = [&mut self.usage, &mut self.objects].into_iter();
        let files = lists.find(|files| files.len() > 1 && files.last().is_some_and(is_name))?;
        let name = files.pop()?;
        Some(name.to_string_lossy().into_owned())
    }

    /// Cuts usage to the window and the step, and says of each workload whether it is
    /// asked for.
    fn look_at(&self, scope: &Scope, snapshot: &mut Snapshot) -> Result<Vec<bool>, Error> {
        snapshot.gaps.extend(empty_namespaces(scope, snapshot));
        self.regrid(snapshot)?;
        if let Some(window) = self.usage_args.window {
            snapshot.usage.keep_newest(window);
        }
        let selector = self.scope.selector.as_ref();
        let asked = snapshot.workloads.iter().map(|workload| {
            scope.namespace(&workload.id.namespace)
                && selector.is_none_or(|s| s.matches(&workload.labels))
        });
        Ok(asked.collect())
    }

    /// Puts what is not asked for anew, but was taken already, on the step that is wanted.
    fn regrid(&self, snapshot: &mut Snapshot) -> Result<(), Error> {
        let there = snapshot.usage.grid.step;
        match self.usage_args.step {
            Some(step) if !self.is_live() && !snapshot.usage.coarsen(step) => Err(Error::Usage {
                text: format!("`--step {step}` is not a multiple of {there}, the step of the data"),
                hint: Some(format!(
                    "leave out `--step`, or use a multiple, such as `--step {}`",
                    twice(there)
                )),
            }),
            _ => Ok(()),
        }
    }

    /// Writes what Prometheus would be asked for; it is only asked to count.
    pub(in crate::cli) fn plan(&self, ui: &Ui, out: &mut dyn Write) -> Result<Exit, Error> {
        self.one()?;
        let options = self.live(&self.scope()?, self.cluster.context.first())?;
        let plan = super::super::block_on(live::plan(&options, ui))?;
        ui.clear();
        write!(out, "{plan}").map_err(Error::Write)?;
        Ok(Exit::Done)
    }

    fn source(&self, scope: &Scope, progress: &dyn Progress) -> Result<Snapshot, Error> {
        if self.demo {
            let _task = progress.task("making the demo", None);
            Ok(demo::snapshot())
        } else if let Some(path) = self.snapshot.first() {
            let _task = progress.task("reading the bundle", None);
            bundles::one(path)
        } else if self.objects.is_empty() {
            let options = self.live(scope, self.cluster.context.first())?;
            super::super::block_on(live::collect(&options, progress))
        } else {
            Ok(files::import(&self.files(scope), progress)?)
        }
    }

    fn scope(&self) -> Result<Scope, Error> {
        let namespaces = if self.scope.all_namespaces {
            &[]
        } else {
            self.scope.namespace.as_slice()
        };
        Scope::new(namespaces, None).map_err(|error| Error::Usage {
            text: error.to_string(),
            hint: Some("name namespaces as in `-n shop -n 'team-*' -n '!team-test'`".to_owned()),
        })
    }

    /// The part of the cluster that is asked for, as it is given; `None` for all of it.
    pub(in crate::cli) fn part(&self) -> Option<String> {
        let all = self.scope.all_namespaces;
        let mut names: Vec<&str> = self.scope.namespace.iter().map(String::as_str).collect();
        names.retain(|_| !all);
        names.sort_unstable();
        names.dedup();
        let names = (!names.is_empty()).then(|| format!("-n {}", names.join(",")));
        let labels = self.scope.selector.as_ref().map(|it| format!("-l {it}"));
        let both: Vec<String> = names.into_iter().chain(labels).collect();
        (!both.is_empty()).then(|| both.join(" "))
    }

    /// How much of an earlier run is not there, of what is asked for.
    pub(in crate::cli) fn missing(
        &self,
        record: &Record,
        snapshot: &Snapshot,
    ) -> Result<Missing, Error> {
        let scope = self.scope()?;
        let ids = snapshot.workloads.iter().map(|it| &it.id);
        Ok(record.missing(ids, &|namespace| scope.namespace(namespace)))
    }

    /// Drops records of other clusters that have the name of this one, as all of files have.
    pub(in crate::cli) fn leave_own(
        &self,
        records: &mut Vec<Record>,
        snapshot: &Snapshot,
        ui: &Ui,
    ) -> Result<(), Error> {
        let all = std::mem::take(records);
        let before = all.len();
        for record in all {
            let named = record.cluster == snapshot.cluster.name;
            if !named || !self.missing(&record, snapshot)?.is_elsewhere() {
                records.push(record);
            }
        }
        let dropped = before - records.len();
        if dropped > 0 {
            let text = format!(
                "{} left out: most of their workloads are not there, as of another cluster of the same name",
                count(dropped, "record")
            );
            ui.warning(&text, Some("keep a folder of records for each cluster"));
        }
        Ok(())
    }

    /// Leaves what is asked for of an earlier run. Of what is gone no labels are known: no
    /// selector is for it.
    pub(in crate::cli) fn choose(&self, seen: &mut Vec<Seen<'_>>) -> Result<(), Error> {
        let scope = self.scope()?;
        let selector = self.scope.selector.as_ref();
        seen.retain(|it| {
            let labels = it.workload.map(|workload| &workload.labels);
            scope.namespace(&it.entry.id.namespace)
                && selector.is_none_or(|s| labels.is_some_and(|labels| s.matches(labels)))
        });
        Ok(())
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
                .first()
                .cloned()
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
        self.one()?;
        Ok(RecordOptions {
            cluster: self.cluster.options(self.cluster.context.first()),
            scope: self.scope()?,
            length,
            every,
            refresh,
            output: output.to_owned(),
        })
    }

    fn live(&self, scope: &Scope, context: Option<&String>) -> Result<LiveOptions, Error> {
        let cluster = self.cluster.options(context);
        let usage = self.prometheus.usage(
            self.usage_args.window.unwrap_or(WINDOW),
            self.usage_args.step.unwrap_or(STEP),
            cluster.timeout,
            context,
        )?;
        Ok(LiveOptions {
            cluster,
            usage,
            scope: scope.clone(),
        })
    }

    /// Every context, a few side by side.
    fn live_all(&self, scope: &Scope, progress: &dyn Progress) -> Result<Vec<Cluster>, Error> {
        self.prometheus.tells_apart()?;
        let mut contexts = if self.cluster.all_contexts {
            kubernetes::contexts(self.cluster.kubeconfig.as_deref())?
        } else {
            self.cluster.context.clone()
        };
        let mut seen = HashSet::new();
        contexts.retain(|context| seen.insert(context.clone()));
        let mut jobs = Vec::new();
        for name in contexts {
            let options = self.live(scope, Some(&name))?;
            jobs.push((name, options));
        }
        super::super::block_on(async {
            let work = stream::iter(jobs).map(async |(name, options)| {
                let inner = Named {
                    name: &name,
                    inner: progress,
                };
                let snapshot = Box::pin(live::collect(&options, &inner)).await;
                Cluster {
                    name,
                    snapshot,
                    asked: Vec::new(),
                }
            });
            Ok(work.buffered(SIDE_BY_SIDE).collect().await)
        })
    }
}

fn several() -> Error {
    Error::Usage {
        text: "this command works on one cluster at a time".to_owned(),
        hint: Some("name one `--context`, or one `--snapshot`".to_owned()),
    }
}

fn twice(step: Span) -> Span {
    Span::from_secs(step.as_secs().saturating_mul(2))
}
