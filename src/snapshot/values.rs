//! Values of one metric over the slots of a series, of which often few are known.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// One value a slot; `NaN` where none is known.
///
/// What is read once an hour, or of some hours alone, is kept as the slots that
/// have a value: two numbers for each, where an empty slot costs one.
#[derive(Clone)]
pub struct Values {
    slots: usize,
    held: Held,
}

#[derive(Clone)]
enum Held {
    Every(Vec<f32>),
    /// Slots in order, and the value of each.
    Known {
        slots: Vec<u32>,
        values: Vec<f32>,
    },
}

impl Values {
    /// So many slots, of none of which a value is known.
    pub fn unknown(slots: usize) -> Self {
        let held = Held::Known {
            slots: Vec::new(),
            values: Vec::new(),
        };
        Self { slots, held }
    }

    /// Slots, known or not.
    pub fn len(&self) -> usize {
        self.slots
    }

    pub fn is_empty(&self) -> bool {
        self.slots == 0
    }

    /// Every slot.
    pub fn every(&self) -> Cow<'_, [f32]> {
        match &self.held {
            Held::Every(values) => Cow::Borrowed(values),
            Held::Known { slots, values } => {
                let mut every = vec![f32::NAN; self.slots];
                for (slot, value) in slots.iter().zip(values) {
                    if let Some(held) = every.get_mut(at(*slot)) {
                        *held = *value;
                    }
                }
                Cow::Owned(every)
            }
        }
    }

    /// Every slot, where they are kept so.
    pub(crate) fn dense(&self) -> Option<&[f32]> {
        match &self.held {
            Held::Every(values) => Some(values),
            Held::Known { .. } => None,
        }
    }

    /// What they take in memory.
    pub(crate) fn bytes(&self) -> usize {
        match &self.held {
            Held::Every(values) => size_of_val(values.as_slice()),
            Held::Known { slots, values } => {
                size_of_val(slots.as_slice()) + size_of_val(values.as_slice())
            }
        }
    }

    /// The values that are known, in order; perhaps some that are not besides.
    pub fn known(&self) -> &[f32] {
        match &self.held {
            Held::Every(values) | Held::Known { values, .. } => values,
        }
    }

    /// The slots whose value is known, in order, and the value of each.
    pub fn pairs(&self) -> impl Iterator<Item = (usize, f32)> + '_ {
        let (slots, values) = match &self.held {
            Held::Every(values) => (None, values),
            Held::Known { slots, values } => (Some(slots), values),
        };
        let each = values.iter().enumerate();
        let each = each.map(move |(place, value)| {
            let slot = slots.map_or(place, |slots| at(slots[place]));
            (slot, *value)
        });
        each.filter(|(_, value)| !value.is_nan())
    }

    /// From the first slot with a value to the last; empty where there is none.
    pub fn bounds(&self) -> Range<usize> {
        match &self.held {
            Held::Every(values) => {
                let is_known = |value: &f32| !value.is_nan();
                let first = values.iter().position(is_known).unwrap_or(0);
                let last = values.iter().rposition(is_known);
                first..last.map_or(0, |last| last + 1)
            }
            Held::Known { slots, .. } => {
                let first = slots.first().map_or(0, |slot| at(*slot));
                first..slots.last().map_or(0, |slot| at(*slot) + 1)
            }
        }
    }

    /// Puts a value into a slot; where one is known already, the larger stays.
    /// Nothing outside.
    pub fn raise(&mut self, slot: usize, value: f32) {
        if slot >= self.slots || value.is_nan() {
            return;
        }
        match &mut self.held {
            // `max` takes the number where the other side is NaN.
            Held::Every(values) => values[slot] = values[slot].max(value),
            Held::Known { slots, values } => match place(slots, number(slot)) {
                Ok(place) => values[place] = values[place].max(value),
                Err(place) => {
                    slots.insert(place, number(slot));
                    values.insert(place, value);
                    self.settle();
                }
            },
        }
    }

    /// Those that take less where every slot is kept, known or not.
    fn many(values: Vec<f32>) -> Self {
        Self {
            slots: values.len(),
            held: Held::Every(values),
        }
    }

    /// Those that take less where only slots with a value are kept; `None` of others.
    fn few(every: &[f32]) -> Option<Self> {
        let known = every.iter().filter(|value| !value.is_nan()).count();
        if known * 2 > every.len() {
            return None;
        }
        let (mut slots, mut values) = (Vec::with_capacity(known), Vec::with_capacity(known));
        for (slot, value) in every.iter().enumerate() {
            if !value.is_nan() {
                slots.push(number(slot));
                values.push(*value);
            }
        }
        let held = Held::Known { slots, values };
        Some(Self {
            slots: every.len(),
            held,
        })
    }

    /// More slots at the end.
    pub fn extend(&mut self, more: &[f32]) {
        if self.slots == 0 {
            *self = Self::few(more).unwrap_or_else(|| Self::many(more.to_vec()));
            return;
        }
        let before = self.slots;
        self.slots += more.len();
        match &mut self.held {
            Held::Every(values) => values.extend_from_slice(more),
            Held::Known { slots, values } => {
                let known = more.iter().enumerate().filter(|(_, value)| !value.is_nan());
                for (offset, value) in known {
                    slots.push(number(before + offset));
                    values.push(*value);
                }
                self.settle();
            }
        }
    }

    /// The values of some slots.
    #[must_use]
    pub fn part(&self, range: Range<usize>) -> Self {
        let range = range.start.min(self.slots)..range.end.min(self.slots);
        self.moved(range.start, 0, range.len())
    }

    /// With unknown slots before and behind, `slots` together.
    #[must_use]
    pub(super) fn widened(&self, before: usize, slots: usize) -> Self {
        self.moved(0, before, slots)
    }

    /// Without the first `gone` slots and with `before` unknown ones instead.
    fn moved(&self, gone: usize, before: usize, slots: usize) -> Self {
        let mut moved = Self::unknown(slots);
        match &self.held {
            Held::Every(values) => {
                let mut every = vec![f32::NAN; before.min(slots)];
                let rest = values.iter().skip(gone).take(slots - every.len());
                every.extend(rest);
                every.resize(slots, f32::NAN);
                moved.held = Held::Every(every);
            }
            Held::Known { slots: all, values } => {
                let from = all.partition_point(|slot| at(*slot) < gone);
                let to = all.partition_point(|slot| at(*slot) + before < gone + slots);
                let kept = all[from..to.max(from)].iter();
                moved.held = Held::Known {
                    slots: kept.map(|slot| number(at(*slot) + before - gone)).collect(),
                    values: values[from..to.max(from)].to_vec(),
                };
            }
        }
        moved.settle();
        moved
    }

    /// Takes the form that needs less.
    fn settle(&mut self) {
        match &self.held {
            Held::Known { slots, .. } if slots.len() * 2 > self.slots => {
                self.held = Held::Every(self.every().into_owned());
            }
            _ => {}
        }
    }
}

impl From<Vec<f32>> for Values {
    fn from(values: Vec<f32>) -> Self {
        Self::few(&values).unwrap_or_else(|| Self::many(values))
    }
}

/// As every slot, whatever form it has.
impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.every().iter()).finish()
    }
}

impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        self.every() == other.every()
    }
}

/// Where a slot stands, or would; mostly they come in order.
fn place(slots: &[u32], slot: u32) -> Result<usize, usize> {
    match slots.last() {
        Some(last) if *last >= slot => slots.binary_search(&slot),
        _ => Err(slots.len()),
    }
}

fn at(slot: u32) -> usize {
    usize::try_from(slot).unwrap_or(usize::MAX)
}

fn number(slot: usize) -> u32 {
    u32::try_from(slot).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: f32 = f32::NAN;

    fn both() -> [(Values, Vec<f32>); 2] {
        [vec![N, 1.0, N, N, N, 2.0], vec![N, 1.0, 3.0, 4.0, N, 2.0]]
            .map(|every| (Values::from(every.clone()), every))
    }

    fn is_sparse(values: &Values) -> bool {
        matches!(values.held, Held::Known { .. })
    }

    #[test]
    fn few_and_many_are_the_same_from_outside() {
        let [few, many] = both();
        assert!(is_sparse(&few.0) && !is_sparse(&many.0));
        for (values, every) in [few, many] {
            assert_eq!(format!("{values:?}"), format!("{every:?}"));
            assert_eq!((values.len(), values.bounds()), (6, 1..6));
            for (from, to) in [(0, 6), (1, 2), (2, 5), (5, 9), (6, 6)] {
                let part = every[from..to.min(6)].to_vec();
                assert_eq!(format!("{:?}", values.part(from..to)), format!("{part:?}"));
            }
            let wide = [vec![N; 2], every.clone(), vec![N]].concat();
            assert_eq!(format!("{:?}", values.widened(2, 9)), format!("{wide:?}"));
            let known = every.iter().copied().enumerate();
            let known: Vec<_> = known.filter(|(_, value)| !value.is_nan()).collect();
            assert_eq!(values.pairs().collect::<Vec<_>>(), known);
            let mut longer = values.clone();
            longer.extend(&[N, 7.0]);
            assert_eq!(longer.bounds(), 1..8);
        }
    }

    #[test]
    fn the_larger_stays_in_whatever_order_values_come() {
        let mut values = Values::unknown(5);
        assert_eq!(values.bounds(), 0..0);
        for (slot, value) in [(3, 1.0), (1, 2.0), (3, 0.5), (1, 4.0), (9, 1.0), (2, N)] {
            values.raise(slot, value);
        }
        assert!(is_sparse(&values));
        assert_eq!(format!("{values:?}"), "[NaN, 4.0, NaN, 1.0, NaN]");
        values.raise(0, 6.0);
        values.raise(1, 5.0);
        assert!(!is_sparse(&values));
        assert_eq!(format!("{values:?}"), "[6.0, 5.0, NaN, 1.0, NaN]");
    }
}
