use std::collections::BTreeSet;
use std::io::Write;

use clap::Args;

use super::args::{BookArgs, SourceArgs};
use super::invocation::Invocation;
use super::values::named;
use crate::costs::costs;
use crate::error::Error;
use crate::exit::Exit;
use crate::price::{self, Book, Entry};
use crate::render::{self, Look, PriceRow, View};
use crate::snapshot::{CapacityType, Node};
use crate::text::suggestion;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  {program} prices
  {program} prices m7i.2xlarge --region eu-west-1
  {program} prices 'c7g.*' --spot
  {program} prices --gpu h100 --region us-east-1
  {program} prices --node NAME --snapshot prod.kcost
  {program} prices m6i.large --prices prices.csv -o json";

const SHEET: &str = "\
Your own prices (--prices FILE), an hour, as CSV:
  instance_type,region,capacity_type,price,currency
  m6i.2xlarge,eu-west-1,on-demand,0.301,USD
  m6i.*,,spot,0.12,USD
or as YAML:
  currency: EUR
  usd: 0.92              # what a dollar costs: without it nothing of the list is used
  prices:
  - {instance_type: m6i.2xlarge, region: eu-west-1, price: 0.301}
  - {pool: on-premises, core: 0.012, gib: 0.002, gpu: 1.1}
  - {gpu_model: \"*H100*\", gpu: 2.4}
  - {instance_type: fargate, core: 0.041, gib: 0.0045}
  discounts:             # off list prices and default rates
  - {provider: aws, percent: 12}
  commitments:           # they cover the nodes that stay; covered_percent is of what is paid today
  - {instance_type: \"m7i.*\", covered_percent: 60, discount_percent: 28}
  - {instance_type: r7i.2xlarge, covered_nodes: 4, discount_percent: 40}
  - {provider: aws, committed_hourly: 12.5, discount_percent: 27}
  storage: {gp3: 0.07}   # a GiB a month, by storage class
  load_balancer: 0.02
Conditions: provider, region, pool, instance_type, gpu_model (names or patterns) and capacity_type.
Of the rows that fit a node the one with most conditions counts, and so of discounts, which do not
add up; of commitments it is used up first, and what it leaves of a node the next one covers. Those
of clusters in one report are shared by them. A rate that a row leaves out is that of the next one,
then the default rate in dollars: in another currency without `usd` there is none, and
GPUs without a rate are named and not counted. `fargate` and `autopilot` are the types of nodes
whose pods are paid for by their size: no list has their rates.";

/// Say what machines cost, and where that is known from.
///
/// Without a type: which clouds, regions and dates the list has.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{SHEET}\n\n{EXAMPLES}"))]
pub(super) struct PricesArgs {
    /// A machine type, or a pattern: `m7i.*`.
    #[arg(value_name = "TYPE")]
    wanted: Option<String>,

    /// In this region alone [default: every region of the list].
    #[arg(long, value_name = "REGION")]
    region: Option<String>,

    /// Types with GPUs of this model alone: `h100`, `a100-80gb`.
    #[arg(long, value_name = "MODEL")]
    gpu: Option<String>,

    /// At the spot price.
    #[arg(long)]
    spot: bool,

    /// How to write the prices.
    #[arg(
        short,
        long,
        alias = "format",
        value_name = "FORMAT",
        env = "KCOST_OUTPUT",
        hide_env_values = true,
        default_value = "table",
        value_parser = named(["table", "json"])
    )]
    output: String,

    /// What this node costs, and why; with `--demo`, a bundle, or of the cluster.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["wanted", "region", "gpu", "spot"])]
    node: Option<String>,

    #[command(flatten)]
    book: BookArgs,

    #[command(flatten)]
    source: SourceArgs,
}

impl PricesArgs {
    pub(super) fn run(
        &self,
        invocation: &Invocation,
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        let book = self.book.book()?;
        let look = invocation.look(ui, View::default());
        let is_json = self.output == "json";
        if let Some(name) = &self.node {
            return self.run_node(name, &book, (&look, is_json), ui, out);
        }
        let any = self.gpu.as_ref().map(|_| "*".to_owned());
        let Some(wanted) = self.wanted.as_ref().or(any.as_ref()) else {
            self.refuse_without_type()?;
            let written = if is_json {
                render::price_list_json(out)
            } else {
                render::price_list(&look, out)
            };
            return written.map(|()| Exit::Done).map_err(Error::Write);
        };
        let nodes = self.nodes(wanted)?;
        let rows: Vec<PriceRow> = nodes
            .into_iter()
            .map(|node| PriceRow {
                price: book.price(&node),
                node,
            })
            .collect();
        let written = if is_json {
            render::prices_json(book.currency(), &rows, out)
        } else {
            render::prices_table(book.currency(), &rows, &look, out)
        };
        written.map(|()| Exit::Done).map_err(Error::Write)
    }

    /// What narrows prices of types does nothing to the list of regions.
    fn refuse_without_type(&self) -> Result<(), Error> {
        let given = [("--region", self.region.is_some()), ("--spot", self.spot)];
        match given.into_iter().find(|(_, given)| *given) {
            None => Ok(()),
            Some((flag, _)) => Err(Error::Usage {
                text: format!("`{flag}` goes with a machine type"),
                hint: Some("name one, or a pattern: `kcost prices 'm7i.*'`".to_owned()),
            }),
        }
    }

    /// One node, with all that its price follows from.
    fn run_node(
        &self,
        name: &str,
        book: &Book,
        (look, is_json): (&Look, bool),
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        let read = self.source.read_parts(ui)?;
        let snapshot = &read.whole.snapshot;
        let nodes = &snapshot.cluster.nodes;
        let place = nodes.iter().position(|it| it.name == name);
        let place = place.ok_or_else(|| {
            let names: Vec<&str> = nodes.iter().map(|it| it.name.as_str()).collect();
            Error::Usage {
                text: format!("there is no node `{name}`{}", suggestion(name, &names)),
                hint: Some("`kcost nodes` lists them".to_owned()),
            }
        })?;
        // A commitment covers a share of all of them, and where pods are sold one by one
        // those of the node are its price: as the bill has it.
        let price = costs(snapshot, &[], book).nodes.swap_remove(place);
        let row = PriceRow {
            node: nodes[place].clone(),
            price,
        };
        ui.clear();
        let written = if is_json {
            render::prices_json(book.currency(), &[row], out)
        } else {
            render::price_explained(book.currency(), &row, look, out)
        };
        written.map(|()| Exit::Done).map_err(Error::Write)
    }

    /// A node of each type and region that is asked for.
    fn nodes(&self, wanted: &str) -> Result<Vec<Node>, Error> {
        let glob = globset::GlobBuilder::new(wanted)
            .case_insensitive(true)
            .build();
        let glob = glob.map_err(|_| Error::Usage {
            text: format!("`{wanted}` is neither a machine type nor a pattern"),
            hint: Some("`kcost prices m7i.2xlarge` or `kcost prices 'm7i.*'`".to_owned()),
        })?;
        let matcher = glob.compile_matcher();
        let is_pattern = wanted.contains(['*', '?', '[', '{']);
        let entries: Vec<&Entry> = price::entries()
            .filter(|it| matcher.is_match(it.name) && self.has_gpu(it))
            .filter(|it| !is_pattern || self.is_sold(it))
            .collect();
        if let (true, Some(model)) = (entries.is_empty(), &self.gpu) {
            return Err(no_gpu(
                model,
                self.wanted.as_deref(),
                self.region.as_deref(),
            ));
        }
        if entries.is_empty() {
            let names: Vec<&str> = price::entries().map(|it| it.name).collect();
            return Err(Error::Usage {
                text: format!(
                    "`{wanted}` is not in the list{}",
                    suggestion(wanted, &names)
                ),
                hint: Some("`kcost prices` shows which clouds and regions the list has".to_owned()),
            });
        }
        let nodes = entries.into_iter().flat_map(|entry| self.of(entry));
        Ok(nodes.collect())
    }

    /// Whether its cloud has the region that is asked for, where the list knows that.
    fn is_sold(&self, entry: &Entry) -> bool {
        let asked = self.region.as_deref();
        let known = price::regions().find(|it| asked == Some(it.name));
        known.is_none_or(|it| it.provider == entry.provider)
    }

    fn has_gpu(&self, entry: &Entry) -> bool {
        let asked = self.gpu.as_deref();
        asked.is_none_or(|asked| entry.gpu.is_some_and(|it| price::is_model(it, asked)))
    }

    fn of(&self, entry: &Entry) -> Vec<Node> {
        let node = |region: &str| Node {
            name: entry.name.to_owned(),
            instance_type: Some(entry.name.to_owned()),
            region: Some(region.to_owned()),
            provider: Some(entry.provider.name().to_owned()),
            capacity_type: if self.spot {
                CapacityType::Spot
            } else {
                CapacityType::OnDemand
            },
            gpu_product: entry.gpu.map(str::to_owned),
            capacity: entry.capacity(),
            ..Node::default()
        };
        if let Some(region) = &self.region {
            return vec![node(region)];
        }
        let known = price::regions().filter(|it| entry.cell(it).is_some());
        known.map(|it| node(it.name)).collect()
    }
}

/// What GPUs there are instead, and where those are that are asked for.
fn no_gpu(model: &str, wanted: Option<&str>, region: Option<&str>) -> Error {
    let known = price::entries().filter(|it| it.gpu.is_some_and(|it| price::is_model(it, model)));
    let known: Vec<&Entry> = known.collect();
    if !known.is_empty() {
        let sold = |at: &&price::Region| known.iter().any(|it| it.cell(at).is_some());
        let regions: Vec<&str> = price::regions().filter(sold).map(|it| it.name).collect();
        let which = wanted.map_or_else(String::new, |it| format!(" `{it}`"));
        let place = region.map_or_else(String::new, |it| format!(" in {it}"));
        return Error::Usage {
            text: format!("the list has no type{which} with GPUs `{model}`{place}"),
            hint: Some(format!("it has such GPUs in {}", regions.join(", "))),
        };
    }
    let models: BTreeSet<&str> = price::entries().filter_map(|it| it.gpu).collect();
    let models: Vec<&str> = models.into_iter().collect();
    Error::Usage {
        text: format!(
            "no such type in the list has GPUs `{model}`{}",
            suggestion(&model.to_uppercase(), &models)
        ),
        hint: Some(format!("there are {}", models.join(", "))),
    }
}
