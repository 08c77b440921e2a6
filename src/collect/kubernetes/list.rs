//! All kinds, in pages, several at a time.

use std::collections::HashSet;

use futures_util::{StreamExt, stream};

use super::Connection;
use super::error::KubernetesError;
use super::gaps::{self, Missed};
use super::kinds::{self, Kind};
use super::owners;
use super::page::{self, Page, Reading, hash};
use super::request::{self, Failure};
use crate::collect::body::Whole;
use crate::collect::objects::KUEUE;
use crate::collect::{Deadline, Objects, Scope};
use crate::progress::Progress;
use crate::progress::Task;
use crate::snapshot::Gap;

/// Objects a page. Source: client-go's pager uses the same.
const LIMIT: usize = 500;
/// Pages of a list: twice the pods that Kubernetes is made for.
const MOST_PAGES: usize = 600;
/// Lists asked for at a time.
const PARALLEL: usize = 6;
/// Timeouts that a list takes without data.
const PATIENCE: u32 = 2;
/// Objects a second that buy no more time than they take.
const PACE: u32 = 1_000;

/// One list to ask for.
pub(super) struct Job<'a> {
    kind: &'a Kind,
    namespace: Option<&'a str>,
}

/// What one list brought.
#[derive(Default)]
struct Listed {
    objects: Objects,
    count: usize,
    pages: usize,
    unreadable: usize,
    problem: Option<String>,
    /// The server breaks off in a way that no server should.
    cut: bool,
    /// There are more than are read of it.
    more: bool,
}

/// Lists every kind that kcost uses.
///
/// A kind that may not be listed becomes a gap. With namespaces by name each is
/// listed alone, which a Role in it is enough for.
///
/// # Errors
///
/// When pods cannot be listed anywhere, or the credentials are not accepted.
pub async fn list(
    connection: &Connection,
    scope: &Scope,
    progress: &dyn Progress,
) -> Result<(Objects, Vec<Gap>), KubernetesError> {
    chosen(connection, scope, |_| true, progress).await
}

/// The same without services, where they are listed apart.
pub(in crate::collect) async fn list_but_services(
    connection: &Connection,
    scope: &Scope,
    progress: &dyn Progress,
) -> Result<(Objects, Vec<Gap>), KubernetesError> {
    chosen(connection, scope, |kind| !kind.is_services(), progress).await
}

async fn chosen(
    connection: &Connection,
    scope: &Scope,
    keep: fn(&Kind) -> bool,
    progress: &dyn Progress,
) -> Result<(Objects, Vec<Gap>), KubernetesError> {
    let namespaces = scope.exact_namespaces();
    let kinds = kinds::ALL.iter();
    let part = namespaces.is_some();
    let wanted = kinds
        .filter(|kind| keep(kind) && (!kind.optional || connection.has(&kind.group)))
        .filter(|kind| !(part && kind.of_whole));
    let jobs = jobs(wanted, namespaces.as_deref());
    let total = u64::try_from(jobs.len()).unwrap_or(u64::MAX);
    let task = progress.task("reading the cluster", Some(total));
    let mut lists = lists(connection, scope, jobs, &*task, progress).await;
    if let Some(fatal) = gaps::take_fatal(&mut lists.missed, lists.has_pods) {
        return Err(KubernetesError::from_missed(
            connection,
            fatal,
            &lists.missed,
        ));
    }
    if lists.objects.claims_devices() {
        let kinds = version_of(connection, kinds::DEVICES).map(kinds::devices);
        let kinds = kinds.into_iter().flatten().collect();
        lists.extend(add_ons(connection, scope, kinds, (&*task, progress)).await);
    }
    let queues = version_of(connection, KUEUE).map(kinds::queues);
    let queues = queues.into_iter().collect();
    lists.extend(add_ons(connection, scope, queues, (&*task, progress)).await);
    let Lists {
        mut objects,
        mut missed,
        mut gaps,
        ..
    } = lists;
    objects.cluster.in_part |= !scope.is_everything();
    missed.retain(|miss| !(miss.failure.code() == Some(404) && is_add_on(miss)));
    gaps.extend(gaps::explain(missed));
    gaps.extend(owners::read(connection, &mut objects, progress).await);
    gaps.sort();
    Ok((objects, gaps))
}

/// The version of a group that the server prefers, where it has it.
fn version_of<'a>(connection: &'a Connection, group: &str) -> Option<&'a str> {
    let versions = connection.groups.as_ref();
    versions?.get(group).map(String::as_str)
}

/// Kinds that few clusters have.
async fn add_ons(
    connection: &Connection,
    scope: &Scope,
    kinds: Vec<Kind>,
    (task, progress): (&dyn Task, &dyn Progress),
) -> Lists {
    let namespaces = scope.exact_namespaces();
    let jobs = jobs(kinds.iter(), namespaces.as_deref());
    lists(connection, scope, jobs, task, progress).await
}

/// What several lists brought.
#[derive(Default)]
pub(super) struct Lists {
    pub(super) objects: Objects,
    pub(super) missed: Vec<Missed>,
    pub(super) gaps: Vec<Gap>,
    has_pods: bool,
}

impl Lists {
    fn extend(&mut self, other: Self) {
        self.objects.merge(other.objects);
        self.missed.extend(other.missed);
        self.gaps.extend(other.gaps);
    }
}

pub(super) async fn lists(
    connection: &Connection,
    scope: &Scope,
    jobs: Vec<Job<'_>>,
    task: &dyn Task,
    progress: &dyn Progress,
) -> Lists {
    let answers: Vec<_> = stream::iter(jobs)
        .map(|job| run(connection, scope, progress, task, job))
        .buffer_unordered(PARALLEL)
        .collect()
        .await;
    let mut lists = Lists::default();
    for (job, answer) in answers {
        match answer {
            Ok(listed) => {
                lists.has_pods |= job.kind.is_pods();
                lists.gaps.extend(gaps::odd_objects(
                    job.kind,
                    listed.unreadable,
                    listed.problem,
                ));
                lists.objects.cluster.has_events |= job.kind.is_events();
                if listed.more {
                    lists.gaps.push(gaps::enough(job.kind, listed.count));
                }
                if listed.cut {
                    lists.gaps.push(gaps::cut(job.kind));
                }
                lists.objects.merge(listed.objects);
            }
            Err(failure) => lists.missed.push(Missed {
                rule: job.kind.rule(),
                namespace: job.namespace.map(ToOwned::to_owned),
                failure,
            }),
        }
    }
    lists
}

pub(super) fn jobs<'a>(
    kinds: impl Iterator<Item = &'a Kind>,
    namespaces: Option<&[&'a str]>,
) -> Vec<Job<'a>> {
    let mut jobs = Vec::new();
    for kind in kinds {
        match namespaces {
            Some(names) if kind.namespaced => {
                jobs.extend(names.iter().map(|name| Job {
                    kind,
                    namespace: Some(name),
                }));
            }
            _ => jobs.push(Job {
                kind,
                namespace: None,
            }),
        }
    }
    jobs
}

fn is_add_on(miss: &Missed) -> bool {
    let mut kinds = kinds::ALL.iter().filter(|kind| kind.optional);
    matches!(&*miss.rule.group, kinds::DEVICES | KUEUE)
        || kinds.any(|kind| kind.rule() == miss.rule)
}

async fn run<'a>(
    connection: &Connection,
    scope: &Scope,
    progress: &dyn Progress,
    task: &dyn Task,
    job: Job<'a>,
) -> (Job<'a>, Result<Listed, Failure>) {
    let listed = restarting(connection, scope, progress, &job).await;
    if let Ok(listed) = &listed {
        let (plural, pages) = (&job.kind.plural, listed.pages);
        progress.detail(&format!(
            "listed {} {plural} (pages: {pages})",
            listed.count
        ));
    }
    task.advance(1);
    (job, listed)
}

/// Starts again when the token of the next page has expired; at the second time
/// everything is asked for at once, which cannot expire.
async fn restarting(
    connection: &Connection,
    scope: &Scope,
    progress: &dyn Progress,
    job: &Job<'_>,
) -> Result<Listed, Failure> {
    let deadline = connection.deadline.part(connection.timeout * PATIENCE);
    for limit in [Some(LIMIT), Some(LIMIT)] {
        match pages(connection, &deadline, scope, progress, job, limit).await {
            Err(failure) if failure.code() == Some(410) => {
                progress.detail(&format!(
                    "the list of {} expired; starting again",
                    job.kind.plural
                ));
            }
            answer => return answer,
        }
    }
    pages(connection, &deadline, scope, progress, job, None).await
}

async fn pages(
    connection: &Connection,
    deadline: &Deadline,
    scope: &Scope,
    progress: &dyn Progress,
    job: &Job<'_>,
    limit: Option<usize>,
) -> Result<Listed, Failure> {
    let mut listed = Listed::default();
    let mut token: Option<String> = None;
    let mut seen = HashSet::new();
    while listed.pages < MOST_PAGES {
        let path = page_path(job, limit, token.as_deref());
        let body = request::get_by(connection, deadline, &path, progress).await?;
        let page;
        (page, listed.objects) = read(body, job.kind.into(), scope, listed.objects).await?;
        listed.pages += 1;
        listed.count += page.count;
        listed.unreadable += page.unreadable;
        listed.problem = listed.problem.or(page.problem);
        deadline.buy(u64::try_from(page.count).unwrap_or(u64::MAX), PACE);
        let Some(next) = page.next else {
            return Ok(listed);
        };
        if job.kind.most_pages.is_some_and(|most| listed.pages >= most) {
            listed.more = true;
            return Ok(listed);
        }
        if page.count == 0 {
            listed.cut = true;
            return Ok(listed);
        }
        // Neither where it goes on nor what it begins with may come again.
        if !(seen.insert(hash(&next)) && seen.insert(page.first)) {
            let problem = "the server sends the same page again and again";
            return Err(Failure::Garbled(problem.to_owned()));
        }
        token = Some(next);
    }
    let problem = format!("it has no end: {MOST_PAGES} pages were read");
    Err(Failure::Garbled(problem))
}

fn page_path(job: &Job<'_>, limit: Option<usize>, token: Option<&str>) -> String {
    let mut query = Vec::new();
    query.extend((!job.kind.only.is_empty()).then(|| job.kind.only.to_owned()));
    query.extend(limit.map(|limit| format!("limit={limit}")));
    query.extend(token.map(|token| format!("continue={}", request::encode(token))));
    let path = job.kind.path(job.namespace);
    if query.is_empty() {
        path
    } else {
        format!("{path}?{}", query.join("&"))
    }
}

/// Reads a page beside the runtime, so that other lists go on meanwhile.
async fn read(
    body: Whole,
    kind: Reading,
    scope: &Scope,
    mut objects: Objects,
) -> Result<(Page, Objects), Failure> {
    let scope = scope.clone();
    let reading = tokio::task::spawn_blocking(move || {
        page::read(&body, kind, &scope, &mut objects).map(|page| (page, objects))
    });
    match reading.await {
        Ok(read) => read.map_err(Failure::Garbled),
        Err(error) => Err(Failure::Garbled(error.to_string())),
    }
}
