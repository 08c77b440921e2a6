//! The heap of Node.js.

use super::environment::Environment;
use super::{heap, words};
use crate::snapshot::{Heap, HeapPlace, HeapSetting, OptionWord, Size};

pub(super) const VARIABLE: &str = "NODE_OPTIONS";

/// `--max-old-space-size`: the arguments win over `NODE_OPTIONS`.
pub(super) fn find(env: &Environment<'_>, arguments: &[&str]) -> Option<Heap> {
    let setting = HeapSetting::NodeMaxOldSpace;
    let in_arguments = old_space(arguments.iter().copied());
    let variable = env.value(VARIABLE);
    let in_variable = variable.and_then(|value| old_space(words(value)));
    if let Some(size) = in_arguments {
        return Some(heap(setting, size, None, HeapPlace::Arguments));
    }
    let place = HeapPlace::variable(VARIABLE, variable?, setting, env.is_single(VARIABLE));
    Some(heap(setting, in_variable?, None, place))
}

fn old_space<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<Size> {
    let mut found = None;
    while let Some(word) = words.next() {
        match OptionWord::read(word) {
            OptionWord::MaxOldSpace(Some(size)) => found = Some(size),
            OptionWord::MaxOldSpace(None) => {
                let next = words.next()?;
                let size = HeapSetting::NodeMaxOldSpace.read(next);
                found = (size.is_some() || next.contains('$')).then_some(size);
            }
            _ => {}
        }
    }
    found
}
