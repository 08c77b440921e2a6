//! How often chance gives as much.

/// Draws at most.
const DRAWS: u32 = 999;

/// Draws that give as much after which it is clear that chance explains it (Besag and
/// Clifford 1991).
const CLEAR: u32 = 20;

/// How often a draw is as large as what was seen, that being one of them.
pub(super) fn chance(seen: f64, mut draw: impl FnMut() -> f64) -> f64 {
    chance_of(seen, || [draw()])
}

/// The same where so many are drawn at a time.
pub(super) fn chance_of<const N: usize>(seen: f64, mut draw: impl FnMut() -> [f64; N]) -> f64 {
    // Draws that give the same differ by how they were added up.
    let seen = seen - 1e-9 * seen.abs();
    let (mut drawn, mut as_large) = (0, 0);
    while drawn < DRAWS {
        for value in draw() {
            drawn += 1;
            as_large += u32::from(value >= seen);
            if as_large >= CLEAR {
                return f64::from(as_large) / f64::from(drawn);
            }
            if drawn >= DRAWS {
                break;
            }
        }
    }
    f64::from(as_large + 1) / f64::from(DRAWS + 1)
}

/// Numbers that are the same in every run.
pub(super) fn numbers() -> rand_xoshiro::Xoshiro256PlusPlus {
    use rand::SeedableRng;
    rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(24)
}
