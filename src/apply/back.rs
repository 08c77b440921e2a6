//! What is taken back of an object: field by field, but for what somebody has changed since.

use serde_json::Value;

use super::Why;
use super::field::{Field, same};
use super::plan::{Write, changed};
use super::server::Server;
use super::session::{ApplyError, refused};

/// What is taken back of one object.
#[derive(Debug, Clone, PartialEq)]
pub struct Back {
    /// `shop/Deployment/api`
    pub workload: String,
    /// From what is there now to what was there before the run.
    pub write: Write,
    /// Fields that are neither what the run has left nor what was before it, from what is
    /// there now to what was, and why they are left alone.
    pub stays: Vec<(Field, Why)>,
    /// Why the server would not take the write.
    pub refused: Option<Why>,
}

impl Back {
    /// Of what a run has left of an object that is like this now. Where it is gone, all of it
    /// is left to the server to refuse.
    pub fn of(workload: &str, left: &Write, object: Option<&Value>) -> Self {
        let mut back = Self {
            workload: workload.to_owned(),
            write: left.turned(),
            stays: Vec::new(),
            refused: None,
        };
        let Some(object) = object.filter(|object| left.is_of(object)) else {
            return back;
        };
        for field in std::mem::take(&mut back.write.fields) {
            let now = field.path.get(object);
            let known = [&field.before, &field.after];
            let is_known = known.into_iter().any(|it| same(now, it.as_ref()));
            let why = changed(&field.path, field.before.as_ref(), object);
            let before = now.cloned();
            let field = Field { before, ..field };
            if is_known {
                back.write.fields.push(field);
            } else {
                back.stays.push((field, why));
            }
        }
        back
    }

    /// Why fields stay; `None` where none does.
    pub fn kept(&self) -> Option<Why> {
        let (_, first) = self.stays.first()?;
        let all: Vec<&str> = self.stays.iter().map(|(_, why)| &*why.text).collect();
        Some(Why::new(first.code, all.join(", and ")))
    }

    /// Whether nothing of the object can be taken back, or not all of it.
    pub fn is_short(&self) -> bool {
        self.refused.is_some() || !self.stays.is_empty()
    }
}

/// Holds what a run has left of an object against what is there, and lets the server check
/// what would be written. Nothing is written.
///
/// # Errors
///
/// Where no answer came.
pub async fn back(server: &Server<'_>, workload: &str, left: &Write) -> Result<Back, ApplyError> {
    let object = match server.get(&left.object).await {
        Ok(object) => object,
        Err(refusal) if refusal.open => return Err(refusal.into()),
        Err(refusal) => {
            let refused = Some(refusal.why);
            let whole = Back::of(workload, left, None);
            return Ok(Back { refused, ..whole });
        }
    };
    let mut back = Back::of(workload, left, object.as_ref());
    if !back.write.fields.is_empty() {
        back.refused = refused(server, &back.write).await?;
    }
    Ok(back)
}
