//! `kcost rollback`: what a run has changed, back to what it was, field by field.

use std::io::Write;

use clap::Args;

use super::apply::{Asking, Begun, LogArgs, PaceArgs, actor, connected, name, recover, yes};
use super::args::ClusterArgs;
use super::invocation::Invocation;
use super::values::named;
use crate::apply::log::{Action, Book, Run, runs};
use crate::apply::{ApplyError, Back, Server, Session, back, together};
use crate::collect::kubernetes::Connection;
use crate::error::Error;
use crate::exit::Exit;
use crate::render;
use crate::text::count;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  {program} rollback --list
  {program} rollback 2026-11-29T01-00-00Z --dry-run
  {program} rollback 2026-11-29T01-00-00Z --yes";

/// Take back what `kcost apply` has changed in one run, field by field.
///
/// A field that somebody has changed since is left alone, with who did it. What was not set
/// before is taken away again.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RollbackArgs {
    /// The run, as `--list` names it.
    #[arg(value_name = "RUN", required_unless_present = "list")]
    run: Option<String>,

    /// List the runs of the audit log, and check that nobody has changed it.
    #[arg(long, conflicts_with_all = ["run", "yes", "dry_run"])]
    list: bool,

    /// Take it back without asking.
    #[arg(short, long)]
    yes: bool,

    /// Stop after the server has checked what would be written.
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,

    /// How to write it; `json` is for programs, and needs `--yes`, `--dry-run` or `--list`.
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
    pace: PaceArgs,

    #[command(flatten)]
    log: LogArgs,

    #[command(flatten)]
    cluster: ClusterArgs,
}

impl RollbackArgs {
    pub(super) fn run(
        &self,
        invocation: &Invocation,
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        let folder = self.log.kept()?;
        if self.list {
            let kept = Book::look(&folder).map_err(ApplyError::from)?;
            let told = (&*runs(&kept.lines), kept.lines.len());
            let written = if self.output == "json" {
                render::runs_json(told, out)
            } else {
                render::runs_text(told, out)
            };
            super::analyze::written_or_cut_off(written.and_then(|()| out.flush()))?;
            return Ok(Exit::Done);
        }
        let asking = Asking {
            yes: self.yes || self.dry_run,
            json: self.output == "json",
        };
        asking.check()?;
        let (cluster, _) = self.cluster.one()?;
        let (mut book, lines) = Book::open(&folder).map_err(ApplyError::from)?;
        let all = runs(&lines);
        self.wanted(&all, invocation)?;
        super::block_on(async {
            let connection = connected(&cluster, ui).await?;
            let all = self.settled(&connection, (&mut book, all), ui).await?;
            let run = self.wanted(&all, invocation)?;
            let told = (ui, invocation.program);
            self.take_back(&connection, (&mut book, &all), run, told, out)
                .await
        })
    }

    /// The runs, once those that were interrupted are brought to an end.
    async fn settled(
        &self,
        connection: &Connection,
        (book, all): (&mut Book, Vec<Run>),
        ui: &Ui,
    ) -> Result<Vec<Run>, Error> {
        let open: Vec<Run> = all
            .iter()
            .filter(|run| run.ended.is_none())
            .cloned()
            .collect();
        if open.is_empty() || self.dry_run {
            return Ok(all);
        }
        recover(connection, book, open, (self.pace.pace(None), false), ui).await?;
        let kept = Book::look(&self.log.folder()?).map_err(ApplyError::from)?;
        Ok(runs(&kept.lines))
    }

    fn wanted<'a>(&self, all: &'a [Run], invocation: &Invocation) -> Result<&'a Run, Error> {
        let name = self.run.as_deref().unwrap_or_default();
        let found = all.iter().find(|run| run.id == name);
        found.ok_or_else(|| Error::Usage {
            text: format!("the audit log has no run `{name}`"),
            hint: Some(format!(
                "`{} rollback --list` names them",
                invocation.program
            )),
        })
    }

    async fn take_back(
        &self,
        connection: &Connection,
        (book, all): (&mut Book, &[Run]),
        run: &Run,
        (ui, program): (&Ui, &'static str),
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        let server = Server::new(connection, ui, true);
        let actor = actor(&server).await;
        if run.actor.server != actor.server && run.actor.context != actor.context {
            return Err(Error::Usage {
                text: format!("run {} was on the cluster `{}`", run.id, run.actor.context),
                hint: Some("name that cluster with `--context`".to_owned()),
            });
        }
        let json = self.output == "json";
        let mut left: Vec<Back> = Vec::new();
        for (workload, write) in run.left() {
            left.push(back(&server, &workload, &write).await?);
        }
        together(&mut left);
        ui.clear();
        if !json {
            tell(|out| render::restored_text(&left, &[], out), out)?;
        }
        if left.is_empty() || self.dry_run {
            if json {
                let told = (&*actor.context, &*run.id, None);
                tell(|out| render::restored_json(told, &left, &[], out), out)?;
            }
            if left.is_empty() {
                ui.message(&format!("run {} has left nothing to take back", run.id));
            }
            let short = left.iter().any(Back::is_short);
            return Ok(if short { Exit::Failed } else { Exit::Done });
        }
        let some = left.iter().filter(|it| !it.write.fields.is_empty()).count();
        if !self.yes && !yes(&format!("Restore {}?", count(some, "object"))) {
            ui.message("nothing was written");
            return Ok(Exit::Done);
        }
        let own = name(all);
        let context = actor.context.clone();
        let mut session = Session {
            server: &server,
            book,
            actor,
            run: own.clone(),
            pace: self.pace.pace(None),
            progress: ui,
            rules: None,
            throttle: None,
            next: 0,
        };
        let begun = Begun::rollback(self.log.folder()?, (own.clone(), run.id.clone()), program);
        session
            .begin(Action::Rollback, Some(&run.id), left.len())
            .map_err(ApplyError::from)?;
        let outcomes = session.restore(&left).await?;
        drop(begun);
        ui.clear();
        if json {
            let told = (&*context, &*run.id, Some(&*own));
            tell(
                |out| render::restored_json(told, &left, &outcomes, out),
                out,
            )?;
        } else {
            tell(|out| render::restored_text(&left, &outcomes, out), out)?;
        }
        let done = outcomes.iter().all(|it| it.state.is_done());
        Ok(if done { Exit::Done } else { Exit::Failed })
    }
}

fn tell(
    how: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let written = how(out).and_then(|()| out.flush());
    super::analyze::written_or_cut_off(written)
}
