//! Packets that pods lose, and what nodes said of themselves, from a server that answers
//! these questions alone.

use std::io::BufReader;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use kcost::collect::Resolved;
use kcost::progress::Silent;
use kcost::snapshot::{Metric, Node, Series};
use kcost::units::Span;

use super::faulty::{next_request, respond};
use super::openmetrics::{END, containers};
use super::{block_on, everything, options, place, resolved};

/// Names of everything that is counted.
const ALL: [&str; 8] = [
    "container_network_receive_bytes_total",
    "container_network_receive_errors_total",
    "container_network_receive_packets_dropped_total",
    "container_network_receive_packets_total",
    "container_network_transmit_packets_total",
    "container_network_transmit_errors_total",
    "container_network_transmit_packets_dropped_total",
    "kube_node_status_condition",
];

struct Store {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Store {
    /// With these metrics, that refuses questions with `refused` in them.
    fn new(names: &'static [&'static str], refused: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let heard = Arc::clone(&heard);
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    while let Some(request) = next_request(&mut reader) {
                        let request = decoded(&request);
                        let (status, body) = if !refused.is_empty() && request.contains(refused) {
                            let bad = r#"{"status":"error","errorType":"bad_data","error":"no"}"#;
                            (400, bad.to_owned())
                        } else {
                            (200, answer(&request, names))
                        };
                        heard.lock().unwrap().push(request);
                        if respond(&mut stream, status, "", &body).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { url, asked }
    }

    /// Everything that is read of it, beside pods of two Deployments and two nodes.
    fn read(&self) -> (Vec<Series>, Resolved, usize) {
        let mut resolved = resolved(&containers(5));
        resolved.cluster.nodes = ["n0", "n1"]
            .map(|name| Node {
                name: name.to_owned(),
                ..Node::default()
            })
            .into();
        let options = options(&self.url, Span::HOUR);
        let everything = everything();
        let read = kcost::collect::prometheus::signals(&options, &everything, &Silent);
        let (signals, gaps) = block_on(read).unwrap();
        let mut usage = kcost::collect::UsageBuilder::new(kcost::snapshot::Grid {
            start: jiff::Timestamp::from_second(END - 3_600).unwrap(),
            step: Span::from_secs(300),
            len: 12,
        });
        signals.merge(&mut usage, &mut resolved);
        let (usage, _) = place(usage, &containers(5));
        (usage.series, resolved, gaps.len())
    }

    fn questions(&self, of: &str) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        let ranges = asked.iter().filter(|it| it.contains("query_range"));
        ranges.filter(|it| it.contains(of)).cloned().collect()
    }
}

/// What a form holds, as far as these questions need it.
fn decoded(request: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = request.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let code = [rest.next(), rest.next()].map(Option::unwrap_or_default);
                let code = String::from_utf8_lossy(&code).into_owned();
                bytes.extend(u8::from_str_radix(&code, 16));
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn answer(request: &str, names: &[&str]) -> String {
    if request.contains("/label/") {
        let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        return format!(r#"{{"status":"success","data":[{}]}}"#, names.join(","));
    }
    let series = if request.contains("count by (__name__)") {
        let count = |name: &&str| item(&format!("\"__name__\":\"{name}\""), &[(0, 2.0), (12, 2.0)]);
        names.iter().map(count).collect()
    } else if request.contains("packets_dropped") {
        // Of both only one loses some, and a few more than anybody feels.
        vec![
            counter(0, "receive_packets_dropped_total", 10.0),
            counter(4, "receive_packets_dropped_total", 1.0),
        ]
    } else if request.contains("receive_packets_total") {
        vec![
            counter(0, "receive_packets_total", 300.0),
            counter(0, "transmit_packets_total", 90.0),
        ]
    } else if request.contains("receive_bytes_total") {
        vec![
            counter(0, "receive_bytes_total", 3_000.0),
            counter(4, "receive_bytes_total", 3_000.0),
        ]
    } else if request.contains("kube_node_status_condition") {
        let said = |node: &str, condition: &str| {
            format!("\"node\":\"{node}\",\"condition\":\"{condition}\",\"status\":\"true\"")
        };
        vec![
            item(
                &said("n0", "DiskPressure"),
                &[(3, 1.0), (4, 1.0), (5, 1.0), (9, 1.0)],
            ),
            item(&said("n9", "Ready"), &[(3, 0.0)]),
        ]
    } else {
        Vec::new()
    };
    let series = series.join(",");
    format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{series}]}}}}"#)
}

/// A counter of a pod, that rises so much in each step of five minutes.
fn counter(number: usize, name: &str, rise: f64) -> String {
    let pod = &containers(5)[number];
    let labels = format!(
        "\"__name__\":\"container_network_{name}\",\"namespace\":\"{}\",\"pod\":\"{}\",\
         \"interface\":\"eth0\"",
        pod.namespace, pod.pod
    );
    let points: Vec<(i64, f64)> = (0..=12_i32)
        .map(|at| (i64::from(at), 7.0 + rise * f64::from(at)))
        .collect();
    item(&labels, &points)
}

fn item(labels: &str, points: &[(i64, f64)]) -> String {
    let points = points.iter().map(|(at, value)| {
        let time = END - 3_600 + at * 300;
        format!("[{time},\"{value}\"]")
    });
    let points: Vec<String> = points.collect();
    format!(
        r#"{{"metric":{{{labels}}},"values":[{}]}}"#,
        points.join(",")
    )
}

fn shares(series: &[Series], pod: &str, metric: Metric) -> Option<Vec<f32>> {
    let one = series.iter().find(|it| it.pod == pod)?;
    let known = one.more.get(&metric)?.known().iter().copied();
    Some(known.filter(|it| it.is_finite()).collect())
}

#[test]
fn packets_are_asked_for_of_pods_that_lose_some() {
    let store = Store::new(&ALL, "");
    let (series, resolved, gaps) = store.read();
    assert_eq!(gaps, 0);
    let pods = containers(5);
    let lost = shares(&series, &pods[0].pod, Metric::NetworkDropRatio).unwrap();
    assert_eq!(lost.len(), 12);
    // Ten of the 300 and 90 that passed and themselves.
    assert!(lost.iter().all(|it| (it - 0.025).abs() < 1e-4), "{lost:?}");
    let errors = shares(&series, &pods[0].pod, Metric::NetworkErrorRatio).unwrap();
    assert!(errors.iter().all(|it| *it == 0.0), "{errors:?}");
    // Of what nobody feels one zero says that it is counted.
    let few = shares(&series, &pods[4].pod, Metric::NetworkDropRatio);
    assert_eq!(few, Some(vec![0.0]));
    let asked = store.questions("query={__name__=~\"container_network_receive_packets_total");
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(
        asked[0].contains(&format!("pod=~\"{}\"", pods[0].pod)),
        "{asked:?}"
    );

    let spells = |at: usize| {
        let node: &Node = &resolved.cluster.nodes[at];
        let all = node.spells.as_ref().unwrap().iter();
        all.map(|it| {
            (
                it.kind.clone(),
                it.from.as_second() - END,
                it.until.as_second() - END,
            )
        })
        .collect::<Vec<_>>()
    };
    let disk = || "DiskPressure".to_owned();
    assert_eq!(spells(0), [(disk(), -2_700, -1_800), (disk(), -900, -600)]);
    assert_eq!(spells(1), []);
}

#[test]
fn what_is_not_counted_or_refused_is_unknown() {
    // Bytes alone.
    let store = Store::new(&["container_network_receive_bytes_total"], "");
    let (series, resolved, gaps) = store.read();
    let pods = containers(5);
    assert!(shares(&series, &pods[0].pod, Metric::NetworkBytesPerSecond).is_some());
    assert_eq!(
        shares(&series, &pods[0].pod, Metric::NetworkDropRatio),
        None
    );
    assert_eq!((resolved.cluster.nodes[0].spells.clone(), gaps), (None, 0));
    for refused in ["packets_dropped", "receive_packets_total"] {
        let (series, _, gaps) = Store::new(&ALL, refused).read();
        let known = shares(&series, &pods[4].pod, Metric::NetworkDropRatio);
        assert_eq!((known, gaps), (None, 1), "{refused}");
    }
    let (_, resolved, gaps) = Store::new(&ALL, "status=\"true\"").read();
    assert_eq!((resolved.cluster.nodes[0].spells.clone(), gaps), (None, 1));
}
