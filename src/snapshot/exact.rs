//! Lists that take no more memory than they have.

use serde::{Deserialize, Deserializer};

/// Reads a list whose length is not known before: of hundreds of thousands of short ones, what
/// is kept for more would be a third of all memory.
pub(super) fn exact<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let mut list = Vec::deserialize(deserializer)?;
    list.shrink_to_fit();
    Ok(list)
}
