//! What customers see.

use super::plan::{Pace, Plan, app, bare, deployment, held, load, stateful_set};
use super::rhythm::Rhythm::{Flat, FridaySale, Shop};
use crate::snapshot::HeapSetting;

const TEAM: &str = "shop";

pub(super) fn plans() -> Vec<Plan> {
    [traffic(), sales(), backends(), leftovers()].concat()
}

/// The way in.
fn traffic() -> Vec<Plan> {
    vec![
        deployment(TEAM, "api-gateway", 4)
            .part(
                app("gateway", 1000, 1024)
                    .memory_limit(2048)
                    .uses(load(Shop, 0.05, 0.30))
                    .holds(held(310.0).load(90.0).cache(60.0, 4.0)),
            )
            .served("LoadBalancer")
            .budget(1),
        deployment(TEAM, "frontend", 3)
            .pace(Pace::Scaled {
                max: 10,
                percent: 60,
            })
            .part(
                app("web", 500, 768)
                    .memory_limit(1024)
                    .uses(load(Shop, 0.05, 0.95))
                    .holds(held(330.0).load(130.0)),
            )
            .served("ClusterIP")
            .budget(1),
        deployment(TEAM, "storefront-bff", 3)
            .part(
                app("node", 1000, 2048)
                    .memory_limit(3072)
                    .heap(HeapSetting::NodeMaxOldSpace, 2560)
                    .uses(load(Shop, 0.06, 0.40).wobble(0.2))
                    .holds(held(420.0).load(210.0).wobble(0.12)),
            )
            .served("ClusterIP"),
        deployment(TEAM, "session-cache", 3)
            .part(
                app("redis", 500, 3072)
                    .cpu_limit(500)
                    .memory_limit(3072)
                    .uses(load(Shop, 0.04, 0.11))
                    .holds(held(1480.0).load(260.0).wobble(0.01)),
            )
            .served("ClusterIP")
            .budget(1),
    ]
}

/// What the sale on Friday evening is about.
fn sales() -> Vec<Plan> {
    vec![
        deployment(TEAM, "checkout", 4)
            .part(
                app("app", 600, 768)
                    .memory_limit(1024)
                    .uses(load(FridaySale, 0.04, 0.92))
                    .holds(held(340.0).load(230.0)),
            )
            .served("ClusterIP")
            .budget(1),
        deployment(TEAM, "promotions", 2)
            .part(
                app("app", 1500, 2048)
                    .memory_limit(2048)
                    .uses(load(FridaySale, 0.02, 0.70))
                    .holds(held(290.0).load(410.0)),
            )
            .served("ClusterIP"),
        deployment(TEAM, "stock-reservation", 2)
            .part(
                app("app", 1000, 1024)
                    .memory_limit(1024)
                    .uses(load(FridaySale, 0.03, 0.55))
                    .holds(held(210.0).load(150.0)),
            )
            .served("ClusterIP"),
        deployment(TEAM, "black-friday-landing", 3)
            .pace(Pace::New { days: 2 })
            .part(
                app("web", 500, 512)
                    .memory_limit(512)
                    .uses(load(Shop, 0.02, 0.12))
                    .holds(held(130.0).cache(40.0, 1.0)),
            )
            .served("ClusterIP"),
    ]
}

fn backends() -> Vec<Plan> {
    vec![
        deployment(TEAM, "catalog", 3)
            .part(
                app("java", 1500, 3072)
                    .memory_limit(3072)
                    .heap(HeapSetting::JavaXmx, 2048)
                    .uses(load(Shop, 0.08, 0.48).wobble(0.18))
                    .holds(held(820.0).cache(780.0, 2.0).load(60.0)),
            )
            .served("ClusterIP")
            .budget(1),
        deployment(TEAM, "search", 3)
            .part(
                app("java", 2000, 4096)
                    .memory_limit(4096)
                    .heap_percent(70.0)
                    .uses(load(Shop, 0.10, 1.00).wobble(0.15))
                    .holds(held(1500.0).cache(900.0, 3.0).load(120.0)),
            )
            .served("ClusterIP")
            .budget(1),
        deployment(TEAM, "cart", 3)
            .pace(Pace::RolledOut {
                days: 9,
                before: (1.6, 0.72),
            })
            .part(
                app("app", 500, 1024)
                    .cpu_limit(1000)
                    .memory_limit(1024)
                    .uses(load(Shop, 0.03, 0.20))
                    .holds(held(430.0).load(70.0)),
            )
            .served("ClusterIP"),
        deployment(TEAM, "recommendations", 3)
            .part(
                app("app", 1000, 2048)
                    .cpu_limit(2000)
                    .memory_limit(3072)
                    .uses(load(Shop, 0.05, 0.14).wobble(0.3).bursts(6.0, 0.85, 5))
                    .holds(held(760.0).load(90.0).spikes(4.0, 380.0).wobble(0.05)),
            )
            .served("ClusterIP"),
        deployment(TEAM, "image-resizer", 3).part(
            app("resizer", 300, 384)
                .memory_limit(512)
                .uses(load(Shop, 0.02, 0.24).wobble(0.35))
                .holds(held(200.0).load(40.0).spikes(9.0, 190.0).wobble(0.06)),
        ),
        deployment(TEAM, "wishlist", 2)
            .pace(Pace::RolledOut {
                days: 24,
                before: (1.0, 1.0),
            })
            .part(
                app("app", 300, 1024)
                    .memory_limit(1536)
                    .uses(load(Shop, 0.02, 0.11))
                    .holds(held(260.0).leak(36.0)),
            )
            .served("ClusterIP"),
        deployment(TEAM, "order-mailer", 2).part(
            app("worker", 500, 512)
                .memory_limit(768)
                .uses(load(Shop, 0.01, 0.03).wobble(0.3).bursts(9.0, 0.42, 4))
                .holds(held(150.0).spikes(3.0, 90.0).wobble(0.05)),
        ),
        deployment(TEAM, "reviews", 2)
            .part(
                bare("app")
                    .uses(load(Shop, 0.02, 0.12))
                    .holds(held(230.0).load(30.0).cache(60.0, 5.0)),
            )
            .served("ClusterIP"),
    ]
}

/// What nobody dares to switch off.
fn leftovers() -> Vec<Plan> {
    vec![
        deployment(TEAM, "gift-cards", 2)
            .part(
                app("app", 500, 1024)
                    .memory_limit(1024)
                    .uses(load(Flat, 0.0016, 0.0))
                    .holds(held(140.0).wobble(0.005)),
            )
            .served("ClusterIP"),
        deployment(TEAM, "legacy-admin", 1)
            .part(
                app("tomcat", 1000, 2048)
                    .memory_limit(2048)
                    .heap(HeapSetting::JavaXmx, 1024)
                    .uses(load(Flat, 0.0025, 0.0).wobble(0.3))
                    .holds(held(610.0).wobble(0.003)),
            )
            .served("ClusterIP"),
        stateful_set(TEAM, "old-wordpress", 1)
            .part(
                app("php", 500, 1024)
                    .uses(load(Flat, 0.0012, 0.0).wobble(0.4))
                    .holds(held(95.0).wobble(0.01)),
            )
            .volume(50),
        deployment(TEAM, "store-locator", 2)
            .part(
                app("app", 250, 512)
                    .memory_limit(512)
                    .uses(load(Flat, 0.0, 0.045).wobble(0.08))
                    .holds(held(120.0).wobble(0.01)),
            )
            .served("ClusterIP"),
    ]
}
