//! What runs on the GPU nodes.

use super::curve::Device;
use super::plan::{Plan, Pool, app, deployment, held, job, load, stateful_set};
use super::rhythm::Rhythm::{Flat, Shop};

const TEAM: &str = "ml";

pub(super) fn plans() -> Vec<Plan> {
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
                    })
                    .uses(load(Shop, 0.12, 0.55))
                    .holds(held(2900.0).cache(500.0, 2.0)),
            )
            .served("ClusterIP")
            .budget(1),
        job(TEAM, "embedding-training", 6).on(Pool::Gpu).part(
            app("trainer", 6000, 24_576)
                .memory_limit(24_576)
                .gpu(Device {
                    rhythm: Flat,
                    floor: 0.0,
                    peak: 0.92,
                    memory_gib: 20.6,
                })
                .uses(load(Flat, 0.3, 3.1).wobble(0.1).bursts(4.0, 1.4, 3))
                .holds(held(11_500.0).cache(4200.0, 1.0).wobble(0.01)),
        ),
        stateful_set(TEAM, "notebook", 1)
            .on(Pool::Gpu)
            .part(
                app("jupyter", 4000, 16_384)
                    .memory_limit(16_384)
                    .gpu(Device {
                        rhythm: Flat,
                        floor: 0.0,
                        peak: 0.0,
                        memory_gib: 1.1,
                    })
                    .uses(load(Flat, 0.004, 0.0).wobble(0.3))
                    .holds(held(1350.0).wobble(0.004)),
            )
            .volume(100),
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
