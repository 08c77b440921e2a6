//! Schedules as objects of a cluster, each with its evidence above it.

use std::io;

mod autoscaler;
mod cron;
mod cron_jobs;
mod keda;
mod placed;
mod placeholder;
mod resources;
mod sleep;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Scheduled;
use crate::render::emit;
use crate::schedule::{Advice, Plan, Sleep, evidence, month_evidence};
use crate::snapshot::{Cluster, Container, ContainerKind, Snapshot, Workload, hex};
use crate::text::{escape, is_plain};
use crate::units::Cpu;

/// What moves the replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mover {
    /// Cron triggers of a KEDA ScaledObject.
    Keda,
    /// CronJobs that patch the least replicas of a HorizontalPodAutoscaler.
    CronJobs,
}

/// One workload that is to be scaled.
#[derive(Clone, Copy)]
struct Scaled<'a> {
    plan: &'a Plan,
    workload: &'a Workload,
    /// What objects that belong to it are called, and those of no other.
    called: &'a str,
    zone: &'a str,
    cluster: &'a Cluster,
    /// When it runs no replica, where that is to be written.
    sleep: Option<&'a Sleep>,
}

/// A document, or what is to be done by hand, after lines that say why.
enum Piece {
    Object(Value),
    Command(String),
}

/// The objects of all workloads that are to be scaled.
pub fn schedule_manifests(
    scheduled: Scheduled<'_>,
    mover: Mover,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let snapshot = scheduled.snapshot;
    let acting = scheduled.schedules.plans.iter();
    let acting = acting.filter(|plan| plan.advice.acts() || plan.sleep.is_some());
    let mut none = true;
    for plan in acting {
        let called = called(snapshot, plan.workload);
        let scaled = Scaled {
            plan,
            called: &called,
            workload: &snapshot.workloads[plan.workload],
            zone: scheduled.options.clocks.of(plan.workload).name(),
            cluster: &snapshot.cluster,
            sleep: plan.sleep.as_ref().filter(|_| scheduled.sleep),
        };
        none &= !plan.advice.acts() && scaled.sleep.is_none();
        scaled.write(mover, out)?;
    }
    super::batch::commands(scheduled, out)?;
    if none && scheduled.schedules.moves.is_empty() {
        writeln!(out, "# Nothing is to be scaled.")?;
    }
    Ok(())
}

/// What objects of a workload are called: as it is, with its kind where another workload is
/// called the same, or an object of that name scales another.
fn called(snapshot: &Snapshot, index: usize) -> String {
    let id = &snapshot.workloads[index].id;
    let all = snapshot.workloads.iter().enumerate();
    let mut others = all.filter(|(at, it)| *at != index && it.id.namespace == id.namespace);
    let is_taken = others.any(|(_, it)| {
        let scales = it.managers.iter().filter(|it| it.kind == "ScaledObject");
        let mut names = scales
            .map(|it| &it.name)
            .chain(it.autoscaler.iter().map(|it| &it.name));
        let same = it.id.name == id.name && it.id.kind != id.kind;
        same || names.any(|name| *name == id.name)
    });
    if is_taken {
        format!("{}-{}", id.name, id.kind.to_lowercase())
    } else {
        id.name.clone()
    }
}

/// The longest name of most objects.
const LONGEST: usize = 63;

/// A name of at most so many characters: where it is cut, with what tells it from others that
/// begin alike.
fn cut(name: &str, most: usize) -> String {
    /// Of the hash, as many digits.
    const DIGITS: usize = 6;
    if name.len() <= most {
        return name.to_owned();
    }
    let hash = hex(&Sha256::digest(name));
    let stem: String = name.chars().take(most.saturating_sub(DIGITS + 1)).collect();
    format!("{}-{}", stem.trim_end_matches(['-', '.']), &hash[..DIGITS])
}

impl<'a> Scaled<'a> {
    fn write(self, mover: Mover, out: &mut dyn io::Write) -> io::Result<()> {
        let id = &self.workload.id;
        writeln!(out, "# {}", escape(&id.to_string()))?;
        writeln!(out, "# {}", self.plan.reason())?;
        for text in &self.plan.hindered {
            writeln!(out, "# {text}")?;
        }
        let names = [&id.namespace, &id.name];
        if !names.into_iter().all(|name| is_plain(name)) {
            return writeln!(out, "# Kubernetes takes no such names: nothing is written.");
        }
        if self.plan.advice.has_windows() {
            for window in &self.plan.windows {
                writeln!(out, "# {} ({})", evidence(window), self.zone)?;
            }
            for window in &self.plan.month {
                writeln!(out, "# {} ({})", month_evidence(window), self.zone)?;
            }
        }
        for event in self.plan.events.iter().filter(|_| self.plan.advice.acts()) {
            let text = escape(&event.text());
            writeln!(
                out,
                "# {text}; remove it once it is over: its cron comes again every year"
            )?;
        }
        if let Some(sleep) = &self.plan.sleep {
            let more = if self.sleep.is_some() {
                ""
            } else {
                ": --sleep writes it"
            };
            let text = super::sleep::evidence(sleep);
            writeln!(out, "# no replica {text} ({}){more}", self.zone)?;
        }
        for piece in self.pieces(mover) {
            match piece {
                Piece::Object(object) => write!(out, "---\n{}", emit::document(&object)?)?,
                Piece::Command(command) => writeln!(out, "#   {command}")?,
            }
        }
        Ok(())
    }

    fn pieces(self, mover: Mover) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = Vec::new();
        if self.plan.advice.acts() {
            pieces.extend(self.resize());
        }
        match (self.plan.advice, mover) {
            // One object says both, or neither would hold.
            (_, Mover::Keda) if self.sleep.is_some() => pieces.extend(self.keda()),
            (Advice::Leave(_), _) => {}
            (Advice::Hpa(_), _) if self.scaled_object().is_some() => pieces.extend(self.keda()),
            (Advice::Hpa(_), _) if self.workload.autoscaler.is_some() => {
                pieces.extend(self.retarget());
            }
            (Advice::Hpa(_), _) => pieces.push(Piece::Object(self.hpa())),
            (_, Mover::Keda) => pieces.extend(self.keda()),
            (_, Mover::CronJobs) => pieces.extend(self.cron_jobs()),
        }
        if self.plan.advice.has_windows() {
            pieces.extend(self.placeholder(mover));
        }
        if let (Some(sleep), Mover::CronJobs) = (self.sleep, mover) {
            pieces.extend(self.sleep_jobs(sleep));
        }
        pieces
    }

    fn namespace(self) -> &'a str {
        &self.workload.id.namespace
    }

    fn name(self) -> &'a str {
        &self.workload.id.name
    }

    /// What is scaled, as autoscalers name it.
    fn target(self) -> Value {
        json!({
            "apiVersion": self.workload.api_version,
            "kind": self.workload.id.kind,
            "name": self.name(),
        })
    }

    /// The size that replicas are to have where they come and go, where they have another:
    /// schedule and size are one.
    fn resize(self) -> Option<Piece> {
        let (cores, now) = (self.plan.cores?, self.plan.replica.cores_now);
        if now.is_some_and(|now| (now - cores).abs() <= 1e-6) {
            return None;
        }
        let stay = |it: &&Container| it.kind != ContainerKind::Init;
        let mut containers = self.workload.containers.iter().filter(stay);
        let (container, more) = (containers.next()?, containers.next());
        let text = if more.is_some() {
            "first the sizes: kcost patch says them".to_owned()
        } else if is_plain(&container.name) {
            format!(
                "first the size: kubectl set resources {}/{} -n {} -c {} --requests=cpu={}",
                self.workload.id.kind.to_lowercase(),
                self.name(),
                self.namespace(),
                container.name,
                Cpu::cores(cores)
            )
        } else {
            return None;
        };
        Some(Piece::Command(text))
    }

    fn metadata(self, name: &str) -> Value {
        json!({"name": name, "namespace": self.namespace()})
    }

    /// A name for what belongs to the workload, of at most so many characters.
    fn named(self, suffix: &str, most: usize) -> String {
        let room = most.saturating_sub(suffix.len() + 1);
        format!("{}-{suffix}", cut(self.called, room))
    }
}
