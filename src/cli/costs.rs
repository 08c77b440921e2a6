use std::io::Write;

use clap::Args;

use super::args::{BookArgs, SourceArgs};
use super::invocation::Invocation;
use super::values::named;
use crate::costs::{By, SHARED, Shared, Sharing, Spread, costs};
use crate::error::Error;
use crate::exit::Exit;
use crate::gpu::{self, Gpus};
use crate::render::{self, Told, View};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  {program} costs --demo
  {program} costs --by workload -n shop
  {program} costs --by label:team --prices prices.csv
  {program} costs --by label:team --shared 'kube-*,monitoring' --spread by-cost
  {program} costs --snapshot prod.kcost -o focus > costs.csv";

/// Say what the cluster costs a month, and whose it is.
///
/// Every node at its whole price, divided by what its pods request, with what nobody
/// requests as a line of its own; volumes and load balancers too. The lines sum up to the
/// bill, to the cent.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CostsArgs {
    /// How to write the bill.
    #[arg(
        short,
        long,
        alias = "format",
        value_name = "FORMAT",
        env = "KCOST_OUTPUT",
        hide_env_values = true,
        default_value = "table",
        value_parser = named(["table", "json", "csv", "focus"])
    )]
    output: String,

    /// What to group it by: `namespace`, `workload`, `node`, `pool` or `label:KEY`.
    #[arg(long, value_name = "WHAT", default_value_t = By::Namespace)]
    by: By,

    /// Namespaces that are there for all, or patterns of some. Repeatable.
    #[arg(long, value_name = "NAMESPACE", value_delimiter = ',', default_value = SHARED)]
    shared: Vec<Shared>,

    /// Who pays for those, and for what kubelets keep back: the others `by-cost` or `evenly`.
    #[arg(
        long,
        value_name = "HOW",
        default_value = Spread::None.name(),
        value_parser = named(Spread::ALL.map(Spread::name))
    )]
    spread: String,

    #[command(flatten)]
    prices: BookArgs,

    #[command(flatten)]
    source: SourceArgs,
}

impl CostsArgs {
    pub(super) fn run(
        &self,
        invocation: &Invocation,
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        let sharing = self.sharing()?;
        let book = self.prices.book()?;
        let read = self.source.read_parts(ui)?;
        let cluster = &read.whole.snapshot.cluster;
        let in_part = cluster.in_part || read.whole.asked.contains(&false);
        if cluster.nodes.is_empty() || in_part {
            super::analyze::refuse_empty(&read.whole.snapshot, &read.whole.asked)?;
        }
        let (whole, profiles, seen) = read.accelerators(ui)?;
        let (snapshot, asked) = (&whole.snapshot, &whole.asked);
        let mut costs = costs(snapshot, &profiles, &book);
        let options = gpu::Options {
            book: &book,
            costs: &costs,
        };
        let mut gpus = Gpus::of(snapshot, seen, options);
        if asked.contains(&false) {
            costs.retain(asked, snapshot);
            gpus.drop_others(asked);
        }
        ui.clear();
        let mut described = vec![book.description(&costs.nodes)];
        described.extend(book.remarks(&snapshot.cluster.nodes));
        described.extend(book.stray_storage(&snapshot.cluster));
        let told = Told {
            snapshot,
            costs: &costs,
            gpus: &gpus,
            by: &self.by,
            sharing: &sharing,
            prices: &described.join("; "),
        };
        let written = match self.output.as_str() {
            "json" => render::costs_json(told, out),
            "csv" => render::costs_csv(told, out),
            "focus" => render::costs_focus(told, out),
            _ => render::costs_table(told, &invocation.look(ui, View::default()), out),
        };
        super::analyze::written_or_cut_off(written.and_then(|()| out.flush()))?;
        Ok(Exit::Done)
    }

    /// What belongs to nodes cannot be paid by others.
    fn sharing(&self) -> Result<Sharing, Error> {
        // clap has checked the name.
        let spread = Spread::by_name(&self.spread).unwrap_or_default();
        if spread != Spread::None && matches!(self.by, By::Node | By::Pool) {
            return Err(Error::Usage {
                text: format!("costs by {} cannot be spread", self.by),
                hint: Some(
                    "`--spread` goes with `--by namespace`, `workload` or `label:KEY`".to_owned(),
                ),
            });
        }
        Ok(Sharing::new(&self.shared, spread))
    }
}
