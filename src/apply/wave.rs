//! Which changes go together: raises before cuts, and of one disruption budget one at a time.

use super::plan::Step;
use super::rules::Wave;

/// Steps by their place, a wave after the other.
pub fn waves(steps: &[Step], wave: Wave) -> Vec<Vec<usize>> {
    let most = wave.of(steps.len());
    let of = |raises: bool| {
        let places = (0..steps.len()).filter(|place| steps[*place].raises == raises);
        grouped(steps, places, most)
    };
    let mut waves = of(true);
    waves.extend(of(false));
    waves
}

/// Each into the first wave with room where no budget of its own is taken.
fn grouped(steps: &[Step], places: impl Iterator<Item = usize>, most: usize) -> Vec<Vec<usize>> {
    let mut waves: Vec<Vec<usize>> = Vec::new();
    for place in places {
        let shares = |other: &usize| {
            let taken = &steps[*other].budgets;
            steps[place].budgets.iter().any(|it| taken.contains(it))
        };
        let fits = |wave: &&mut Vec<usize>| wave.len() < most && !wave.iter().any(shares);
        match waves.iter_mut().find(fits) {
            Some(wave) => wave.push(place),
            None => waves.push(vec![place]),
        }
    }
    waves
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(raises: bool, budgets: &[&str]) -> Step {
        Step {
            change: 0,
            workload: String::new(),
            reasons: Vec::new(),
            writes: Vec::new(),
            raises,
            budgets: budgets.iter().map(|it| (*it).to_owned()).collect(),
            replicas: None,
        }
    }

    #[test]
    fn raises_come_first_and_budgets_are_taken_one_at_a_time() {
        let steps = [
            step(false, &[]),
            step(true, &[]),
            step(false, &["a"]),
            step(false, &["a", "b"]),
            step(false, &["b"]),
        ];
        assert_eq!(
            waves(&steps, Wave::Count(3)),
            [vec![1], vec![0, 2, 4], vec![3]]
        );
        assert_eq!(waves(&steps, Wave::Share(0.1)).len(), 5);
        assert!(waves(&[], Wave::Share(0.1)).is_empty());
    }
}
