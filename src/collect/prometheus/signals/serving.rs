//! What servers of models tell: requests, the cache of keys and values, tokens, latency.
//!
//! Sources: the metrics pages of vLLM, `SGLang`, TensorRT-LLM, Triton, TGI, llama.cpp, NIM
//! and Ray Serve. Python's client appends `_total` to counters, and relabelling often makes
//! `_` of `:`, so both forms are looked for.

use std::collections::BTreeMap;

use super::super::answer::Labels;
use super::Signals;
use super::ask::Asker;
use super::counters::rates;
use super::place::{Place, identity};
use super::question::{Answer, Question};
use crate::snapshot::Metric;
use crate::units::single;

/// As gaps and plans name it.
const SUBJECT: &str = "servers of models";

/// The gauges of one thing, in the order in which the first that is there counts.
struct Gauge {
    metric: Metric,
    /// Names, and what tells their series from others.
    names: &'static [(&'static str, &'static str)],
}

static GAUGES: [Gauge; 3] = [
    Gauge {
        metric: Metric::RequestsRunning,
        names: &[
            ("vllm:num_requests_running", ""),
            ("vllm_num_requests_running", ""),
            ("ray_vllm:num_requests_running", ""),
            ("ray_vllm_num_requests_running", ""),
            ("sglang:num_running_reqs", ""),
            ("sglang_num_running_reqs", ""),
            ("trtllm_num_requests_running", ""),
            ("nv_trt_llm_request_metrics", ",request_type=\"scheduled\""),
            ("tgi_batch_current_size", ""),
            ("llamacpp:requests_processing", ""),
            ("ray_serve_deployment_processing_queries", ""),
            // NIM has no prefix: any program may have such a name.
            ("num_requests_running", ",job=~\".*nim.*\""),
        ],
    },
    Gauge {
        metric: Metric::RequestsWaiting,
        names: &[
            ("vllm:num_requests_waiting", ""),
            ("vllm_num_requests_waiting", ""),
            ("ray_vllm:num_requests_waiting", ""),
            ("ray_vllm_num_requests_waiting", ""),
            ("sglang:num_queue_reqs", ""),
            ("sglang_num_queue_reqs", ""),
            ("trtllm_num_requests_waiting", ""),
            ("nv_trt_llm_request_metrics", ",request_type=\"waiting\""),
            ("nv_inference_pending_request_count", ""),
            ("tgi_queue_size", ""),
            ("llamacpp:requests_deferred", ""),
            ("ray_serve_deployment_queued_queries", ""),
            ("num_requests_waiting", ",job=~\".*nim.*\""),
        ],
    },
    Gauge {
        metric: Metric::KvCacheRatio,
        names: &[
            ("vllm:kv_cache_usage_perc", ""),
            ("vllm_kv_cache_usage_perc", ""),
            ("vllm:gpu_cache_usage_perc", ""),
            ("vllm_gpu_cache_usage_perc", ""),
            ("ray_vllm:kv_cache_usage_perc", ""),
            ("ray_vllm_kv_cache_usage_perc", ""),
            ("sglang:token_usage", ""),
            ("sglang_token_usage", ""),
            ("trtllm_kv_cache_utilization", ""),
            (
                "nv_trt_llm_kv_cache_block_metrics",
                ",kv_cache_block_type=\"fraction\"",
            ),
            ("llamacpp:kv_cache_usage_ratio", ""),
            ("gpu_cache_usage_perc", ",job=~\".*nim.*\""),
        ],
    },
];

/// Counters of tokens, in and out; all that are there together.
const TOKENS: [&str; 16] = [
    "vllm:prompt_tokens_total",
    "vllm:generation_tokens_total",
    "vllm_prompt_tokens_total",
    "vllm_generation_tokens_total",
    "ray_vllm:prompt_tokens_total",
    "ray_vllm:generation_tokens_total",
    "ray_vllm_prompt_tokens_total",
    "ray_vllm_generation_tokens_total",
    "sglang:prompt_tokens_total",
    "sglang:generation_tokens_total",
    "sglang_prompt_tokens_total",
    "sglang_generation_tokens_total",
    "tgi_request_generated_tokens_sum",
    "llamacpp:prompt_tokens_total",
    "llamacpp:tokens_predicted_total",
    "nv_llm_output_token_len_sum",
];

/// One counter over another, both as they rise, and times a factor.
struct Quotient {
    metric: Metric,
    above: &'static str,
    below: &'static str,
    factor: f64,
}

static QUOTIENTS: [Quotient; 6] = [
    Quotient {
        metric: Metric::RequestSeconds,
        above: "vllm:e2e_request_latency_seconds_sum",
        below: "vllm:e2e_request_latency_seconds_count",
        factor: 1.0,
    },
    Quotient {
        metric: Metric::RequestSeconds,
        above: "vllm_e2e_request_latency_seconds_sum",
        below: "vllm_e2e_request_latency_seconds_count",
        factor: 1.0,
    },
    Quotient {
        metric: Metric::RequestSeconds,
        above: "sglang:e2e_request_latency_seconds_sum",
        below: "sglang:e2e_request_latency_seconds_count",
        factor: 1.0,
    },
    Quotient {
        metric: Metric::RequestSeconds,
        above: "tgi_request_duration_sum",
        below: "tgi_request_duration_count",
        factor: 1.0,
    },
    Quotient {
        metric: Metric::RequestSeconds,
        above: "nv_inference_request_duration_us",
        below: "nv_inference_request_success",
        factor: 1e-6,
    },
    // Inferences in one execution are the batch: what is worked on at a time.
    Quotient {
        metric: Metric::RequestsRunning,
        above: "nv_inference_count",
        below: "nv_inference_exec_count",
        factor: 1.0,
    },
];

/// The names of all metrics that are read.
pub(super) fn metrics() -> Vec<&'static str> {
    let gauges = GAUGES.iter().flat_map(|it| it.names.iter().map(|it| it.0));
    let quotients = QUOTIENTS.iter().flat_map(|it| [it.above, it.below]);
    let mut all: Vec<&str> = gauges.chain(TOKENS).chain(quotients).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// What [`read`] asks, where there is something to ask for.
pub(super) fn questions(asker: &Asker<'_>) -> Vec<Question> {
    let gauges = GAUGES.iter().flat_map(|it| there(asker, it));
    let gauges = gauges.map(|(name, condition)| gauge(asker, name, condition));
    let quotients = QUOTIENTS.iter().filter(|it| is_there(asker, it));
    let counters = quotients.flat_map(|it| [it.above, it.below]);
    let tokens = TOKENS.into_iter().filter(|name| asker.has(name));
    let counters = counters.chain(tokens).map(|name| counter(asker, name));
    gauges.chain(counters).collect()
}

pub(super) async fn read(asker: &mut Asker<'_>, signals: &mut Signals) {
    for of in &GAUGES {
        let mut all = Sums::default();
        for (name, condition) in there(asker, of) {
            let question = gauge(asker, name, condition);
            let mut each = Each::default();
            let view = asker.view;
            let take = |answer: &Answer| {
                if let Some(place) = view.place(&answer.labels) {
                    let one = each.of(&answer.labels);
                    for (time, value) in &answer.points {
                        one.add(&place, *time, *value, true);
                    }
                }
            };
            asker.over_window(&question, take).await;
            all.fill(each.together(of.metric == Metric::KvCacheRatio));
        }
        all.put(of.metric, signals);
    }
    let mut tokens = Sums::default();
    for name in TOKENS {
        if asker.has(name) {
            tokens.join(risen(asker, name).await);
        }
    }
    tokens.put(Metric::TokensPerSecond, signals);
    for quotient in &QUOTIENTS {
        if is_there(asker, quotient) {
            let above = risen(asker, quotient.above).await;
            let below = risen(asker, quotient.below).await;
            above
                .over(&below, quotient.factor)
                .put(quotient.metric, signals);
        }
    }
}

fn there(asker: &Asker<'_>, gauge: &Gauge) -> Vec<(&'static str, &'static str)> {
    let names = gauge.names.iter().copied();
    names.filter(|(name, _)| asker.has(name)).collect()
}

fn is_there(asker: &Asker<'_>, quotient: &Quotient) -> bool {
    asker.has(quotient.above) && asker.has(quotient.below)
}

fn gauge(asker: &Asker<'_>, name: &'static str, condition: &str) -> Question {
    let step = asker.coarse();
    let selector = asker.selector(&[name], condition, true);
    Question {
        label: SUBJECT,
        text: format!("avg_over_time({selector}[{step}s])"),
        step: Some(step),
        // Scraped every 15 s at most.
        cost: asker.series(&[name]) * u64::from(step / 15 + 1),
    }
}

fn counter(asker: &Asker<'_>, name: &'static str) -> Question {
    Question {
        label: SUBJECT,
        text: asker.selector(&[name], "", true),
        step: Some(asker.coarse()),
        cost: asker.series(&[name]),
    }
}

/// What a counter rises by a second, of all series of a container together.
async fn risen(asker: &mut Asker<'_>, name: &'static str) -> Sums {
    let question = counter(asker, name);
    let (view, step) = (asker.view, asker.coarse());
    let mut each = Each::default();
    let take = |answer: &Answer| {
        if let Some(place) = view.place(&answer.labels) {
            let one = each.of(&answer.labels);
            for (time, rate) in rates(&answer.points, step) {
                one.add(&place, time, rate, true);
            }
        }
    };
    asker.over_window(&question, take).await;
    each.together(false)
}

/// Labels of who scraped a series: two jobs that scrape one server tell the same twice.
const SCRAPES: [&str; 7] = [
    "job",
    "endpoint",
    "service",
    "prometheus",
    "prometheus_replica",
    "monitor",
    "scrape_pool",
];

/// What each series tells, whoever scraped it.
#[derive(Default)]
struct Each(BTreeMap<String, Sums>);

impl Each {
    fn of(&mut self, labels: &Labels) -> &mut Sums {
        self.0.entry(identity(labels, &SCRAPES)).or_default()
    }

    /// The sum of all series of a container, or the largest.
    fn together(self, largest: bool) -> Sums {
        let mut all = Sums::default();
        for ((place, time), value) in self.0.into_values().flat_map(|it| it.0) {
            all.add(&place, time, value, largest);
        }
        all
    }
}

/// Values of containers by time.
#[derive(Default)]
struct Sums(BTreeMap<(Place, i64), f64>);

impl Sums {
    /// Adds to what there is, or keeps the larger.
    fn add(&mut self, place: &Place, time: i64, value: f64, largest: bool) {
        let held = self.0.entry((place.clone(), time)).or_insert(0.0);
        *held = if largest {
            held.max(value)
        } else {
            *held + value
        };
    }

    /// Takes what is not known yet.
    fn fill(&mut self, other: Self) {
        for (key, value) in other.0 {
            self.0.entry(key).or_insert(value);
        }
    }

    fn join(&mut self, other: Self) {
        for (key, value) in other.0 {
            *self.0.entry(key).or_default() += value;
        }
    }

    /// What is above over what is below, where anything is.
    fn over(self, below: &Self, factor: f64) -> Self {
        let each = self.0.into_iter().filter_map(|(key, above)| {
            let below = below.0.get(&key).filter(|it| **it > 0.0)?;
            Some((key, above / below * factor))
        });
        Self(each.collect())
    }

    fn put(self, metric: Metric, signals: &mut Signals) {
        for ((place, time), value) in self.0 {
            signals.put(&place, metric, time, single(value));
        }
    }
}
