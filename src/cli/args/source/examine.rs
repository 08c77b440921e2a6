//! A source as `doctor` reads it: whatever fails is something that was found.

use std::time::Duration;

use super::SourceArgs;
use crate::cli::block_on;
use crate::collect::checkup::{self, Checkup};
use crate::collect::refuse_impossible;
use crate::error::Error;
use crate::progress::Progress;
use crate::snapshot::Snapshot;
use crate::vitals::{Trouble, Vitals};

/// What was seen of a source, and its snapshot where it can be read.
pub(in crate::cli) struct Examined {
    pub(in crate::cli) vitals: Vitals,
    pub(in crate::cli) snapshot: Option<Snapshot>,
}

/// Longest wait for one answer once the servers have answered at all: as of other commands.
const READING: Duration = Duration::from_secs(60);

impl SourceArgs {
    /// Looks at the source; only a command line that cannot be is an error.
    pub(in crate::cli) fn examine(&self, progress: &dyn Progress) -> Result<Examined, Error> {
        self.one()?;
        let scope = self.scope()?;
        let (vitals, snapshot) = if self.is_live() {
            let options = self.live(&scope, self.cluster.context.first())?;
            let look = Box::pin(checkup::look(&options, READING, progress));
            let Checkup { vitals, snapshot } = block_on(async { Ok(look.await) })?;
            (vitals, snapshot)
        } else {
            match self.source(&scope, progress) {
                Ok(snapshot) => (Vitals::default(), Some(snapshot)),
                Err(error @ Error::Usage { .. }) => return Err(error),
                Err(error) => (unread(&error), None),
            }
        };
        let Some(mut snapshot) = snapshot else {
            return Ok(Examined {
                vitals,
                snapshot: None,
            });
        };
        refuse_impossible(&mut snapshot);
        let asked = self.look_at(&scope, &mut snapshot)?;
        snapshot.retain(&asked);
        Ok(Examined {
            vitals,
            snapshot: Some(snapshot),
        })
    }
}

fn unread(error: &Error) -> Vitals {
    Vitals {
        unread: Some(Trouble {
            text: checkup::causes(error),
            hint: error.hint(),
        }),
        ..Vitals::default()
    }
}
