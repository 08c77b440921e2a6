//! Whether something rises, how fast, and since when: statistics that a few wild
//! samples do not move.
//!
//! A leaf for whatever asks: the lives of a container within a series ([`lives`]),
//! whether levels rise ([`Kendall`]), by how much ([`Slopes`]) and where to ([`Course`]), the rank of values ([`quantile`]), how often what
//! happened comes again ([`comes_again`]), and since when nothing was cleaned up ([`since_fall`]).
//! Of many samples it tells ends ([`largest`]) and sums ([`exact_sum`]) at once.

mod columns;
mod count;
mod course;
mod ends;
mod falls;
mod few;
mod kendall;
mod lives;
mod poisson;
mod quantile;
mod slopes;
mod sum;

pub use columns::Columns;
pub use count::count;
pub use course::{Course, finite, median, median_of, normal};
pub use ends::{are_finite, largest, smallest};
pub use falls::{Falls, since_fall};
pub use kendall::Kendall;
pub use lives::lives;
pub use poisson::{comes_again, tail};
pub use quantile::{quantile, quantile_of};
pub use slopes::Slopes;
pub use sum::exact_sum;
