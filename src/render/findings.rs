//! The findings on what is listed.

use super::pick::Row;
use crate::finding::Finding;
use crate::pipeline::Analysis;

/// The findings on these rows, in the order of the rows.
pub(super) fn of<'a>(rows: &[Row<'_>], analysis: &'a Analysis<'a>) -> Vec<&'a Finding> {
    let of_row = |row: &Row<'_>| analysis.findings_on(row.advice.workload);
    rows.iter().flat_map(of_row).collect()
}
