//! Objects of any number, cut from one recorded Deployment's.

use serde_json::Value;

use super::recorded;
use super::store::Store;

const NAMESPACES: usize = 25;

/// One object of a recorded list, as text, without what differs between objects.
fn template(file: &str, name: &str) -> String {
    let list: Value = serde_json::from_slice(&recorded(file)).unwrap();
    let items = list["items"].as_array().unwrap();
    let found = items.iter().find(|item| {
        let own = item["metadata"]["name"].as_str().unwrap();
        own == name || own.starts_with(&format!("{name}-"))
    });
    found.unwrap_or(&items[0]).to_string()
}

/// The value of `metadata.name` in a text.
fn name_of(json: &str) -> String {
    let value: Value = serde_json::from_str(json).unwrap();
    value["metadata"]["name"].as_str().unwrap().to_owned()
}

pub fn fill(store: &mut Store, pods: usize, nodes: usize) {
    let app = "app-0001";
    let pod = template("pods-team-00", app);
    let metrics = template("metrics-pods-team-00", app);
    let replica_set = template("replicasets-team-00", app);
    let deployment = template("deployments-limit40", app);
    let node = template("nodes", "node-000");
    for index in 0..nodes {
        let json = node.replace("node-000", &format!("node-{index:04}"));
        store.put("v1", "nodes", json);
    }
    let pod_name = name_of(&pod);
    let own_node = serde_json::from_str::<Value>(&pod).unwrap()["spec"]["nodeName"].clone();
    let own_node = own_node.as_str().unwrap().to_owned();
    let mut made = 0;
    for index in 0.. {
        if made >= pods {
            break;
        }
        let namespace = format!("team-{:02}", index % NAMESPACES);
        let name = format!("app-{index:05}");
        let here = |json: &str| json.replace("team-00", &namespace).replace(app, &name);
        store.put("apps/v1", "deployments", here(&deployment));
        store.put("apps/v1", "replicasets", here(&replica_set));
        let replicas = [1, 2, 2][index % 3].min(pods - made);
        for replica in 0..replicas {
            let unique = format!("{}{:02x}", &pod_name[..pod_name.len() - 2], replica);
            let node = format!("node-{:04}", made % nodes.max(1));
            let own = |json: &str| {
                let json = json.replace(&pod_name, &unique).replace(&own_node, &node);
                here(&json)
            };
            store.put("v1", "pods", own(&pod));
            store.put(
                "metrics.k8s.io/v1beta1",
                "pods",
                own(&metrics.replace(&name_of(&metrics), &pod_name)),
            );
            made += 1;
        }
    }
}
