//! What an OpenCost says that nodes, volumes and load balancers cost.
//!
//! Its assets are what is really billed, where it knows the bill; where it has none, its
//! allocations say what a core and a GiB of each node cost. See its documentation of
//! `/assets` and `/allocation`.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{Request, StatusCode, Uri};
use kube::client::Body;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::body::{LARGEST, Reading, Unread};
use super::cause::Cause;
use super::deadline::Deadline;
use super::{client, shown, tls};
use crate::units::Money;

/// What is looked at: the last day, so that a change of prices is soon seen.
const WINDOW: &str = "1d";

/// What it says, in its currency.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Billed {
    /// By name.
    pub nodes: BTreeMap<String, Paid>,
    /// By storage class.
    pub storage: BTreeMap<String, Amount>,
    pub load_balancers: Amount,
    /// When what it is from ended, as RFC 3339; empty where it does not say.
    pub end: String,
}

/// What was paid for how much of something.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Amount {
    pub cost: f64,
    /// Hours, core-hours, byte-hours.
    pub hours: f64,
}

/// What was paid for a node.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Paid {
    /// All of it; nothing where only its resources are known.
    pub whole: Amount,
    pub cpu: Amount,
    pub memory: Amount,
    pub gpu: Amount,
}

impl Amount {
    /// For one hour; `None` where nothing was paid.
    pub fn rate(&self) -> Option<f64> {
        let rate = self.cost / self.hours;
        (self.cost > 0.0 && rate.is_finite()).then_some(rate)
    }

    fn add(&mut self, cost: f64, hours: f64) {
        self.cost += cost;
        self.hours += hours;
    }
}

/// Why nothing is known of it.
#[derive(Debug, thiserror::Error)]
pub enum OpenCostError {
    #[error("`{url}` is not the address of an OpenCost")]
    BadUrl { url: String },
    #[error("OpenCost at {url} cannot be reached: {problem}")]
    Unreachable { url: String, problem: String },
    #[error("OpenCost at {url} answers {status} to {path}")]
    Refused {
        url: String,
        path: &'static str,
        status: StatusCode,
    },
    #[error("OpenCost at {url} answers {code} to {path}{said}")]
    Failed {
        url: String,
        path: &'static str,
        code: u64,
        /// Its own words, behind a colon; empty where it has none.
        said: String,
    },
    #[error("OpenCost at {url} says that {what} costs more than a billion an hour: nothing does")]
    Absurd { url: String, what: String },
    #[error("what answers at {url} is no OpenCost: {problem}")]
    Odd { url: String, problem: String },
    #[error("OpenCost at {url} knows no price of a node in the last day")]
    Empty { url: String },
}

impl OpenCostError {
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::BadUrl { .. } => "such as `http://localhost:9003`, or `…/model` for Kubecost",
            Self::Unreachable { .. } => {
                "`kubectl -n opencost port-forward deployment/opencost 9003` makes it `http://localhost:9003`"
            }
            Self::Refused { .. } | Self::Odd { .. } => {
                "give the address of its API, port 9003; of Kubecost that with `/model` behind it"
            }
            Self::Failed { .. } => {
                "its log says more; without `--opencost-url` list prices are used"
            }
            Self::Absurd { .. } => {
                "look at the prices that it is given; without `--opencost-url` list prices are used"
            }
            Self::Empty { .. } => {
                "it needs some hours of a Prometheus with its metrics; without `--opencost-url` list prices are used"
            }
        };
        Some(text.to_owned())
    }
}

/// Asks for the assets of the last day, and for allocations where there are none.
///
/// # Errors
///
/// Where it does not answer, answers something else, or knows of no node.
pub async fn read(url: &str, timeout: Duration) -> Result<Billed, OpenCostError> {
    let api = Api::new(url, timeout)?;
    let query = format!("window={WINDOW}&accumulate=true");
    let found = match api.get("/assets", &query).await {
        Ok(assets) => assets_of(&assets),
        // Older ones have no assets.
        Err(OpenCostError::Refused { .. }) => Billed::default(),
        Err(error) => return Err(error),
    };
    if !found.nodes.is_empty() {
        return api.sane(found);
    }
    let query = format!("window={WINDOW}&aggregate=node&accumulate=true");
    let rates = allocations_of(&api.get("/allocation", &query).await?);
    if rates.nodes.is_empty() {
        return Err(OpenCostError::Empty { url: api.url });
    }
    api.sane(Billed {
        nodes: rates.nodes,
        end: rates.end,
        ..found
    })
}

/// Where it answers.
struct Api {
    client: kube::Client,
    /// The path before those of the API.
    prefix: String,
    url: String,
    timeout: Duration,
}

impl Api {
    fn new(url: &str, timeout: Duration) -> Result<Self, OpenCostError> {
        let bad = || OpenCostError::BadUrl { url: told(url) };
        let uri: Uri = url.parse().map_err(|_| bad())?;
        let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
        let authority = uri.authority().filter(|it| !it.as_str().contains('@'));
        let authority = authority.filter(|_| is_web).ok_or_else(bad)?;
        let base = format!("{}://{authority}", uri.scheme_str().unwrap_or("http"));
        let mut config = kube::Config::new(base.parse().map_err(|_| bad())?);
        config.default_retry = false;
        config.connect_timeout = Some(timeout);
        config.read_timeout = Some(timeout);
        let prefix = uri.path().trim_end_matches('/').to_owned();
        let url = told(url);
        let client = client::client(&config).map_err(|error| OpenCostError::Unreachable {
            url: url.clone(),
            problem: tls::chain(&error),
        })?;
        Ok(Self {
            client,
            prefix,
            url,
            timeout,
        })
    }

    /// What it says, where that is the price of anything.
    fn sane(&self, billed: Billed) -> Result<Billed, OpenCostError> {
        let nodes = billed.nodes.iter().map(|(name, it)| {
            let parts = [it.whole, it.cpu, it.memory, it.gpu];
            let rates = parts.iter().filter_map(Amount::rate);
            (format!("node {name}"), rates.fold(0.0, f64::max))
        });
        let classes = billed.storage.iter().map(|(class, it)| {
            const GIB: f64 = 1_073_741_824.0;
            let rate = it.rate().unwrap_or_default() * GIB;
            (format!("a GiB of {class}"), rate)
        });
        let balancer = billed.load_balancers.rate().unwrap_or_default();
        let balancers = ("a load balancer".to_owned(), balancer);
        let mut all = nodes.chain(classes).chain([balancers]);
        match all.find(|(_, hourly)| *hourly >= Money::MOST) {
            Some((what, _)) => Err(OpenCostError::Absurd {
                url: self.url.clone(),
                what,
            }),
            None => Ok(billed),
        }
    }

    /// The data of an answer.
    async fn get(&self, path: &'static str, query: &str) -> Result<Value, OpenCostError> {
        let unreachable = |problem: String| OpenCostError::Unreachable {
            url: self.url.clone(),
            problem,
        };
        let odd = |problem: &str| OpenCostError::Odd {
            url: self.url.clone(),
            problem: problem.to_owned(),
        };
        let target = format!("{}{path}?{query}", self.prefix);
        let request = Request::get(target).body(Body::empty());
        let request = request.map_err(|_| OpenCostError::BadUrl {
            url: self.url.clone(),
        })?;
        let started = Instant::now();
        let sent = timeout_at(started + self.timeout, self.client.send(request)).await;
        let answer = sent.map_err(|_| unreachable("it does not answer in time".to_owned()))?;
        let answer = answer.map_err(|error| unreachable(Cause::of(&error).to_string()))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(OpenCostError::Refused {
                url: self.url.clone(),
                path,
                status,
            });
        }
        let deadline = Deadline::new(self.timeout);
        let reading = Reading::new(answer, LARGEST, (started, self.timeout), &deadline);
        let whole = reading.whole().await.map_err(|unread| match unread {
            Unread::Late => unreachable("its answer does not come in time".to_owned()),
            Unread::Lost(cause) => unreachable(cause.to_string()),
            Unread::TooLarge(_) => odd("its answer is too large"),
            Unread::Odd(what) => odd(what),
        })?;
        let answer: Value = serde_json::from_slice(&whole).map_err(|_| odd("it writes no JSON"))?;
        // It tells what went wrong in the answer too.
        let code = answer.get("code").and_then(Value::as_u64);
        if let Some(code) = code.filter(|it| !(200..300).contains(it)) {
            return Err(OpenCostError::Failed {
                url: self.url.clone(),
                path,
                code,
                said: said(&answer),
            });
        }
        let data = answer.get("data").cloned();
        data.ok_or_else(|| odd("its answer has no `data`"))
    }
}

/// An address without its query and login, which may hold anything: with a scheme where it
/// was typed with one.
fn told(url: &str) -> String {
    let shown = shown::url(url);
    match shown.strip_prefix("http://") {
        Some(rest) if !url.contains("://") => rest.to_owned(),
        _ => shown,
    }
}

/// What an answer says in words.
fn said(answer: &Value) -> String {
    const LONGEST: usize = 200;
    let text = text(answer, "/message");
    let short: String = text.trim().chars().take(LONGEST).collect();
    if short.is_empty() {
        short
    } else {
        format!(": {short}")
    }
}

/// What is in a map, or in each map of a list.
fn each(data: &Value) -> Vec<(&String, &Value)> {
    let maps: Vec<&Value> = match data {
        Value::Array(list) => list.iter().collect(),
        one => vec![one],
    };
    let maps = maps.into_iter().filter_map(Value::as_object);
    maps.flatten().collect()
}

/// 0 for what it does not know.
fn number(of: &Value, key: &str) -> f64 {
    of.get(key).and_then(Value::as_f64).unwrap_or(0.0)
}

fn text(of: &Value, path: &str) -> String {
    let text = of.pointer(path).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

fn assets_of(data: &Value) -> Billed {
    let mut billed = Billed::default();
    for (_, asset) in each(data) {
        let cost = number(asset, "totalCost");
        let hours = number(asset, "minutes") / 60.0;
        let class = text(asset, "/storageClass");
        match text(asset, "/type").as_str() {
            "Node" if cost > 0.0 && hours > 0.0 => {
                let name = text(asset, "/properties/name");
                let node = billed.nodes.entry(name).or_default();
                node.whole.add(cost, hours);
                resources(node, asset);
            }
            "Disk" if cost > 0.0 && !class.is_empty() => {
                let class = billed.storage.entry(class).or_default();
                class.add(cost, number(asset, "byteHours"));
            }
            "LoadBalancer" => billed.load_balancers.add(cost, hours),
            _ => continue,
        }
        billed.end = billed.end.max(text(asset, "/end"));
    }
    billed
}

fn resources(node: &mut Paid, of: &Value) {
    node.cpu
        .add(number(of, "cpuCost"), number(of, "cpuCoreHours"));
    node.memory
        .add(number(of, "ramCost"), number(of, "ramByteHours"));
    // Assets and allocations write it differently.
    let hours = number(of, "gpuHours").max(number(of, "GPUHours"));
    node.gpu.add(number(of, "gpuCost"), hours);
}

fn allocations_of(data: &Value) -> Billed {
    let mut billed = Billed::default();
    for (name, allocation) in each(data) {
        let known = number(allocation, "cpuCost") > 0.0;
        // Reserved names, as `__idle__`, are no nodes.
        if !known || name.starts_with("__") {
            continue;
        }
        let node = text(allocation, "/properties/node");
        let name = if node.is_empty() { name.clone() } else { node };
        resources(billed.nodes.entry(name).or_default(), allocation);
        billed.end = billed.end.max(text(allocation, "/end"));
    }
    billed
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn no_part_of_a_login_is_told() {
        let said = |url: &str| match Api::new(url, Duration::from_secs(1)) {
            Ok(api) => api.url,
            Err(error) => error.to_string(),
        };
        for login in [
            "u:hush", "u:hush/x", "u:hush?x", "u:x?hush", "u:hush#x", "u:a@hush", "hush/x",
            "hush?x", "u:1/hush",
        ] {
            for scheme in ["http://", "https://", "ftp://", ""] {
                let said = said(&format!("{scheme}{login}@host:90/model?token=hush#hush"));
                assert!(said.contains("host:90/model"), "{said}");
                assert!(!said.contains("hush"), "{said}");
            }
        }
    }

    #[test]
    fn an_address_is_told_as_it_was_typed() {
        for plain in [
            "opencost:9003",
            "http://opencost:9003",
            "https://[::1]/model",
        ] {
            assert_eq!(told(plain), plain);
        }
    }

    #[test]
    fn a_node_costs_what_was_paid_for_it_adjustments_included() {
        let node = json!({
            "type": "Node", "properties": {"name": "n0"}, "minutes": 720.0,
            "end": "2026-11-29T00:00:00Z", "totalCost": 2.4, "cpuCost": 1.5,
            "cpuCoreHours": 48.0, "ramCost": 0.7, "ramByteHours": 206_158_430_208.0,
            "gpuCost": null, "GPUHours": 0.0, "adjustment": 0.2,
        });
        let disk = json!({
            "type": "Disk", "properties": {"name": "d"}, "minutes": 1440.0, "totalCost": 0.3,
            "byteHours": 2_576_980_377_600.0, "storageClass": "gp3",
        });
        // One map, or a list of them.
        for data in [
            json!({"a": node, "b": disk}),
            json!([{"a": node}, {"b": disk}, null]),
        ] {
            let billed = assets_of(&data);
            let is = |rate: Option<f64>, wanted: f64| (rate.unwrap() - wanted).abs() < 1e-12;
            assert!(is(billed.nodes["n0"].whole.rate(), 0.2));
            assert!(is(billed.nodes["n0"].cpu.rate(), 0.03125));
            assert_eq!(billed.nodes["n0"].gpu.rate(), None);
            assert!(billed.storage["gp3"].rate().is_some());
            assert_eq!(billed.end, "2026-11-29T00:00:00Z");
        }
    }

    #[test]
    fn what_is_idle_or_free_says_nothing_of_a_node() {
        let data = json!([{
            "__idle__": {"cpuCost": 3.0, "cpuCoreHours": 10.0},
            "n0": {"properties": {"node": "n0"}, "cpuCost": 0.3, "cpuCoreHours": 10.0},
            "n1": {"properties": {"node": "n1"}, "cpuCost": 0.0, "cpuCoreHours": 10.0},
        }]);
        let billed = allocations_of(&data);
        assert_eq!(billed.nodes.keys().collect::<Vec<_>>(), ["n0"]);
    }
}
