//! Lists of documents with no more in them than can be.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A list of no more than `MOST`; a longer one is no list of what it should be.
pub(super) struct AtMost<T, const MOST: usize>(pub(super) Vec<T>);

struct Each<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for Each<T, MOST> {
    type Value = AtMost<T, MOST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {MOST}")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(one) = seq.next_element()? {
            if list.len() == MOST {
                return Err(A::Error::custom(format_args!("a list of more than {MOST}")));
            }
            list.push(one);
        }
        Ok(AtMost(list))
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for AtMost<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Each(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_too_many_is_refused() {
        let read = |text: &str| serde_json::from_str::<AtMost<u8, 2>>(text).map(|it| it.0);
        assert_eq!(read("[1,2]").unwrap(), [1, 2]);
        assert!(
            read("[1,2,3]")
                .unwrap_err()
                .to_string()
                .contains("more than 2")
        );
    }
}
