//! The least that a mix can cost: the optimum when pods and nodes can be cut into pieces.

use super::Amounts;
use super::offer::Offer;

/// What counts as zero among shares of what is wanted.
const TINY: f64 = 1e-12;
/// Far more steps than four resources take.
const STEPS: usize = 1_000;

/// The cheapest cover of `demand` by any amounts of these types, an hour.
///
/// By its dual: a price for each resource, so that no type is worth more than it costs,
/// and the worth of the demand is largest. That starts from nothing and is solved by the
/// simplex method; any prices on the way are a lower bound too, by weak duality.
pub(super) fn cheapest(offers: &[Offer], demand: Amounts) -> f64 {
    // Shares of the demand, so that all columns are of one size.
    let mut rows: Vec<Amounts> = offers
        .iter()
        .map(|it| {
            let share = |at: usize| {
                if demand[at] > 0.0 {
                    it.room[at] / demand[at]
                } else {
                    0.0
                }
            };
            [0, 1, 2, 3].map(share)
        })
        .collect();
    let mut left: Vec<f64> = offers.iter().map(|it| it.price.to_f64()).collect();
    let mut gain: Amounts = demand.map(|it| if it > 0.0 { 1.0 } else { 0.0 });
    let mut worth = 0.0;
    for _ in 0..STEPS {
        let column = (0..4)
            .max_by(|a, b| gain[*a].total_cmp(&gain[*b]))
            .unwrap_or(0);
        if gain[column] <= TINY {
            break;
        }
        let open = (0..rows.len()).filter(|row| rows[*row][column] > TINY);
        let ratio = |row: &usize| left[*row] / rows[*row][column];
        let Some(row) = open.min_by(|a, b| ratio(a).total_cmp(&ratio(b))) else {
            break;
        };
        pivot(&mut rows, &mut left, &mut gain, &mut worth, (row, column));
    }
    worth
}

/// Lets what is in a row and what is in a column change places.
fn pivot(
    rows: &mut [Amounts],
    left: &mut [f64],
    gain: &mut Amounts,
    worth: &mut f64,
    (row, column): (usize, usize),
) {
    let by = rows[row][column];
    let mut own = rows[row].map(|it| it / by);
    own[column] = 1.0 / by;
    let room = left[row] / by;
    for at in (0..rows.len()).filter(|at| *at != row) {
        let factor = rows[at][column];
        for other in 0..4 {
            rows[at][other] = if other == column {
                -factor * own[column]
            } else {
                rows[at][other] - factor * own[other]
            };
        }
        left[at] = (left[at] - factor * room).max(0.0);
    }
    let factor = gain[column];
    *worth += factor * room;
    for other in 0..4 {
        gain[other] = if other == column {
            -factor * own[column]
        } else {
            gain[other] - factor * own[other]
        };
    }
    rows[row] = own;
    left[row] = room;
}
