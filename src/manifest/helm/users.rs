//! What else takes a value: every place that it reaches.

use std::path::PathBuf;

use super::super::tree::Node;
use super::find::{self, Made};
use super::places::{Scaler, of_container};
use super::sizes;
use super::template::{Action, all_below};
use super::values::{Chosen, Turn, Wanted};
use super::{Helm, Why};
use crate::change::{Change, Edit, Resource, Section};
use crate::snapshot::{Container, Workload};

/// Lists of containers in a pod spec.
const LISTS: [&str; 2] = ["containers", "initContainers"];

/// A container of a template, and the values that it takes.
struct User<'c> {
    made: Made<'c>,
    list: &'static str,
    node: &'c Node,
    paths: Vec<Vec<String>>,
}

/// What wants the same of a value, or not.
enum Wish {
    Same,
    Other,
    /// It takes its sizes from another file.
    Apart,
}

impl<'a> Helm<'a> {
    /// Every container of the charts that are installed together.
    fn users(&self, made: &Made<'a>) -> Vec<User<'a>> {
        let mut users = Vec::new();
        let beside = self.charts.instances.iter();
        for instance in beside.filter(|it| it.root == made.instance.root) {
            for made in find::documents(self.charts, instance) {
                for list in LISTS {
                    let spec = pod_spec(made.document);
                    let items = spec
                        .and_then(|it| it.at(&[list]))
                        .map_or(&[][..], Node::items);
                    users.extend(items.iter().map(|node| User {
                        made,
                        list,
                        node,
                        paths: taken(&made, node),
                    }));
                }
            }
        }
        users
    }

    /// That nothing but sizes of containers and the autoscaler takes these values.
    pub(super) fn alone(
        &self,
        made: &Made<'a>,
        wanted: &[Wanted],
        scaler: Option<&Scaler<'a>>,
    ) -> Result<(), Why> {
        let users = self.users(made);
        let beside = self.charts.instances.iter();
        for instance in beside.filter(|it| it.root == made.instance.root) {
            for (path, template, _) in self.charts.templates(instance) {
                let is_here = |it: &Made<'_>| {
                    std::ptr::eq(it.instance, instance) && std::ptr::eq(it.template, template)
                };
                let known = users
                    .iter()
                    .filter(|it| is_here(&it.made) && takes(it, wanted));
                let mut known: Vec<usize> = known.flat_map(|it| sizes::actions(it.node)).collect();
                let scales = scaler.filter(|it| is_here(&it.made));
                known.extend(
                    scales
                        .into_iter()
                        .flat_map(|it| all_below(it.made.document)),
                );
                let actions = template.actions.iter().enumerate();
                let actions = actions.filter(|(number, _)| !known.contains(number));
                let actions = actions.map(|it| it.1);
                let mentions = actions.flat_map(Action::mentions);
                let mut mentions = mentions.map(|it| instance.absolute(&it));
                if let Some(value) = mentions.find(|it| touches(it, wanted)) {
                    let why = if value.len() > instance.prefix.len() {
                        format!(
                            "`{}` is taken for something else, too: change it by hand",
                            value.join(".")
                        )
                    } else {
                        "it takes all values at once, and what it does with them is not followed: \
                         change them by hand"
                            .to_owned()
                    };
                    return Err(Why::Files(vec![path.clone()], why));
                }
            }
        }
        Ok(())
    }

    /// That every other container which takes these values is to get the same.
    pub(super) fn alike(
        &self,
        change: &Change<'_>,
        made: &Made<'a>,
        (wanted, files): (&[Wanted], &[PathBuf]),
    ) -> Result<(), Why> {
        for user in self.users(made).iter().filter(|it| takes(it, wanted)) {
            let mut runs = false;
            for (workload, container) in self.running(user) {
                runs = true;
                let wish = self.wish(user, (workload, container), (wanted, files));
                if matches!(wish, Wish::Other) {
                    let value = shared(user, wanted);
                    let own = workload.id == change.workload.id;
                    let whose = if own {
                        format!("its container {}", container.name)
                    } else {
                        format!("{} of {}", container.name, workload.id)
                    };
                    let why = format!(
                        "`{value}` sizes {whose} too, which is not to get the same: give it a value of its own"
                    );
                    return Err(Why::Files(vec![user.made.path.to_owned()], why));
                }
            }
            // What a condition leaves out is not there to be sized.
            if !runs && user.made.template.is_sure(user.made.document) {
                let why = format!(
                    "`{}` sizes a container here too, of which nothing is known to run",
                    shared(user, wanted)
                );
                return Err(Why::Files(vec![user.made.path.to_owned()], why));
            }
        }
        Ok(())
    }

    /// Containers of the cluster that come from a container of a template.
    fn running<'s>(
        &'s self,
        user: &'s User<'a>,
    ) -> impl Iterator<Item = (&'a Workload, &'a Container)> + 's {
        let each = self.workloads.iter().zip(&self.homes);
        let of_it = each.filter(|(_, homes)| homes.iter().any(|it| it.is(&user.made)));
        of_it.flat_map(move |(workload, _)| {
            let containers = workload.containers.iter().filter(move |it| {
                let here = find::container(&user.made, (user.list, &it.name), workload);
                it.in_template
                    && it.kind.list() == user.list
                    && here.is_ok_and(|it| std::ptr::eq(it, user.node))
            });
            containers.map(move |container| (workload, container))
        })
    }

    fn wish(
        &self,
        user: &User<'a>,
        (workload, container): (&Workload, &Container),
        (wanted, files): (&[Wanted], &[PathBuf]),
    ) -> Wish {
        let change = self.changes.iter().find(|it| it.workload.id == workload.id);
        let changed = change.and_then(|it| {
            let mut all = it.containers.iter();
            all.find(|it| it.container.name == container.name)
        });
        let edits: &[Edit] = changed.map_or(&[], |it| &it.edits);
        let Ok(theirs) = of_container(&user.made, user.node, (container, edits)) else {
            return Wish::Other;
        };
        let same = |a: &Wanted, b: &Wanted| a.path == b.path;
        let met = wanted.iter().filter_map(|ours| {
            let their = theirs.iter().find(|it| same(it, ours))?;
            Some((ours, their))
        });
        let met: Vec<(&Wanted, &Wanted)> = met.collect();
        // Another release may have its sizes from another file.
        let moved = met.iter().map(|(ours, their)| Wanted {
            turn: ours.turn.clone(),
            ..(*their).clone()
        });
        let moved: Vec<Wanted> = moved.collect();
        let changing = wanted.iter().filter(|it| it.turn != Turn::Stays);
        let ours = changing
            .zip(files)
            .filter(|(it, _)| met.iter().any(|(met, _)| same(met, it)));
        let ours: Vec<&PathBuf> = ours.map(|it| it.1).collect();
        match user.made.instance.layers.choose(&moved) {
            Chosen::Elsewhere(_) => return Wish::Apart,
            Chosen::Files(theirs, _) if !theirs.iter().eq(ours) => return Wish::Apart,
            Chosen::Files(..) | Chosen::Several(_) => {}
        }
        let heap = changed.is_some_and(|it| it.heap.is_some());
        if !heap && met.iter().all(|(ours, their)| ours.turn == their.turn) {
            Wish::Same
        } else {
            Wish::Other
        }
    }
}

/// The pod spec of a document, by its kind.
fn pod_spec(document: &Node) -> Option<&Node> {
    let ways: [&[&str]; 3] = [
        &["spec", "jobTemplate", "spec", "template", "spec"],
        &["spec", "template", "spec"],
        &["spec"],
    ];
    let mut found = ways.into_iter().filter_map(|way| document.at(way));
    found.find(|it| it.at(&["containers"]).is_some())
}

/// Values of the sizes of a container, as far as they are certain.
fn taken(made: &Made<'_>, container: &Node) -> Vec<Vec<String>> {
    let each = Section::ALL.into_iter();
    let each = each.flat_map(|section| Resource::ALL.map(|resource| (section, resource)));
    let sources = each.filter_map(|size| sizes::source(made, container, size).ok());
    sources.map(|it| made.instance.absolute(&it.path)).collect()
}

fn takes(user: &User<'_>, wanted: &[Wanted]) -> bool {
    user.paths.iter().any(|path| touches(path, wanted))
}

/// Whether a change of any of these is a change of what is at a path.
fn touches(path: &[String], wanted: &[Wanted]) -> bool {
    let mut changing = wanted.iter().filter(|it| it.turn != Turn::Stays);
    changing.any(|it| it.path.starts_with(path) || path.starts_with(&it.path))
}

/// The value that is shared, in words.
fn shared(user: &User<'_>, wanted: &[Wanted]) -> String {
    let mut paths = user.paths.iter();
    let path = paths.find(|it| touches(it, wanted));
    path.map_or_else(String::new, |it| it.join("."))
}
