//! What runs on the GPU nodes.

use super::curve::{Device, Serving};
use super::plan::{Plan, Pool, app, deployment, held, job, load, stateful_set};
use super::rhythm::Rhythm::{Flat, Office, Shop};

const TEAM: &str = "ml";

/// An A10G that does nothing: 22.5 GiB, 300 W.
const A10G: Device = Device {
    rhythm: Flat,
    floor: 0.0,
    peak: 0.0,
    memory_gib: 0.0,
    total_gib: 22.5,
    fill: [0.0; 3],
    watts: Some((58.0, 300.0)),
};

/// A slice of an H100, whose power is that of the whole device.
const SLICE: Device = Device {
    total_gib: 9.75,
    watts: None,
    ..A10G
};

pub(super) fn plans() -> Vec<Plan> {
    [whole(), sliced(), others()].concat()
}

fn whole() -> Vec<Plan> {
    vec![
        deployment(TEAM, "product-ranking", 2)
            .on(Pool::Gpu)
            .part(
                app("triton", 2000, 8192)
                    .memory_limit(8192)
                    .gpu(Device {
                        rhythm: Shop,
                        floor: 0.02,
                        peak: 0.31,
                        memory_gib: 9.4,
                        fill: [0.22, 0.12, 0.03],
                        ..A10G
                    })
                    .serves(Serving {
                        rhythm: Shop,
                        peak: 3.6,
                        most: 1.0,
                        cache: 0.0,
                    })
                    .uses(load(Shop, 0.12, 0.55))
                    .holds(held(2900.0).cache(500.0, 2.0)),
            )
            .served("ClusterIP")
            .budget(1),
        // Its loader has as much CPU as it may use, and the device waits for it.
        job(TEAM, "embedding-training", 6).on(Pool::Gpu).part(
            app("trainer", 4000, 24_576)
                .cpu_limit(4000)
                .memory_limit(24_576)
                .gpu(Device {
                    peak: 0.25,
                    rhythm: Flat,
                    floor: 0.0,
                    memory_gib: 20.6,
                    fill: [0.87, 0.42, 0.28],
                    ..A10G
                })
                .uses(load(Flat, 0.3, 3.9).wobble(0.06))
                .holds(held(11_500.0).cache(4200.0, 1.0).wobble(0.01)),
        ),
        stateful_set(TEAM, "notebook", 1)
            .on(Pool::Gpu)
            .part(
                app("jupyter", 4000, 16_384)
                    .memory_limit(16_384)
                    .gpu(Device {
                        memory_gib: 1.1,
                        ..A10G
                    })
                    .uses(load(Flat, 0.004, 0.0).wobble(0.3))
                    .holds(held(1350.0).wobble(0.004)),
            )
            .volume(100),
    ]
}

/// On an H100 in slices, of which some nobody asks for.
fn sliced() -> Vec<Plan> {
    vec![
        deployment(TEAM, "assistant", 1)
            .on(Pool::Sliced)
            .part(
                app("vllm", 4000, 32_768)
                    .memory_limit(32_768)
                    .device(
                        "nvidia.com/mig-3g.40gb",
                        Device {
                            rhythm: Office,
                            floor: 0.06,
                            peak: 0.85,
                            memory_gib: 35.6,
                            total_gib: 39.5,
                            fill: [0.55, 0.78, 0.2],
                            ..SLICE
                        },
                    )
                    .serves(Serving {
                        rhythm: Office,
                        peak: 14.0,
                        most: 32.0,
                        cache: 0.7,
                    })
                    .uses(load(Office, 0.3, 1.4))
                    .holds(held(9200.0).cache(2600.0, 2.0)),
            )
            .served("ClusterIP"),
        deployment(TEAM, "assistant-canary", 1)
            .on(Pool::Sliced)
            .part(
                app("vllm", 2000, 16_384)
                    .memory_limit(16_384)
                    .device(
                        "nvidia.com/mig-1g.10gb",
                        Device {
                            memory_gib: 8.7,
                            ..SLICE
                        },
                    )
                    .uses(load(Flat, 0.02, 0.01))
                    .holds(held(5200.0).cache(400.0, 2.0)),
            )
            .served("ClusterIP"),
    ]
}

fn others() -> Vec<Plan> {
    vec![
        deployment(TEAM, "feature-store", 2)
            .part(
                app("app", 1000, 3072)
                    .memory_limit(4096)
                    .uses(load(Shop, 0.05, 0.26))
                    .holds(held(980.0).cache(330.0, 5.0).load(80.0)),
            )
            .served("ClusterIP"),
    ]
}
