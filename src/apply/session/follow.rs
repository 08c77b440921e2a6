//! What was written, followed until it is well, or is not.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::sleep;

use super::Session;
use crate::apply::Why;
use crate::apply::health::{self, Rollout};
use crate::apply::plan::{AUTOSCALER, Object, rolling};
use crate::apply::pods::{self, Restarts};
use crate::apply::server::Refusal;
use crate::apply::throttle::rise;
use crate::collect::prometheus::Periods;

/// Names of pods that stay.
fn names(pods: &[Value]) -> Vec<String> {
    let stays = |pod: &&Value| !pod["metadata"]["deletionTimestamp"].is_string();
    let named = pods.iter().filter(stays);
    let named = named.filter_map(|pod| pod["metadata"]["name"].as_str());
    named.map(str::to_owned).collect()
}

/// First and longest pause between two looks at a rollout.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// A workload that is followed.
pub(super) struct Followed {
    pub(super) step: usize,
    name: String,
    object: Object,
    /// The Deployment that lends its template.
    lender: Option<Object>,
    selector: Option<String>,
    before: Restarts,
    throttled: Option<Periods>,
    /// Whether its rollout is through, where that was waited for.
    pub(super) through: bool,
}

impl Session<'_> {
    /// `None` where there is no rollout to follow.
    pub(super) async fn watched(
        &self,
        step: usize,
        name: &str,
        object: &Object,
    ) -> Result<Option<Followed>, Refusal> {
        if object.kind == AUTOSCALER {
            return Ok(None);
        }
        // A Deployment that lends its template has no pods of its own.
        let borrower = rolling(name, object);
        let lender = borrower.as_ref().map(|_| object.clone());
        let object = borrower.as_ref().unwrap_or(object);
        let Some(live) = self.server.get(object).await? else {
            return Ok(None);
        };
        if health::is_on_delete(&live) || object.kind == "CronJob" {
            return Ok(None);
        }
        let selector = pods::selector(&live);
        // Without them nobody knows what is new of what goes wrong.
        let pods = self.pods(object, selector.as_deref(), &live).await?;
        let throttled = self.throttled_before(object, &pods).await;
        Ok(Some(Followed {
            step,
            name: name.to_owned(),
            object: object.clone(),
            lender,
            selector,
            before: pods::restarts(&pods),
            throttled,
            through: false,
        }))
    }

    /// The pods of an object, as far as it says which they are.
    async fn pods(
        &self,
        object: &Object,
        selector: Option<&str>,
        live: &Value,
    ) -> Result<Vec<Value>, Refusal> {
        match selector {
            Some(selector) => self.server.pods(&object.namespace, selector).await,
            None if object.kind == "Pod" => Ok(vec![live.clone()]),
            None => Ok(Vec::new()),
        }
    }

    /// Follows rollouts to their end and watches their pods. Says what is not well.
    pub(super) async fn follow(&self, followed: &[Followed]) -> Option<Why> {
        if followed.is_empty() {
            return None;
        }
        let begun = Instant::now();
        let mut through_since: Option<Instant> = None;
        let mut pause = PAUSES.0;
        loop {
            let mut waits = None;
            for it in followed {
                match self.look_after(it).await {
                    Ok(None) => {}
                    Ok(Some(what)) => waits = Some(format!("{}: {what}", it.name)),
                    Err(why) => return Some(why),
                }
            }
            match &waits {
                None => {
                    let since = *through_since.get_or_insert_with(Instant::now);
                    if since.elapsed() >= self.pace.watch {
                        return self.throttled(followed).await;
                    }
                }
                Some(what) => {
                    if begun.elapsed() >= self.pace.rollout + self.pace.watch
                        || (through_since.is_none() && begun.elapsed() >= self.pace.rollout)
                    {
                        let span = self.pace.rollout.as_secs();
                        let text = format!("not through after {span} s: {what}");
                        return Some(Why::new("rollout", text));
                    }
                }
            }
            let left = through_since.map_or(self.pace.rollout, |since| {
                self.pace.watch.saturating_sub(since.elapsed())
            });
            sleep(pause.min(left.max(PAUSES.0))).await;
            pause = (pause * 3 / 2).min(PAUSES.1);
        }
    }

    /// What a workload waits for; `None` where its rollout is through and its pods are well.
    async fn look_after(&self, it: &Followed) -> Result<Option<String>, Why> {
        let object = match self.server.get(&it.object).await {
            Ok(Some(object)) => object,
            Ok(None) => {
                let text = format!("{} is gone", it.name);
                return Err(Why::new("gone", text));
            }
            // A server that is away for a moment says nothing of the workload.
            Err(refusal) if refusal.open => return Ok(Some(refusal.why.text)),
            Err(refusal) => return Err(refusal.why),
        };
        let pods = match self.pods(&it.object, it.selector.as_deref(), &object).await {
            Ok(pods) => pods,
            Err(refusal) if refusal.open => return Ok(Some(refusal.why.text)),
            Err(refusal) => return Err(refusal.why),
        };
        if let Some(trouble) = pods::trouble(&pods, &it.before, Timestamp::now()) {
            let text = format!("{}: {trouble}", it.name);
            return Err(Why::new("pods", text));
        }
        let rollout = match self.rollout(it, &object).await {
            Ok(rollout) => rollout,
            Err(refusal) if refusal.open => return Ok(Some(refusal.why.text)),
            Err(refusal) => return Err(refusal.why),
        };
        match rollout {
            Rollout::Through => Ok(None),
            Rollout::Waiting(what) => Ok(Some(what)),
            Rollout::Failed(why) => {
                let text = format!("{}: {why}", it.name);
                Err(Why::new("rollout", text))
            }
        }
    }

    /// Throttling before a change; nothing where nobody watches it.
    async fn throttled_before(&self, object: &Object, pods: &[Value]) -> Option<Periods> {
        let throttle = self.throttle.filter(|_| !self.pace.watch.is_zero())?;
        let pods = names(pods);
        let asked = throttle.before((&object.namespace, &pods), self.progress);
        self.known(&object.to_string(), asked.await)
    }

    /// What is throttled more than before, once pods have been watched.
    async fn throttled(&self, followed: &[Followed]) -> Option<Why> {
        let throttle = self.throttle.filter(|_| !self.pace.watch.is_zero())?;
        for it in followed {
            let live = self.server.get(&it.object).await.ok().flatten();
            let live = live.unwrap_or_default();
            let pods = self.pods(&it.object, it.selector.as_deref(), &live).await;
            let pods = names(&pods.unwrap_or_default());
            let of = (it.object.namespace.as_str(), pods.as_slice());
            let asked = throttle.since(of, self.pace.watch, self.progress).await;
            let Some(after) = self.known(&it.name, asked) else {
                continue;
            };
            if let Some(rise) = rise(it.throttled, after) {
                return Some(Why::new("throttled", format!("{}: {rise}", it.name)));
            }
        }
        None
    }

    /// What was read of throttling; what could not be read is told, and ends nothing.
    fn known(&self, name: &str, asked: Result<Option<Periods>, String>) -> Option<Periods> {
        asked.unwrap_or_else(|why| {
            let text = format!("throttling of {name} is not known: {why}");
            self.progress.note(&text);
            None
        })
    }

    /// How far its rollout is, by what it says and by what lends its template.
    async fn rollout(&self, it: &Followed, object: &Value) -> Result<Rollout, Refusal> {
        if let Some(lender) = &it.lender {
            let lender = self.server.get(lender).await?.unwrap_or_default();
            if !health::has_seen(object, &lender) {
                return Ok(Rollout::Waiting(
                    "the change has not been seen yet".to_owned(),
                ));
            }
        }
        Ok(health::rollout(object))
    }

    /// Waits until rollouts are through, whatever their pods do, as long as one may take.
    pub(super) async fn settle_down(&self, followed: &mut [Followed]) {
        let begun = Instant::now();
        let mut pause = PAUSES.0;
        while begun.elapsed() < self.pace.rollout {
            let mut all = true;
            for it in followed.iter_mut() {
                let object = self.server.get(&it.object).await;
                let object = object.ok().flatten().unwrap_or_default();
                let rollout = self.rollout(it, &object).await;
                it.through = matches!(rollout, Ok(Rollout::Through));
                all &= it.through;
            }
            if all {
                return;
            }
            sleep(pause).await;
            pause = (pause * 3 / 2).min(PAUSES.1);
        }
    }
}
