//! What the totals mean: labelled sentences below them.

use std::io;

use super::Page;
use crate::price::Bill;
use crate::recommend::{Growth, State};
use crate::render::pick::{Part, Row};
use crate::render::style::{DIM, GOOD_BOLD, WARN};
use crate::render::words::{called, cores};
use crate::render::wrap::wrap;
use crate::snapshot::Workload;
use crate::text::{count, escape, money, percent};
use crate::units::Money;

/// Stands for a number where there is none.
const NOT_JUDGED: &str = "unknown: no workload could be judged";

/// So many growing workloads are named.
const NAMED: usize = 3;

impl Page<'_> {
    pub(super) fn facts(&self, out: &mut dyn io::Write) -> io::Result<()> {
        self.heading("Notes", "", out)?;
        self.freed(out)?;
        self.banked(out)?;
        self.waste(out)?;
        self.more(out)?;
        self.counts(out)?;
        self.missing(out)?;
        self.grows(out)?;
        self.risk(out)?;
        self.nodes(out)?;
        self.prices(out)?;
        self.gap_count(out)
    }

    /// What the money means: freed is not saved.
    fn freed(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let bill = &self.analysis.bill;
        if bill.freed.to_cents().to_f64() <= 0.0 {
            return self.fact("freed", &nothing_freed(bill), out);
        }
        let amount = self.paint.on(GOOD_BOLD, &money(bill.freed, &bill.currency));
        let text = "a month of requests given back; off the bill once nodes go away";
        let width = money(bill.freed, &bill.currency).chars().count();
        let text = wrap(text, self.room(12 + width), 11);
        writeln!(out, "  {} {amount} {text}", self.label("freed"))
    }

    /// What really leaves the bill, or why nobody can say.
    fn banked(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let Some(banked) = &self.analysis.banked else {
            return Ok(());
        };
        let text = match (banked.monthly, banked.unknown) {
            (Some(amount), _) if banked.nodes > 0 => format!(
                "{} a month leaves the bill with {} that can go then: `kcost nodes` says which",
                money(amount, &self.analysis.bill.currency),
                count(banked.nodes, "node")
            ),
            (Some(amount), _) if amount > Money::ZERO => format!(
                "{} a month leaves the bill at once",
                money(amount, &self.analysis.bill.currency)
            ),
            (Some(_), _) => "nothing: no node can go, `kcost nodes` says why".to_owned(),
            (None, Some(unknown)) => format!("unknown: {}", unknown.text()),
            (None, None) => return Ok(()),
        };
        self.fact("banked", &text, out)
    }

    /// What the gate's rules measure, and over what.
    fn waste(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let bill = &self.analysis.bill;
        let waste = &bill.waste;
        if !self.is_judged() {
            return self.fact("waste", NOT_JUDGED, out);
        }
        let text = format!(
            "of requests with advice: {} of their cost ({}), {} of CPU ({}), {} of memory ({})",
            percent(waste.cost.ratio.get()),
            waste.cost.amounts(&bill.currency),
            percent(waste.cpu.ratio.get()),
            waste.cpu.amounts(),
            percent(waste.memory.ratio.get()),
            waste.memory.amounts(),
        );
        self.fact("waste", &text, out)
    }

    /// What is asked for beyond what is requested now, in words.
    fn more(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let (cpu, memory) = (&self.analysis.bill.cpu, &self.analysis.bill.memory);
        let mut asked = Vec::new();
        if is_more(cpu.requested.get(), cpu.recommended.get()) {
            let more = cpu.recommended.minus(cpu.requested);
            asked.push(format!("{} more cores than now", cores(more)));
        }
        if is_more(memory.requested.to_f64(), memory.recommended.to_f64()) {
            let more = memory.recommended.minus(memory.requested).human();
            let tied = match self.tied() {
                0 => String::new(),
                tied => {
                    let whose = count(tied, "workload");
                    format!(": for {whose}, request and limit become equal")
                }
            };
            asked.push(format!("{more} more memory than now{tied}"));
        }
        if asked.is_empty() {
            return Ok(());
        }
        self.fact(
            "more",
            &format!("asks for {}", asked.join(", and for ")),
            out,
        )
    }

    /// Workloads whose memory request is raised to the limit.
    fn tied(&self) -> usize {
        let rows = Row::all(self.analysis);
        let is_tied = |part: &Part<'_>| {
            let (request, limit) = (part.memory_request(), part.memory_limit());
            request.after() > request.now && request.after() == limit.after()
        };
        let tied = rows
            .iter()
            .filter(|row| row.parts(self.analysis).iter().any(is_tied));
        tied.count()
    }

    /// How much there is.
    fn counts(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let snapshot = self.analysis.snapshot;
        let containers = snapshot
            .workloads
            .iter()
            .map(|it| it.containers.len())
            .sum();
        let pods = snapshot.workloads.iter().map(|it| it.pods.len()).sum();
        let text = format!(
            "{}, {}, {} on {}",
            count(snapshot.owners(), "workload"),
            count(containers, "container"),
            count(pods, "pod"),
            match snapshot.nodes() {
                Some(nodes) => count(nodes, "node"),
                None => "nodes that could not be read".to_owned(),
            },
        );
        self.fact("cluster", &text, out)
    }

    /// Whose pods are not all there.
    fn missing(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let workloads = self.analysis.snapshot.workloads.iter();
        let short: Vec<String> = workloads
            .filter_map(|workload| {
                let (present, all) = workload.missing()?;
                Some(format!(
                    "{} ({present} of {all})",
                    escape(&called(&workload.id))
                ))
            })
            .collect();
        if short.is_empty() {
            return Ok(());
        }
        let mut named = short.iter().take(NAMED).cloned().collect::<Vec<_>>();
        if short.len() > NAMED {
            named.push(count(short.len() - NAMED, "more workload"));
        }
        let text = format!(
            "pods that do not exist are not billed: {}",
            named.join(", ")
        );
        self.fact("missing", &text, out)
    }

    /// Whose memory only rises, and when it meets its limit.
    fn grows(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let rows = Row::all(self.analysis);
        let mut growing: Vec<(&Row<'_>, Growth)> = rows
            .iter()
            .filter_map(|row| {
                let containers = row.advice.containers.iter();
                let growth = containers
                    .filter_map(|it| it.growth)
                    .max_by_key(|it| it.per_day)?;
                Some((row, growth))
            })
            .collect();
        if growing.is_empty() {
            return Ok(());
        }
        let left = |growth: &Growth| growth.days_to_limit().unwrap_or(f64::INFINITY);
        growing.sort_by(|a, b| left(&a.1).total_cmp(&left(&b.1)));
        // The most urgent: findings have the others.
        let mut texts: Vec<String> = growing
            .iter()
            .take(1)
            .map(|(row, growth)| {
                let id = &row.workload.id;
                let name = escape(&called(id));
                let outlook = growth.outlook();
                let outlook = outlook.map_or_else(String::new, |it| format!(", {it}"));
                format!("{name} by {} a day{outlook}", growth.per_day.human())
            })
            .collect();
        if growing.len() > 1 {
            texts.push(count(growing.len() - 1, "more workload"));
        }
        let text = format!("memory that only rises: {}", texts.join("; "));
        self.fact("grows", &text, out)
    }

    fn risk(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let options = &self.analysis.settings.recommend;
        if !options.strategy.heeds_goal() {
            return Ok(());
        }
        if !self.is_judged() {
            return self.fact("risk", NOT_JUDGED, out);
        }
        let targets = &options.targets;
        let horizon = targets.horizon;
        let text = format!(
            "`{}` promises over {horizon}: memory limit exceeded by at most {} of workloads, CPU request at most {} of the time",
            options.goal.name(),
            percent(targets.memory_over_limit),
            percent(targets.cpu_time_over_request),
        );
        let more = match self.beyond_promise() {
            0 => String::new(),
            1 => "; 1 takes more, `explain` says why".to_owned(),
            many => format!("; {many} take more, `explain` says why"),
        };
        self.fact("risk", &(text + &more), out)
    }

    /// Workloads with advice that say more than what is promised to them.
    fn beyond_promise(&self) -> usize {
        let (options, snapshot) = (&self.analysis.settings.recommend, &self.analysis.snapshot);
        let advised = self.analysis.advised.workloads.iter();
        let beyond = advised.filter(|advice| {
            let targets = options
                .of(&snapshot.workloads[advice.workload])
                .options
                .targets;
            let more = |said: Option<f64>, target: f64| said.is_some_and(|said| said > target);
            advice.state != State::Unknown
                && advice
                    .containers
                    .iter()
                    .filter_map(|it| it.risk)
                    .any(|risk| {
                        more(risk.memory_over_limit, targets.memory_over_limit)
                            || more(risk.cpu_time_over_request, targets.cpu_time_over_request)
                    })
        });
        beyond.count()
    }

    fn prices(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let mut text = self.analysis.bill.description.clone();
        let mut workloads = self.analysis.snapshot.workloads.iter();
        if workloads.any(Workload::is_batch) {
            text.push_str("; jobs for the time that they run");
        }
        self.fact("prices", &text, out)
    }

    fn gap_count(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let gaps = self.analysis.snapshot.gaps.len();
        if gaps == 0 {
            return Ok(());
        }
        let text = format!("{} in the data, see below", count(gaps, "gap"));
        let label = self.label("gaps");
        writeln!(out, "  {label} {}", self.paint.on(WARN, &text))
    }

    /// Whether there is advice on any workload.
    pub(super) fn is_judged(&self) -> bool {
        let mut workloads = self.analysis.advised.workloads.iter();
        workloads.any(|it| it.state != State::Unknown)
    }

    /// A labelled sentence; its text is plain.
    pub(super) fn fact(&self, name: &str, text: &str, out: &mut dyn io::Write) -> io::Result<()> {
        let text = wrap(text, self.room(11), 11);
        writeln!(out, "  {} {text}", self.label(name))
    }

    fn label(&self, name: &str) -> String {
        self.paint.on(DIM, &format!("{name:<8}"))
    }
}

/// Whether a total rises by enough to be told.
fn is_more(before: f64, after: f64) -> bool {
    after > before * 1.005
}

fn nothing_freed(bill: &Bill) -> String {
    if bill.recommended > bill.current {
        let more = money(bill.recommended - bill.current, &bill.currency);
        format!("nothing: what is too small needs {more} a month more than the rest gives back")
    } else {
        "nothing to give back".to_owned()
    }
}
