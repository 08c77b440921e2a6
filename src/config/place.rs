//! Where in the text of a file things stand, for messages and origins.

/// The line, from 1, on which a key at the top stands.
pub(super) fn of_setting(text: &str, key: &str) -> usize {
    let at = |line: &str| {
        line.strip_prefix(key)
            .is_some_and(|rest| rest.trim_start().starts_with(':'))
    };
    text.lines().position(at).map_or(1, |index| index + 1)
}

/// The lines, from 1, on which the entries of `workloads` begin, where each has
/// one of its own.
pub(super) fn of_rules(text: &str) -> Vec<usize> {
    let lines = text.lines().enumerate();
    let mut below = lines.skip_while(|(_, line)| !line.starts_with("workloads:"));
    below.next();
    let mut indent = None;
    let mut found = Vec::new();
    for (index, line) in below {
        let own = line.len() - line.trim_start().len();
        let item = line.trim_start().starts_with('-');
        if own == 0 && !item && !line.trim().is_empty() && !line.starts_with('#') {
            break;
        }
        if item && *indent.get_or_insert(own) == own {
            found.push(index + 1);
        }
    }
    found
}

/// Where a key stands that a problem is about: the parser knows only where its
/// map begins.
pub(super) fn of_problem(text: &str, from: usize, problem: &str) -> Option<(usize, usize)> {
    let about = |start: &str| {
        let (_, rest) = problem.split_once(start)?;
        Some(format!("{}:", rest.split_once('`')?.0))
    };
    let (key, number) = if problem.ends_with("is set twice") {
        (about("`")?, 1)
    } else if problem.contains(" is below `") {
        (about("`")?, 0)
    } else {
        (about("unknown key `")?, 0)
    };
    let lines = text.lines().enumerate().skip(from.saturating_sub(1));
    let mut found = lines.flat_map(|(index, line)| {
        let columns = line.match_indices(key.as_str());
        let columns: Vec<usize> = columns.map(|(column, _)| column + 1).collect();
        columns.into_iter().map(move |column| (index + 1, column))
    });
    found.nth(number)
}
