use std::collections::HashMap;

/// Numbers containers of pods, in the order in which they first come.
#[derive(Debug, Default)]
pub(in crate::collect) struct Handles {
    numbers: HashMap<String, usize>,
    /// Reused, so that a known container costs no allocation.
    key: String,
}

impl Handles {
    /// The number of this container, from 0, and whether it is new.
    pub(in crate::collect) fn of(
        &mut self,
        [namespace, pod, container]: [&str; 3],
    ) -> (usize, bool) {
        self.key.clear();
        for part in [namespace, "\0", pod, "\0", container] {
            self.key.push_str(part);
        }
        if let Some(number) = self.numbers.get(&self.key) {
            return (*number, false);
        }
        let number = self.numbers.len();
        self.numbers.insert(self.key.clone(), number);
        (number, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_run_together_are_told_apart() {
        let mut handles = Handles::default();
        assert_eq!(handles.of(["a", "b", "c"]), (0, true));
        assert_eq!(handles.of(["ab", "", "c"]), (1, true));
        assert_eq!(handles.of(["a", "b", "c"]), (0, false));
    }
}
