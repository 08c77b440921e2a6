//! What goes back together or not at all: a request, and the target of an autoscaler that is
//! a share of it. With only one of both as it was, the autoscaler would add or take away pods.

use serde_json::Value;

use super::Why;
use super::back::Back;
use super::field::{Field, Part};
use super::plan::AUTOSCALER;

/// Where one of both stays, for whatever reason, leaves the other alone, too.
pub fn together(backs: &mut [Back]) {
    for place in 0..backs.len() {
        if !is_autoscaler(&backs[place]) {
            continue;
        }
        let names = resources(&backs[place]);
        let stays = is_left(&backs[place], |_| true);
        let with: Vec<usize> = (0..backs.len())
            .filter(|other| backs[*other].is_with(&backs[place]))
            .collect();
        let is_request = |field: &Field| names.iter().any(|name| is_request_of(field, name));
        let torn = stays || with.iter().any(|other| is_left(&backs[*other], is_request));
        if !torn {
            continue;
        }
        for other in with {
            leave(&mut backs[other], is_request);
        }
        leave(&mut backs[place], |_| true);
    }
}

/// Why something stays whose other half could not go back.
pub(super) fn parted(back: &Back) -> Why {
    let text = if is_autoscaler(back) {
        "the target is a share of a request that stays as it is"
    } else {
        "the target of its autoscaler, which is a share of the request, stays as it is"
    };
    Why::new("together", text.to_owned())
}

impl Back {
    /// Whether both are of one workload, one of them its autoscaler.
    pub(super) fn is_with(&self, other: &Self) -> bool {
        self.workload == other.workload && is_autoscaler(self) != is_autoscaler(other)
    }
}

fn is_autoscaler(back: &Back) -> bool {
    back.write.object.kind == AUTOSCALER
}

/// Whether any of these fields stays. Of an object that is gone none does.
fn is_left(back: &Back, wanted: impl Fn(&Field) -> bool) -> bool {
    match &back.refused {
        Some(why) if why.code == "gone" => false,
        Some(_) => back.write.fields.iter().any(wanted),
        None => back.stays.iter().any(|(field, _)| wanted(field)),
    }
}

/// Leaves these fields alone, but for what is already as it was.
fn leave(back: &mut Back, wanted: impl Fn(&Field) -> bool) {
    let why = parted(back);
    let fields = std::mem::take(&mut back.write.fields).into_iter();
    let (left, rest): (Vec<Field>, Vec<Field>) =
        fields.partition(|field| wanted(field) && !field.stands());
    back.write.fields = rest;
    back.stays
        .extend(left.into_iter().map(|field| (field, why.clone())));
}

/// `cpu`, `memory`: whose targets the run has moved and that are a share of the request, now
/// or before.
fn resources(back: &Back) -> Vec<String> {
    let stays = back.stays.iter().map(|(field, _)| field);
    let fields = back.write.fields.iter().chain(stays);
    let lists = fields.flat_map(|field| [field.before.as_ref(), field.after.as_ref()]);
    let metrics = lists.flatten().filter_map(Value::as_array).flatten();
    let mut names: Vec<String> = metrics.filter_map(share).collect();
    names.sort();
    names.dedup();
    names
}

fn share(metric: &Value) -> Option<String> {
    let source = metric
        .get("resource")
        .or_else(|| metric.get("containerResource"))?;
    source["target"]["averageUtilization"].as_u64()?;
    Some(source["name"].as_str()?.to_owned())
}

/// `….requests.cpu`
fn is_request_of(field: &Field, name: &str) -> bool {
    let is =
        |part: Option<&Part>, wanted: &str| matches!(part, Some(Part::Key(key)) if key == wanted);
    let mut parts = field.path.0.iter().rev();
    is(parts.next(), name) && is(parts.next(), "requests")
}
