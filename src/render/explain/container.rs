//! One container: its sizes, why they are so, what was used, and the risk.

use std::io::{self, Write};

use super::Page;
use super::strip;
use crate::explain::{ContainerStory, Curve};
use crate::recommend::{Advice, HeapAdvice, PodAdvice, Risk, Sizing};
use crate::render::style::{BOLD, DIM};
use crate::snapshot::{ContainerKind, Resources, Workload};
use crate::text::{count, percent};
use crate::units::{Bytes, Cpu, Span};

impl Page {
    pub(super) fn container(
        self,
        story: &ContainerStory<'_>,
        plotted: bool,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let container = story.container;
        let kind = container.kind.name();
        let title = format!("CONTAINER {} ({kind})", container.name);
        let once = container.kind == ContainerKind::Init && story.advice.whys.is_empty();
        if once && !self.verbose {
            let why = story.advice.reasons.first();
            let why = why.map_or("", |reason| reason.text.as_str());
            return self.line("", &format!("{title}: {why}"), out);
        }
        self.head(&title, out)?;
        self.sizes(story, out)?;
        self.whys(story, out)?;
        self.gpu(story, out)?;
        if !plotted && !self.verbose {
            return Ok(());
        }
        self.cpu(story, out)?;
        self.memory(story, out)?;
        self.quality(story, out)?;
        self.risk(story, out)
    }

    /// One sentence a field, and on demand how each was found. Where nothing changes,
    /// why not.
    fn whys(self, story: &ContainerStory<'_>, out: &mut dyn Write) -> io::Result<()> {
        let (whys, reasons) = (&story.advice.whys, &story.advice.reasons);
        writeln!(out)?;
        for why in whys {
            self.line("  - ", &why.text, out)?;
        }
        if whys.is_empty() {
            let nothing = "nothing changes: these sizes fit".to_owned();
            let unknown = story.advice.risk.is_none();
            let text = reasons.first().filter(|_| unknown);
            let text = text.map_or(nothing, |reason| reason.text.clone());
            self.line("  - ", &text, out)?;
        }
        if !self.verbose {
            return Ok(());
        }
        self.part("how these sizes were found", out)?;
        for (number, reason) in (1..).zip(reasons) {
            self.line(&format!("  {number:>2}. "), &reason.text, out)?;
        }
        Ok(())
    }

    /// What the pod has as a whole, now and advised, and why.
    pub(super) fn pod(
        self,
        workload: &Workload,
        advice: &PodAdvice,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        self.head("THE POD as a whole", out)?;
        let (requests, limits) = (&workload.pod_requests, &workload.pod_limits);
        self.fields((requests, limits), &advice.sizing, out)?;
        writeln!(out)?;
        let mut reasons = advice.reasons.iter();
        reasons.try_for_each(|reason| self.line("  - ", &reason.text, out))
    }

    /// The four fields and the heap, now and advised.
    fn sizes(self, story: &ContainerStory<'_>, out: &mut dyn Write) -> io::Result<()> {
        let now = (&story.container.requests, &story.container.limits);
        self.fields(now, &story.advice.sizing, out)?;
        match &story.advice.heap {
            Some(heap) => row("heap at most", sides(heap), out),
            None => Ok(()),
        }
    }

    fn fields(
        self,
        (requests, limits): (&Resources, &Resources),
        sizing: &Sizing,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let heads = format!("{:<15} {:>10} {:>10}", "", "NOW", "ADVISED");
        writeln!(out, "  {}", self.paint(DIM, &heads))?;
        let cpu = |now, advice| pair(now, advice, |cpu: Cpu| cpu.to_string());
        let memory = |now, advice| pair(now, advice, Bytes::human);
        let of = [
            ("CPU request", cpu(requests.cpu, sizing.cpu_request)),
            ("CPU limit", cpu(limits.cpu, sizing.cpu_limit)),
            (
                "memory request",
                memory(requests.memory, sizing.memory_request),
            ),
            ("memory limit", memory(limits.memory, sizing.memory_limit)),
        ];
        of.into_iter()
            .try_for_each(|(name, sides)| row(name, sides, out))
    }

    fn cpu(self, story: &ContainerStory<'_>, out: &mut dyn Write) -> io::Result<()> {
        let Some(profile) = &story.profile.cpu else {
            return writeln!(out, "\n  no CPU samples");
        };
        self.part("CPU of a replica: peak of any pod and mean (cores)", out)?;
        self.cpu_plot(story, out)?;
        if !self.verbose {
            return Ok(());
        }
        let text = format!(
            "distribution: p50 {}, p90 {}, p95 {}, p98 {}, p99 {}, max {}",
            profile.p50, profile.p90, profile.p95, profile.p98, profile.p99, profile.max
        );
        self.line("  ", &text, out)?;
        let strip = strip::strip(&profile.hour_of_week, self.ink);
        if strip.is_empty() {
            return Ok(());
        }
        self.part("mean CPU by hour of the week", out)?;
        write!(out, "{strip}")
    }

    /// A blank line, and the title of what follows.
    fn part(self, title: &str, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "\n  {}", self.paint(BOLD, title))
    }

    fn memory(self, story: &ContainerStory<'_>, out: &mut dyn Write) -> io::Result<()> {
        let Some(profile) = &story.profile.memory else {
            return writeln!(out, "\n  no memory samples");
        };
        let title = "memory of a replica: peak of any pod and mean (working set)";
        self.part(title, out)?;
        self.memory_plot(story, out)?;
        if !self.verbose {
            return Ok(());
        }
        let text = format!(
            "distribution: p50 {}, p90 {}, p95 {}, p98 {}, p99 {}, max {}",
            profile.p50.human(),
            profile.p90.human(),
            profile.p95.human(),
            profile.p98.human(),
            profile.p99.human(),
            profile.max.human()
        );
        self.line("  ", &text, out)
    }

    /// Use of its accelerators, where it has some.
    fn gpu(self, story: &ContainerStory<'_>, out: &mut dyn Write) -> io::Result<()> {
        let Some(gpu) = &story.profile.gpu else {
            return Ok(());
        };
        let memory = gpu.max_memory;
        let memory =
            memory.map_or_else(String::new, |it| format!(", memory {} at most", it.human()));
        let text = format!(
            "{} on average, {} or more in its busiest 5% of the time{memory}",
            gpu.mean_utilization, gpu.p95_utilization,
        );
        writeln!(out)?;
        self.line("  GPU:  ", &text, out)
    }

    fn quality(self, story: &ContainerStory<'_>, out: &mut dyn Write) -> io::Result<()> {
        let quality = &story.profile.quality;
        let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let longest = quality.longest_gap.human();
        let gaps = match quality.gaps {
            0 => "no gaps".to_owned(),
            1 => format!("1 gap of {longest}"),
            many => format!("{many} gaps, the longest {longest}"),
        };
        let text = format!(
            "{} of {} over {}, {} covered, {gaps}",
            count(number(quality.samples), "sample"),
            count(number(u64::from(quality.pods)), "pod"),
            quality.span.human(),
            quality.coverage,
        );
        writeln!(out)?;
        self.line("  data: ", &text, out)
    }

    /// What happened with today's sizes, and what is said of the advised ones.
    fn risk(self, story: &ContainerStory<'_>, out: &mut dyn Write) -> io::Result<()> {
        let container = story.container;
        let over = |curve: &Curve, size: Option<f64>| {
            let share = size.and_then(|size| curve.share_above(size));
            share.map_or("unknown".to_owned(), percent)
        };
        let said = |part: fn(&Risk) -> Option<f64>| {
            let risk = story.advice.risk.as_ref().and_then(part);
            risk.map_or("unknown".to_owned(), percent)
        };
        let horizon = story.advice.risk.map_or(Span::WEEK, |risk| risk.horizon);
        let cpu = format!(
            "CPU above its request: {} of the time so far, {} as advised",
            over(&story.cpu, container.requests.cpu.map(Cpu::get)),
            said(|risk| risk.cpu_time_over_request),
        );
        self.line("  risk: ", &cpu, out)?;
        let memory = format!(
            "memory above its limit: {} of the time so far, as advised {} in {horizon}",
            over(&story.memory, container.limits.memory.map(Bytes::to_f64)),
            said(|risk| risk.memory_over_limit),
        );
        self.line("        ", &memory, out)
    }
}

fn row(name: &str, (now, advised): (String, String), out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "  {name:<15} {now:>10} {advised:>10}")
}

/// The largest heap, now and advised.
fn sides(heap: &HeapAdvice) -> (String, String) {
    let text = |size: Option<Bytes>| size.map_or("unknown".to_owned(), Bytes::human);
    let after = if heap.before == heap.after {
        "keep".to_owned()
    } else {
        text(heap.after)
    };
    (text(heap.before), after)
}

fn pair<T: Copy>(
    now: Option<T>,
    advice: Advice<T>,
    text: impl Fn(T) -> String,
) -> (String, String) {
    let advised = match advice {
        Advice::Set(value) => text(value),
        Advice::Unset => "remove".to_owned(),
        Advice::Keep => "keep".to_owned(),
    };
    (now.map_or("-".to_owned(), &text), advised)
}
