//! `kcost apply`: the only command that changes a cluster, beside the one that takes it back.

mod ask;
mod ended;
mod kept;
mod place;
mod plan;
mod rules;
mod same;

use std::io::Write;

use clap::{Args, ValueHint};
use jiff::Timestamp;

use super::analyze::DEMO;
use super::args::{AdviceArgs, BookArgs, LearningArgs, SourceArgs, ViewArgs, Whole};
use super::invocation::Invocation;
use super::values::named;
use super::workload;
use crate::apply::log::{Action, Actor, Book, Ended, Run, runs};
use crate::apply::{ApplyError, Outcome, Pace, Rules, Server, Session, State, Throttle, Window};
use crate::collect::kubernetes::{self, ClusterOptions, Connection};
use crate::collect::live;
use crate::collect::prometheus::Secret;
use crate::error::Error;
use crate::exit::Exit;
use crate::history::{Record, Written};
use crate::pipeline;
use crate::render::{self, Applied, Patches};
use crate::snapshot::Snapshot;
use crate::text::count;
use crate::ui::Ui;
use crate::units::{Ratio, Span};
use plan::Plan;
use rules::RuleArgs;
use same::is_of;

pub(super) use ask::{Asking, yes};
pub(super) use ended::{Begun, interrupted};
pub(super) use place::{LogArgs, PaceArgs};

const EXAMPLES: &str = "\
Examples:
  {program} apply --dry-run
  {program} apply -n shop --max-changes 5
  {program} apply --snapshot prod.kcost shop/Deployment/api --yes
  {program} apply --yes --wave 10% --maintenance-window 'Sat,Sun 01:00-05:00 Europe/Berlin'";

/// Change a cluster to the advised sizes, wave by wave, and take back what does not go well.
///
/// Shows what changes and asks first. The server checks all of it before the first real
/// write; raises come before cuts; each rollout is followed until it is well, and a wave
/// that is not is rolled back. What somebody else owns, protects or writes back is left
/// alone, with the reason. An audit log holds every write.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ApplyArgs {
    /// Workloads: `NAMESPACE/KIND/NAME`, or as much of it as names one [default: all].
    #[arg(value_name = "WORKLOAD")]
    workloads: Vec<String>,

    /// Apply without asking.
    #[arg(short, long)]
    yes: bool,

    /// Stop after the server has checked what would be written.
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,

    /// How to write it; `json` is for programs, and needs `--yes` or `--dry-run`.
    #[arg(
        short,
        long,
        alias = "format",
        value_name = "FORMAT",
        hide_env_values = true,
        default_value = "text",
        value_parser = named(["text", "json"])
    )]
    output: String,

    #[command(flatten)]
    rules: RuleArgs,

    #[command(flatten)]
    pace: PaceArgs,

    /// How long pods are watched once their rollout is through.
    #[arg(
        long,
        value_name = "SPAN",
        env = "KCOST_WATCH",
        hide_env_values = true,
        default_value = "5m",
        help_heading = "Pace"
    )]
    watch: Span,

    /// Read from this Prometheus whether changed pods are throttled more than before
    /// [default: the one that usage is read from].
    ///
    /// A wave whose pods are throttled in clearly more of their CPU periods than in the hour
    /// before is rolled back. A bundle names no Prometheus: without this, throttling is not
    /// watched then, which is said.
    #[arg(
        long,
        value_name = "URL",
        env = "KCOST_WATCH_PROMETHEUS",
        hide_env_values = true,
        hide_short_help = true,
        value_hint = ValueHint::Url,
        help_heading = "Pace"
    )]
    watch_prometheus: Option<Secret>,

    #[command(flatten)]
    log: LogArgs,

    #[command(flatten)]
    view: ViewArgs,

    #[command(flatten)]
    prices: BookArgs,

    #[command(flatten)]
    advice: AdviceArgs,

    #[command(flatten)]
    learning: LearningArgs,

    #[command(flatten)]
    source: SourceArgs,
}

/// What is written, and how it is told.
struct Writing<'a> {
    args: &'a ApplyArgs,
    /// What is kept of the run, where records are.
    record: &'a Record,
    cluster: &'a ClusterOptions,
    rules: &'a Rules,
    patches: &'a Patches<'a>,
    snapshot: &'a Snapshot,
    program: &'static str,
}

impl ApplyArgs {
    /// When the cluster may be changed; at any time where there is none.
    pub(super) fn windows(&self) -> &[Window] {
        self.rules.windows()
    }

    pub(super) fn run(
        mut self,
        invocation: &Invocation,
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        let asking = Asking {
            yes: self.yes || self.dry_run,
            json: self.output == "json",
        };
        asking.check()?;
        let (cluster, named) = self.source.written()?;
        let rules = self.rules.rules()?;
        let mut settings = self.advice.settings(&self.prices, &invocation.policy)?;
        let cut = Ratio::new(rules.max_cut);
        let own = settings.recommend.max_step;
        if rules.max_cut < 1.0 && own.is_none_or(|own| own > cut) {
            settings.recommend.max_step = Some(cut);
        }
        let mut names = std::mem::take(&mut self.workloads);
        names.extend(self.source.take_name());
        workload::refuse_files(&names, "apply", invocation.program)?;

        let mut book = if self.dry_run {
            self.tell_open(ui)?;
            None
        } else {
            Some(self.recovered(&cluster, ui)?)
        };

        let read = self.source.read_parts(ui).map_err(to_write)?;
        let Whole { snapshot, asked } = &read.whole;
        super::analyze::refuse_empty(snapshot, asked).map_err(to_write)?;
        self.rules.refuse_old(snapshot.taken_at, Timestamp::now())?;
        let only = workload::among(&read.whole, &names)?;
        let earlier = self
            .learning
            .teach(&self.source, &read, &mut settings, ui)?;
        let (whole, evidence) = read.learn(None, &settings, ui)?;
        let (mut snapshot, asked) = (whole.snapshot, whole.asked);
        let analysis = pipeline::report_part(&mut snapshot, evidence, &asked, &settings, ui);
        ui.clear();
        let look = invocation.look(ui, self.view.view());
        let patches = Patches::new(&analysis, &look, only.as_deref()).with_homes();
        let mut record = Record::of(&analysis);
        record.scope = self.source.part();
        record.outcomes = earlier.outcomes;
        if let Some((_, all)) = &book {
            self.settle(&earlier.records, all, &cluster, ui)?;
        }
        let writing = Writing {
            args: &self,
            record: &record,
            cluster: &cluster,
            rules: &rules,
            patches: &patches,
            snapshot: analysis.snapshot,
            program: invocation.program,
        };
        let (exit, written) = super::block_on(async {
            let connection = connected(&cluster, ui).await?;
            if !named {
                is_of(analysis.snapshot, &connection)?;
            }
            if self.source.is_bundle() {
                writing.refuse_other(&connection, ui).await?;
            }
            let book = book.as_mut().map(|(book, all)| (book, &**all));
            writing.run(&connection, book, ui, out).await
        })?;
        if let (Some(shelf), Some(written)) = (self.learning.shelf(), written) {
            record.applied = Some(written);
            shelf.keep(&record, &cluster, ui)?;
        }
        Ok(exit)
    }

    /// Says what only a run that writes brings to an end.
    fn tell_open(&self, ui: &Ui) -> Result<(), Error> {
        let kept = Book::look(&self.log.folder()?).map_err(ApplyError::from)?;
        for run in runs(&kept.lines)
            .into_iter()
            .filter(|run| run.ended.is_none())
        {
            ui.warning(
                &format!(
                    "run {} was interrupted, and may have changed things by half",
                    run.id
                ),
                Some("a run that writes looks that up first, and takes it back"),
            );
        }
        Ok(())
    }

    /// The log with its runs, and what those have begun brought to an end.
    fn recovered(&self, cluster: &ClusterOptions, ui: &Ui) -> Result<(Book, Vec<Run>), Error> {
        let folder = self.log.folder()?;
        let (mut book, lines) = Book::open(&folder).map_err(ApplyError::from)?;
        let all = runs(&lines);
        let open = all.iter().filter(|run| run.ended.is_none());
        let open: Vec<Run> = open.cloned().collect();
        if open.is_empty() {
            return Ok((book, all));
        }
        super::block_on(async {
            let connection = connected(cluster, ui).await?;
            recover(
                &connection,
                &mut book,
                open,
                (self.pace.pace(Some(self.watch)), true),
                ui,
            )
            .await
        })?;
        let kept = Book::look(&folder).map_err(ApplyError::from)?;
        Ok((book, runs(&kept.lines)))
    }
}

/// The cluster that is written to.
///
/// # Errors
///
/// Where it cannot be reached.
pub(super) async fn connected(cluster: &ClusterOptions, ui: &Ui) -> Result<Connection, Error> {
    let connection = kubernetes::connect(cluster, ui).await;
    connection.map_err(|error| to_write(error.into()))
}

/// What went wrong, for whoever is to write: no demo can stand in.
fn to_write(error: Error) -> Error {
    match error {
        Error::Kubernetes(error) => ApplyError::from(error).into(),
        Error::Empty { reason, hint } => Error::Empty {
            hint: hint.trim_end_matches(DEMO).to_owned(),
            reason,
        },
        other => other,
    }
}

/// Brings runs of this cluster to an end that were ended from outside; where asked, what
/// they have written is followed until it is well.
///
/// # Errors
///
/// Where the log or the server does not let it.
pub(super) async fn recover(
    connection: &Connection,
    book: &mut Book,
    open: Vec<Run>,
    (pace, judge): (Pace, bool),
    ui: &Ui,
) -> Result<(), Error> {
    let server = Server::new(connection, ui, false);
    let actor = actor(&server).await;
    for mut run in open {
        if run.actor.server != actor.server {
            let (id, context) = (&run.id, &run.actor.context);
            ui.warning(
                &format!("run {id} on another cluster, {context}, was interrupted"),
                Some("`kcost apply` there brings it to an end"),
            );
            continue;
        }
        ui.message(&format!(
            "run {} was interrupted: looking up what it has done",
            run.id
        ));
        let mut session = Session {
            server: &server,
            book: &mut *book,
            actor: actor.clone(),
            run: run.id.clone(),
            pace,
            progress: ui,
            rules: None,
            throttle: None,
            next: 0,
        };
        let found = session.recover(&mut run, judge).await?;
        if let Some(text) = found.unwatched() {
            ui.message(&text);
        }
        let number = count(found.left.len(), "object");
        ui.message(&format!(
            "run {0} has changed {number}; `kcost rollback {0}` takes that back",
            run.id
        ));
    }
    Ok(())
}

/// Who writes.
pub(super) async fn actor(server: &Server<'_>) -> Actor {
    let (context, url) = server.name();
    Actor {
        user: server.user().await,
        context: context.to_owned(),
        server: url.to_owned(),
        kcost: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// What a run is called: the time at which it began, and a number where that is taken.
pub(super) fn name(all: &[Run]) -> String {
    let now = Timestamp::now();
    let time = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let time = time.to_string().replace(':', "-");
    let taken = |name: &String| all.iter().any(|run| run.id == *name);
    let mut more = (2..).map(|number| format!("{time}-{number}"));
    if taken(&time) {
        more.find(|name| !taken(name)).unwrap_or(time)
    } else {
        time
    }
}

impl Writing<'_> {
    async fn run(
        &self,
        connection: &Connection,
        book: Option<(&mut Book, &[Run])>,
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<(Exit, Option<Written>), Error> {
        let server = Server::new(connection, ui, self.rules.force);
        let planned = self.plan(&server, ui).await?;
        let plan = self.checked(&server, planned).await?;
        ui.clear();
        let json = self.args.output == "json";
        if !json {
            self.tell(&plan, None, &[], render::applied_plan, out)?;
        }
        let exit = if plan.refused {
            Exit::Failed
        } else {
            Exit::Done
        };
        if plan.steps.is_empty() || book.is_none() {
            if json {
                self.tell(&plan, None, &[], render::applied_json, out)?;
            } else if !plan.steps.is_empty() {
                self.tell(&plan, None, &[], render::applied_outcome, out)?;
            }
            return Ok((exit, None));
        }
        let Some((book, all)) = book else {
            return Ok((exit, None));
        };
        if !self.args.yes && !yes(&format!("Change {}?", count(plan.steps.len(), "workload"))) {
            ui.message("nothing was written");
            return Ok((Exit::Done, None));
        }
        let folder = self.args.log.folder()?;
        let run = name(all);
        let throttle = self.throttle(connection, ui).await;
        let mut session = Session {
            server: &server,
            book,
            actor: actor(&server).await,
            run: run.clone(),
            pace: self.args.pace.pace(Some(self.args.watch)),
            progress: ui,
            rules: Some(self.rules),
            throttle: throttle.as_ref(),
            next: 0,
        };
        let begun = Begun::new(folder.clone(), run.clone(), self.program);
        session
            .begin(Action::Apply, None, plan.steps.len())
            .map_err(ApplyError::from)?;
        let kept = match place::rollback_file(&folder, &run, &plan.steps) {
            Ok(()) => self.keep(&run, &plan, ui).await,
            failed => failed,
        };
        if let Err(error) = kept {
            session.end(Ended::Stopped).map_err(ApplyError::from)?;
            return Err(error);
        }
        let outcomes = session.apply(&plan.steps, &plan.waves).await?;
        drop(begun);
        ui.clear();
        // What its owner stopped is no failure of the run.
        let done = outcomes
            .iter()
            .all(|it| it.state.is_done() || it.state == State::LeftAlone);
        if json {
            self.tell(&plan, Some(&run), &outcomes, render::applied_json, out)?;
        } else {
            self.tell(&plan, Some(&run), &outcomes, render::applied_outcome, out)?;
        }
        let behind = outcomes.iter().any(|it| it.state == State::LeftBehind);
        if behind {
            ui.warning(
                "something could not be rolled back",
                Some(&format!("`{} rollback {run}` tries again", self.program)),
            );
        }
        let written = self.written(&run, &plan, &outcomes);
        Ok((if done { exit } else { Exit::Failed }, Some(written)))
    }

    /// Where throttling is read from; that it is not watched is told.
    async fn throttle(&self, connection: &Connection, ui: &Ui) -> Option<Throttle> {
        let named = self.args.watch_prometheus.as_ref();
        let from = self.args.source.watched(named, &connection.names);
        let found = match from {
            Ok(Some(from)) => live::store(&from, connection, ui).await,
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        let why = match found {
            Ok(Some(options)) => return Some(Throttle::new(options)),
            Ok(None) => "no Prometheus is known".to_owned(),
            Err(error) => error.to_string(),
        };
        ui.message(&format!(
            "throttling is not watched: {why}; `--watch-prometheus URL` names one"
        ));
        None
    }

    fn tell(
        &self,
        plan: &Plan,
        run: Option<&str>,
        outcomes: &[Outcome],
        how: fn(&Applied<'_>, &mut dyn Write) -> std::io::Result<()>,
        out: &mut dyn Write,
    ) -> Result<(), Error> {
        let told = Applied {
            patches: self.patches,
            steps: &plan.steps,
            waves: &plan.waves,
            skipped: &plan.skipped,
            outcomes,
            run,
            dry_run: self.args.dry_run,
        };
        // A reader that goes away must not end what is being written to the cluster.
        let written = how(&told, out).and_then(|()| out.flush());
        super::analyze::written_or_cut_off(written)
    }
}
