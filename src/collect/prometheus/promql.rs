//! The text of queries.

use std::fmt::Write as _;

use super::answer::Labels;
use super::names::Names;
use super::options::{Matcher, PrometheusOptions};
use super::reading::Reading;
use super::survey::Source;

pub(super) const CPU: &str = "container_cpu_usage_seconds_total";
pub(super) const MEMORY: &str = "container_memory_working_set_bytes";
pub(super) const PERIODS: &str = "container_cpu_cfs_periods_total";
pub(super) const THROTTLED: &str = "container_cpu_cfs_throttled_periods_total";

pub(super) const METRICS: [&str; 4] = [CPU, MEMORY, PERIODS, THROTTLED];

/// How far back an instant looks for the newest sample of a series: longer than
/// any scrape interval that is used, where Prometheus itself takes 5 minutes.
pub(super) const LOOKBACK: &str = "15m";

/// The fraction of the golden ratio: its multiples spread most evenly.
const GOLDEN: &str = "0.6180339887498949";

/// Which pods, by the last character of their names.
///
/// The names of pods end in random letters or in a number, so that this cuts a
/// namespace evenly without knowing the names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endings(String);

/// What the name of an object may end in.
const ENDINGS: &str = "0123456789abcdefghijklmnopqrstuvwxyz";

impl Endings {
    pub(super) fn all() -> Self {
        Self(ENDINGS.to_owned())
    }

    pub(super) fn is_all(&self) -> bool {
        self.0.len() == ENDINGS.len()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Deals the characters out to at most `parts`, so that digits and letters,
    /// which are not equally frequent, spread over all.
    pub(super) fn split(&self, parts: usize) -> Vec<Self> {
        let parts = parts.clamp(1, self.0.len());
        let mut hands = vec![String::new(); parts];
        for (at, ending) in self.0.chars().enumerate() {
            hands[at % parts].push(ending);
        }
        hands.into_iter().map(Self).collect()
    }

    /// As a gap names them.
    pub(super) fn text(&self) -> String {
        format!("pods whose names end in one of `{}`", self.0)
    }
}

/// Which series.
#[derive(Debug, Clone, Copy)]
pub(super) struct Selection<'a> {
    /// Empty for all.
    pub(super) namespaces: &'a [String],
    pub(super) endings: Option<&'a Endings>,
    pub(super) source: Option<&'a Source>,
}

impl Selection<'_> {
    pub(super) const ALL: Self = Self {
        namespaces: &[],
        endings: None,
        source: None,
    };
}

/// How far a point looks back for samples, and what it does with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    /// Seconds.
    pub(super) back: u32,
    /// The same for series that have too few samples within those seconds.
    pub(super) far: Option<u32>,
    /// Each CPU of a node has a series of its own.
    pub(super) by_cpu: bool,
}

impl Look {
    pub(super) fn of(back: u32) -> Self {
        Self {
            back,
            far: None,
            by_cpu: false,
        }
    }
}

/// Writes queries with the names and conditions that the user gave.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words<'a> {
    pub(super) names: &'a Names,
    pub(super) matchers: &'a [Matcher],
}

impl<'a> Words<'a> {
    pub(super) fn new(options: &'a PrometheusOptions) -> Self {
        Self {
            names: &options.names,
            matchers: &options.matchers,
        }
    }

    /// A metric or a label as it is called here.
    pub(super) fn name<'b>(self, known: &'b str) -> &'b str
    where
        'a: 'b,
    {
        self.names.get(known)
    }

    /// The series of a metric of containers.
    pub(super) fn containers(&self, metric: &str, selection: Selection) -> String {
        self.containers_with(metric, &[], selection)
    }

    /// The same, with conditions more.
    fn containers_with(&self, metric: &str, more: &[Matcher], selection: Selection) -> String {
        let mut text = format!("{}{{", self.name(metric));
        let container = self.name("container");
        let _ = write!(text, "{container}!=\"\",{container}!=\"POD\"");
        for matcher in more.iter().chain(&self.matchers(selection)) {
            condition(&mut text, matcher);
        }
        text.push('}');
        text
    }

    /// The same as conditions on labels, of which the name of the metric is one.
    pub(super) fn series(&self, metric: &str, selection: Selection) -> Vec<Matcher> {
        let container = self.name("container");
        let mut all = vec![
            Matcher::equal("__name__", self.name(metric)),
            Matcher::new(container, "!=", ""),
            Matcher::new(container, "!=", "POD"),
        ];
        all.extend(self.matchers(selection));
        all
    }

    /// Conditions on the series of one container, which these labels name.
    pub(super) fn container(
        &self,
        metric: &str,
        labels: &Labels,
        source: Option<&Source>,
    ) -> Vec<Matcher> {
        let mut all = vec![Matcher::equal("__name__", self.name(metric))];
        let named = ["namespace", "pod", "container"].map(|label| self.name(label));
        all.extend(named.map(|label| Matcher::equal(label, labels.get(label))));
        all.extend(self.matchers(Selection {
            source,
            ..Selection::ALL
        }));
        all
    }

    /// Series of any of these metrics.
    pub(super) fn any_of(&self, metrics: &[&str]) -> String {
        let names: Vec<&str> = metrics.iter().map(|m| self.name(m)).collect();
        let mut text = format!("{{__name__=~\"{}\"", names.join("|"));
        self.conditions(&mut text, Selection::ALL);
        text.push('}');
        text
    }

    /// The series of a metric that speaks of these namespaces, of all where there
    /// are none; a selector for each label that may name them.
    pub(super) fn speaking_of(&self, metric: &str, namespaces: &[String]) -> Vec<String> {
        let all = format!("{{__name__=\"{}\"", self.name(metric));
        let end = |mut text: String| {
            self.conditions(&mut text, Selection::ALL);
            text + "}"
        };
        if namespaces.is_empty() {
            return vec![end(all)];
        }
        let labels = self.names.saying("namespace").into_iter();
        let values = quoted(&namespaces.join("|"));
        let named = labels.map(|label| format!("{all},{label}=~\"{values}\""));
        named.map(end).collect()
    }

    /// The conditions of a selection and of the user, each after a comma.
    pub(super) fn conditions(&self, text: &mut String, selection: Selection) {
        for matcher in self.matchers(selection) {
            condition(text, &matcher);
        }
    }

    /// The conditions of a selection and of the user.
    fn matchers(&self, selection: Selection) -> Vec<Matcher> {
        let mut all = Vec::new();
        let namespace = self.name("namespace");
        match selection.namespaces {
            [] => {}
            [one] => all.push(Matcher::equal(namespace, one)),
            many => all.push(Matcher::new(namespace, "=~", &many.join("|"))),
        }
        if let Some(endings) = selection.endings.filter(|endings| !endings.is_all()) {
            let ends = format!(".*[{}]", endings.0);
            all.push(Matcher::new(self.name("pod"), "=~", &ends));
        }
        for (label, value) in selection.source.iter().flat_map(|source| source.labels()) {
            all.push(Matcher::equal(self.name(label), value));
        }
        all.extend_from_slice(self.matchers);
        all
    }

    /// What is read, as the series are, without `max by (namespace,pod,container)`:
    /// Prometheus 2.42 spends six times the CPU on that sum as on the rates
    /// under it. Several series of one container meet in one column instead,
    /// where the largest value stays, so that none ever doubles.
    pub(super) fn reading(&self, reading: Reading, look: Look, selection: Selection) -> String {
        let near = self.within(reading, look.back, look.by_cpu, selection);
        look.far.map_or(near.clone(), |far| {
            let far = self.within(reading, far, look.by_cpu, selection);
            format!("({near} or {far})")
        })
    }

    /// The same from the samples of `range` seconds before each point.
    fn within(&self, reading: Reading, range: u32, by_cpu: bool, selection: Selection) -> String {
        let over = |function: &str, metric| {
            let series = self.containers(metric, selection);
            format!("{function}({series}[{range}s])")
        };
        match reading {
            Reading::Cpu | Reading::CpuPeak if by_cpu => self.rate_of_cpus(range, selection),
            Reading::Cpu | Reading::CpuPeak => over("rate", CPU),
            Reading::Memory => over("max_over_time", MEMORY),
            Reading::Throttled => {
                format!("{} / {}", over("rate", THROTTLED), over("rate", PERIODS))
            }
        }
    }

    /// All CPUs of a container together; where a series says their total too,
    /// it is not added.
    fn rate_of_cpus(&self, range: u32, selection: Selection) -> String {
        let cpu = self.name("cpu");
        let sum = |operator: &'static str| {
            let total = [Matcher::new(cpu, operator, "total")];
            let series = self.containers_with(CPU, &total, selection);
            format!("sum without ({cpu}) (rate({series}[{range}s]))")
        };
        format!("({} or {})", sum("!="), sum("="))
    }

    /// One of the points that are `step` seconds apart in a slot of `slot` seconds:
    /// of which rank, the number of the slot says by a golden-ratio sequence.
    ///
    /// Some servers count a point at the very start of a range and some do not:
    /// half a step less leaves no doubt.
    pub(super) fn drawn(&self, look: Look, step: u32, slot: u32, selection: Selection) -> String {
        let points = self.reading(Reading::Cpu, look, selection);
        let count = (slot / step.max(1)).max(2);
        let window = slot - step / 2;
        format!(
            "quantile_over_time(scalar(floor(vector(time() / {slot} * {GOLDEN} % 1 * {count}))) \
             / {}, {points}[{window}s:{step}s])",
            count - 1
        )
    }

    /// The largest of the points that are `step` seconds apart in `span` seconds.
    pub(super) fn largest(&self, look: Look, step: u32, span: u32, selection: Selection) -> String {
        let points = self.reading(Reading::Cpu, look, selection);
        format!("max_over_time({points}[{}s:{step}s])", span - step / 2)
    }

    /// How many series there are, by namespace, by what scraped them, and by these
    /// labels besides.
    pub(super) fn count(&self, selection: Selection, besides: &[String]) -> String {
        let mut labels = vec![self.name("namespace")];
        labels.extend(Source::LABELS.map(|label| self.name(label)));
        labels.extend(besides.iter().map(String::as_str));
        let series = self.containers(MEMORY, selection);
        format!(
            "count by ({}) (last_over_time({series}[{LOOKBACK}]))",
            labels.join(",")
        )
    }

    /// A few series that name no container: of pods, or of anything.
    pub(super) fn without_container(&self, pods: bool, namespaces: &[String], most: u32) -> String {
        let mut text = format!("{}{{{}=\"\"", self.name(MEMORY), self.name("container"));
        if pods {
            let _ = write!(text, ",{}!=\"\"", self.name("pod"));
        }
        let selection = Selection {
            namespaces,
            ..Selection::ALL
        };
        self.conditions(&mut text, selection);
        format!("topk({most}, last_over_time({text}}}[{LOOKBACK}]))")
    }

    /// One series of any container.
    pub(super) fn any_container(&self) -> String {
        let series = self.containers(MEMORY, Selection::ALL);
        format!("topk(1, last_over_time({series}[{LOOKBACK}]))")
    }

    /// A few containers that have several series at a time, and how many.
    pub(super) fn several(&self, selection: Selection, most: u32) -> String {
        let series = self.containers(MEMORY, selection);
        let labels = self.identity();
        format!("topk({most}, count by ({labels}) ({series}) > 1)")
    }

    /// The series of these containers.
    pub(super) fn twins(&self, selection: Selection, most: u32) -> String {
        let series = self.containers(MEMORY, selection);
        let (labels, several) = (self.identity(), self.several(selection, most));
        format!("{series} and on ({labels}) {several}")
    }

    /// The labels that name a container.
    fn identity(&self) -> String {
        let labels = ["namespace", "pod", "container"].map(|label| self.name(label));
        labels.join(",")
    }

    /// Series of containers of pods with these names.
    pub(super) fn of_pods(&self, pods: &[&str], selection: Selection) -> String {
        let named = [Matcher::new(self.name("pod"), "=~", &pods.join("|"))];
        self.containers_with(MEMORY, &named, selection)
    }

    /// How much a counter of the containers of these pods has grown, all together.
    pub(super) fn increase(
        &self,
        metric: &str,
        (namespace, pods): (&str, &[String]),
        seconds: u32,
    ) -> String {
        // Of the names of pods only the point means something else in an expression.
        let names: Vec<String> = pods.iter().map(|it| it.replace('.', "\\.")).collect();
        let named = [Matcher::new(self.name("pod"), "=~", &names.join("|"))];
        let namespaces = [namespace.to_owned()];
        let selection = Selection {
            namespaces: &namespaces,
            ..Selection::ALL
        };
        let series = self.containers_with(metric, &named, selection);
        format!("sum(increase({series}[{seconds}s]))")
    }

    /// How many containers series with a label have that others have not, and of
    /// how many: by whether the label is there.
    pub(super) fn shared(&self, label: &str, selection: Selection) -> String {
        let labels = self.identity();
        let of = |operator: &'static str| {
            let there = [Matcher::new(label, operator, "")];
            let series = self.containers_with(MEMORY, &there, selection);
            format!("count by ({labels}) (last_over_time({series}[{LOOKBACK}]))")
        };
        let (with, without) = (of("!="), of("="));
        let named = |what: &str, text: String| {
            format!("label_replace(count({text}), \"what\", \"{what}\", \"\", \"\")")
        };
        format!(
            "{} or {} or {}",
            named("both", format!("{with} and {without}")),
            named("with", with.clone()),
            named("without", without.clone())
        )
    }

    /// How many containers the source of a selection has not while another has
    /// them, by the number of moments at which it is so.
    ///
    /// It may have them some minutes earlier or later: scrapes are not at the
    /// same time.
    pub(super) fn missing_from(&self, selection: Selection, span: u32, between: u32) -> String {
        let of = |selection| self.containers(MEMORY, selection);
        let all = of(Selection {
            source: None,
            ..selection
        });
        format!(
            "count_values(\"moments\", count_over_time((last_over_time({all}[15m] offset 5m) \
             unless on ({}) last_over_time({}[35m]))[{span}s:{between}s]))",
            self.identity(),
            of(selection)
        )
    }

    /// How many series there are of each number of samples in an hour, of those that were
    /// there all the hour. Of two hours that begin half an hour apart the fuller counts:
    /// one may be cut by the end of the data, or have failed scrapes.
    pub(super) fn samples_an_hour(&self, selection: Selection) -> String {
        let series = self.containers(MEMORY, selection);
        format!(
            "count_values(\"samples\", max_over_time((count_over_time({series}[1h]) \
             and last_over_time({series}[{LOOKBACK}] offset 1h) \
             and last_over_time({series}[{LOOKBACK}]))[1h:30m]))"
        )
    }

    /// The most of a series where there is less than an hour of history.
    pub(super) fn most_samples_an_hour(&self, selection: Selection) -> String {
        let series = self.containers(MEMORY, selection);
        format!("count_values(\"samples\", max(count_over_time({series}[1h])))")
    }

    /// How often the CPU counter of a container fell within so many seconds, on average.
    pub(super) fn resets(&self, source: Option<&Source>, range: u32, lookback: &str) -> String {
        let selection = Selection {
            source,
            ..Selection::ALL
        };
        let series = self.containers(CPU, selection);
        format!("avg(resets({series}[{range}s]) and last_over_time({series}[{lookback}]))")
    }

    /// How many series have a rate where there is no more than one sample.
    pub(super) fn rates_of_one_sample(&self, range: u32, selection: Selection) -> String {
        let rate = self.reading(Reading::Cpu, Look::of(range), selection);
        let series = self.containers(CPU, selection);
        format!("count({rate} unless count_over_time({series}[{range}s]) > 1)")
    }

    /// The points of two minutes that are a minute apart, at whole minutes: three where
    /// a range has its start too, as in Prometheus 2, and two where it begins behind it,
    /// as since Prometheus 3.
    pub(super) fn points_of_a_range() -> String {
        "count_over_time(vector(1)[2m:1m])".to_owned()
    }

    /// Which of these metrics there are, and of which CPUs; these so many seconds before too,
    /// since what was scraped at first may have had a series for each CPU, and have none now.
    pub(super) fn existing(&self, metrics: &[&str], before: u32) -> String {
        let cpu = self.name("cpu");
        let count = |metrics: &[&str], offset: &str| {
            let series = self.any_of(metrics);
            format!("count by (__name__,{cpu}) (last_over_time({series}[{LOOKBACK}]{offset}))")
        };
        let now = count(metrics, "");
        let (cpus, offset) = (metrics.contains(&CPU), format!(" offset {before}s"));
        if !cpus || before == 0 {
            return now;
        }
        format!("{now} or {}", count(&[CPU], &offset))
    }
}

/// A condition after a comma.
fn condition(text: &mut String, matcher: &Matcher) {
    let Matcher {
        label,
        operator,
        value,
    } = matcher;
    let _ = write!(text, ",{label}{operator}\"{}\"", quoted(value));
}

/// Inside double quotes.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_what_it_wants() {
        let names = Names::default();
        let matchers = ["cluster=prod".parse().unwrap()];
        let words = Words {
            names: &names,
            matchers: &matchers,
        };
        let namespaces = ["shop".to_owned()];
        let endings = Endings::all().split(18).remove(0);
        let selection = Selection {
            namespaces: &namespaces,
            endings: Some(&endings),
            source: None,
        };
        insta::assert_snapshot!(
            words.reading(Reading::Cpu, Look::of(750), selection),
            @r#"rate(container_cpu_usage_seconds_total{container!="",container!="POD",namespace="shop",pod=~".*[0i]",cluster="prod"}[750s])"#
        );
    }

    #[test]
    fn a_point_is_drawn_by_the_number_of_its_slot() {
        let names = Names::default();
        let words = Words {
            names: &names,
            matchers: &[],
        };
        insta::assert_snapshot!(words.drawn(Look::of(300), 300, 900, Selection::ALL), @r#"quantile_over_time(scalar(floor(vector(time() / 900 * 0.6180339887498949 % 1 * 3))) / 2, rate(container_cpu_usage_seconds_total{container!="",container!="POD"}[300s])[750s:300s])"#);
        insta::assert_snapshot!(words.largest(Look::of(300), 300, 86_400, Selection::ALL), @r#"max_over_time(rate(container_cpu_usage_seconds_total{container!="",container!="POD"}[300s])[86250s:300s])"#);
    }

    #[test]
    fn endings_are_dealt_out_whole() {
        for parts in [1, 2, 5, 36, 100] {
            let hands = Endings::all().split(parts);
            let mut all: Vec<char> = hands.iter().flat_map(|hand| hand.0.chars()).collect();
            all.sort_unstable();
            assert_eq!(all.into_iter().collect::<String>(), ENDINGS);
        }
    }
}
