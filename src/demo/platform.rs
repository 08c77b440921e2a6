//! What the platform team runs for the others, and what the cluster itself needs.

use super::plan::{Pace, Plan, Pool, app, daemon_set, deployment, held, load, stateful_set};
use super::rhythm::Rhythm::{Flat, Office, Shop};

const TEAM: &str = "platform";
const SYSTEM: &str = "kube-system";
const STAGING: &str = "staging";

pub(super) fn plans() -> Vec<Plan> {
    [platform(), staging(), system()].concat()
}

fn platform() -> Vec<Plan> {
    vec![
        deployment(TEAM, "ingress-nginx", 3)
            .part(
                app("controller", 325, 320)
                    .uses(load(Shop, 0.04, 0.28))
                    .holds(held(190.0).load(70.0).cache(30.0, 4.0)),
            )
            .served("LoadBalancer")
            .budget(1),
        stateful_set(TEAM, "prometheus", 1)
            .part(
                app("prometheus", 1200, 5120)
                    .memory_limit(8192)
                    .uses(load(Flat, 0.0, 0.62).wobble(0.25).bursts(12.0, 0.5, 2))
                    .holds(held(3700.0).cache(900.0, 4.0).wobble(0.06)),
            )
            .volume(300)
            .served("ClusterIP"),
        deployment(TEAM, "grafana", 1)
            .part(
                app("grafana", 250, 512)
                    .memory_limit(512)
                    .uses(load(Office, 0.008, 0.07).wobble(0.4))
                    .holds(held(140.0).load(35.0)),
            )
            .served("ClusterIP"),
        stateful_set(TEAM, "argocd-controller", 1).part(
            app("controller", 1000, 2048)
                .memory_limit(2048)
                .uses(load(Flat, 0.0, 0.11).wobble(0.2).bursts(26.0, 0.75, 3))
                .holds(held(620.0).spikes(6.0, 260.0).wobble(0.04)),
        ),
        deployment(TEAM, "cert-manager", 1).part(
            app("controller", 20, 52)
                .memory_limit(128)
                .uses(load(Flat, 0.012, 0.0).wobble(0.2))
                .holds(held(47.0).wobble(0.01)),
        ),
        deployment(TEAM, "ci-runner", 4).on(Pool::Spot).part(
            app("runner", 1500, 3072)
                .memory_limit(4096)
                .uses(load(Office, 0.01, 0.12).wobble(0.3).bursts(16.0, 1.3, 4))
                .holds(held(240.0).load(420.0).spikes(4.0, 900.0).wobble(0.08)),
        ),
    ]
}

fn staging() -> Vec<Plan> {
    vec![
        deployment(STAGING, "storefront", 2)
            .pace(Pace::RolledOut {
                days: 5,
                before: (1.1, 0.95),
            })
            .part(
                app("web", 500, 1024)
                    .memory_limit(1024)
                    .uses(load(Office, 0.002, 0.05).wobble(0.4))
                    .holds(held(240.0).load(60.0)),
            )
            .served("ClusterIP"),
        stateful_set(STAGING, "staging-db", 1)
            .part(
                app("postgres", 1000, 4096)
                    .memory_limit(4096)
                    .uses(load(Office, 0.012, 0.06).wobble(0.3))
                    .holds(held(310.0).cache(420.0, 6.0)),
            )
            .volume(50)
            .served("ClusterIP"),
    ]
}

fn system() -> Vec<Plan> {
    vec![
        deployment(SYSTEM, "coredns", 2)
            .part(
                app("coredns", 100, 52)
                    .memory_limit(170)
                    .uses(load(Shop, 0.02, 0.07))
                    .holds(held(38.0).load(8.0)),
            )
            .served("ClusterIP")
            .budget(1),
        daemon_set(SYSTEM, "kube-proxy").part(
            app("kube-proxy", 20, 52)
                .uses(load(Shop, 0.004, 0.012))
                .holds(held(41.0).wobble(0.01)),
        ),
        daemon_set(SYSTEM, "log-agent").part(
            app("fluent-bit", 100, 200)
                .cpu_limit(400)
                .memory_limit(400)
                .uses(load(Shop, 0.01, 0.10).wobble(0.2))
                .holds(held(72.0).load(40.0).cache(25.0, 2.0)),
        ),
    ]
}
