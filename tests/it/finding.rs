//! Findings: what is told beside sizes, whoever found it.

use crate::made::{Made, settings};

#[test]
fn findings_lie_in_the_order_of_their_workloads_and_each_has_its_own() {
    let (made, settings) = (Made::shop(), settings());
    let analysis = made.analysis(&settings);
    assert!(analysis.findings.is_sorted_by_key(|it| it.workload));
    let each = (0..analysis.snapshot.workloads.len()).flat_map(|it| analysis.findings_on(it));
    assert!(each.eq(&analysis.findings));
    assert!(analysis.findings.len() > 1);
    let after = analysis.snapshot.workloads.len();
    assert!(analysis.findings_on(after).is_empty());
}
