//! What handles money: its namespace has a LimitRange and a ResourceQuota.

use super::plan::{Pace, Plan, app, cron_job, deployment, held, load};
use super::rhythm::Rhythm::{Flat, Shop};
use crate::snapshot::{ContainerKind, HeapSetting};

const TEAM: &str = "payments";

pub(super) fn plans() -> Vec<Plan> {
    vec![
        deployment(TEAM, "payments-api", 3)
            .part(
                app("istio-proxy", 100, 128)
                    .kind(ContainerKind::Sidecar)
                    .cpu_limit(2000)
                    .memory_limit(1024)
                    .uses(load(Shop, 0.01, 0.09))
                    .holds(held(62.0).load(18.0)),
            )
            .part(
                app("migrate", 500, 256)
                    .kind(ContainerKind::Init)
                    .memory_limit(512),
            )
            .part(
                app("app", 1000, 1536)
                    .memory_limit(1536)
                    .uses(load(Shop, 0.06, 0.34))
                    .holds(held(480.0).load(90.0)),
            )
            .served("ClusterIP")
            .budget(1),
        deployment(TEAM, "fraud-scoring", 3)
            .part(
                app("scorer", 500, 1024)
                    .cpu_limit(600)
                    .memory_limit(1536)
                    .uses(load(Shop, 0.12, 0.78).wobble(0.2))
                    .holds(held(690.0).load(60.0)),
            )
            .served("ClusterIP")
            .budget(1),
        deployment(TEAM, "ledger", 2)
            .part(
                app("java", 1000, 2048)
                    .cpu_limit(1000)
                    .memory_limit(2048)
                    .heap(HeapSetting::JavaXmx, 1280)
                    .uses(load(Shop, 0.06, 0.21))
                    .holds(held(680.0).cache(420.0, 2.0)),
            )
            .served("ClusterIP")
            .budget(1),
        deployment(TEAM, "payment-webhooks", 2)
            .part(
                app("app", 400, 512)
                    .memory_limit(1024)
                    .uses(load(Shop, 0.01, 0.05).wobble(0.3).bursts(10.0, 0.55, 3))
                    .holds(held(170.0).spikes(5.0, 120.0).wobble(0.05)),
            )
            .served("ClusterIP"),
        deployment(TEAM, "bank-simulator", 1).part(
            app("app", 500, 1024)
                .memory_limit(1024)
                .uses(load(Flat, 0.0018, 0.0))
                .holds(held(210.0).wobble(0.004)),
        ),
        cron_job(TEAM, "settlement", "0 2 * * *", 1)
            .pace(Pace::Runs {
                every: 288,
                // From 18:00 to 02:00.
                offset: 96,
                slots: 10,
            })
            .part(
                app("settle", 1000, 2048)
                    .memory_limit(2048)
                    .uses(load(Flat, 0.1, 0.62).wobble(0.3))
                    .holds(held(420.0).cache(640.0, 0.02).wobble(0.05)),
            ),
    ]
}
