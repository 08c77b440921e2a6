//! Databases, streams and nightly work.

use super::plan::{Pace, Plan, Pool, app, cron_job, deployment, held, load, stateful_set};
use super::rhythm::Rhythm::{Flat, Growing, Night, Office, Shop};
use crate::snapshot::HeapSetting;

const TEAM: &str = "data";

pub(super) fn plans() -> Vec<Plan> {
    [stores(), pipelines()].concat()
}

fn stores() -> Vec<Plan> {
    vec![
        stateful_set(TEAM, "orders-db", 3)
            .part(
                app("postgres", 2000, 8192)
                    .memory_limit(12_288)
                    .uses(load(Shop, 0.18, 0.72).bursts(3.0, 0.4, 4))
                    .holds(held(2600.0).cache(2900.0, 6.0).load(300.0)),
            )
            .volume(200)
            .served("ClusterIP")
            .budget(1),
        stateful_set(TEAM, "kafka", 3)
            .part(
                app("broker", 1500, 6144)
                    .memory_limit(6144)
                    .heap(HeapSetting::JavaXmx, 3072)
                    .uses(load(Shop, 0.30, 0.22).wobble(0.08))
                    .holds(held(3350.0).cache(1300.0, 3.0)),
            )
            .volume(500)
            .served("ClusterIP")
            .budget(1),
        stateful_set(TEAM, "analytics-db", 1)
            .part(
                app("clickhouse", 4000, 16_384)
                    .memory_limit(24_576)
                    .uses(load(Office, 0.25, 0.9).wobble(0.4).bursts(12.0, 2.1, 6))
                    .holds(
                        held(4100.0)
                            .cache(2500.0, 8.0)
                            .load(1300.0)
                            .spikes(5.0, 3600.0)
                            .wobble(0.05),
                    ),
            )
            .volume(1000)
            .served("ClusterIP"),
    ]
}

fn pipelines() -> Vec<Plan> {
    vec![
        deployment(TEAM, "cdc-connector", 1).part(
            app("connect", 500, 2048)
                .memory_limit(2048)
                .heap(HeapSetting::JavaXmx, 1024)
                .uses(load(Growing, 0.02, 0.36))
                .holds(held(560.0).cache(150.0, 1.0).leak(9.0)),
        ),
        // Rolled out with a limit that large batches do not fit into.
        deployment(TEAM, "clickstream-enricher", 3)
            .pace(Pace::New { days: 9 })
            .part(
                app("enricher", 300, 512)
                    .memory_limit(512)
                    .uses(load(Shop, 0.04, 0.18).wobble(0.2))
                    .holds(held(240.0).load(60.0).spikes(9.0, 240.0).wobble(0.04)),
            ),
        deployment(TEAM, "airflow-scheduler", 1).part(
            app("scheduler", 300, 768)
                .memory_limit(2048)
                .uses(load(Flat, 0.05, 0.16).wobble(0.15))
                .holds(held(610.0).cache(120.0, 3.0)),
        ),
        deployment(TEAM, "airflow-worker", 2).on(Pool::Spot).part(
            app("worker", 1000, 3072)
                .memory_limit(4096)
                .uses(load(Night, 0.02, 0.55).wobble(0.3).bursts(6.0, 0.8, 8))
                .holds(held(480.0).load(700.0).spikes(2.0, 600.0).wobble(0.05)),
        ),
        cron_job(TEAM, "nightly-report", "30 1 * * *", 6)
            .pace(Pace::Runs {
                every: 288,
                // From 18:00 to 01:30.
                offset: 90,
                slots: 14,
            })
            .part(
                app("report", 1500, 3072)
                    .memory_limit(3072)
                    .uses(load(Flat, 0.2, 0.75).wobble(0.3))
                    .holds(
                        held(380.0)
                            .cache(900.0, 0.03)
                            .spikes(20.0, 200.0)
                            .wobble(0.08),
                    ),
            ),
        // In the hour in which customers want most.
        cron_job(TEAM, "catalog-export", "0 20 * * *", 3)
            .pace(Pace::Runs {
                every: 288,
                // From 18:00 to 20:00.
                offset: 24,
                slots: 16,
            })
            .part(
                app("export", 1000, 1024)
                    .memory_limit(1024)
                    .uses(load(Flat, 0.1, 0.7).wobble(0.2))
                    .holds(held(310.0).cache(300.0, 0.02).wobble(0.05)),
            ),
        cron_job(TEAM, "clickstream-rollup", "5 * * * *", 1)
            .pace(Pace::Runs {
                every: 12,
                offset: 1,
                slots: 2,
            })
            .part(
                app("rollup", 500, 1024)
                    .memory_limit(1024)
                    .uses(load(Shop, 0.10, 0.22).wobble(0.2))
                    .holds(held(190.0).load(90.0)),
            ),
    ]
}
