use std::io::Write;

use clap::Args;

use super::args::{AdviceArgs, BookArgs, LearningArgs, SourceArgs};
use super::invocation::Invocation;
use super::values::{named, percent};
use crate::costs::costs;
use crate::error::Error;
use crate::exit::Exit;
use crate::plan::{self, Autoscaler, Options, Promise, Unplanned};
use crate::render::{self, Planned, View};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  {program} nodes --demo
  {program} nodes --reserve 20% --pool-min general=3
  {program} nodes --autoscaler cluster-autoscaler
  {program} nodes --fleet -o karpenter
  {program} nodes --snapshot prod.kcost -o json";

/// Say which nodes can be drained, in which order, and what that saves.
///
/// What runs is repacked onto today's nodes by the scheduler's rules, at what it requests
/// today and at what is advised. Every node that stays says why, and what would free it.
/// Nothing is changed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct NodesArgs {
    /// How to write the plan.
    #[arg(
        short,
        long,
        alias = "format",
        value_name = "FORMAT",
        env = "KCOST_OUTPUT",
        hide_env_values = true,
        default_value = "table",
        value_parser = named(["table", "json", "csv", KARPENTER, GROUPS])
    )]
    output: String,

    /// Share of CPU and memory of a node that stays free where pods come to it.
    ///
    /// Room for rollouts, and for use that grows.
    #[arg(long, value_name = "SHARE", default_value = "10%", value_parser = percent)]
    reserve: f64,

    /// The fewest nodes that a pool is to have: `general=3`. Repeatable.
    #[arg(long, value_name = "POOL=NODES", value_delimiter = ',', value_parser = pool_minimum)]
    pool_min: Vec<(String, usize)>,

    /// Choose machine types anew: the cheapest mix for each pool, from the list of prices.
    ///
    /// Pods stay in their pool, on machines of its architecture, GPUs and generation or a
    /// newer one that the selectors and affinity of pods allow: a new one has the labels of
    /// its type, and those that all nodes of the pool have. Spot stays where it is; other
    /// pools are bought on demand unless `--spot-pool` names them. What is committed is paid
    /// for with any mix, and costs nothing more where that uses it. With `-o karpenter` it is written as requirements of
    /// Karpenter's NodePools, with `-o node-groups` as sizes of node groups.
    #[arg(long)]
    fleet: bool,

    /// A pool that a fleet may buy on spot. Repeatable.
    #[arg(long, value_name = "POOL", value_delimiter = ',')]
    spot_pool: Vec<String>,

    /// Who takes nodes away, by whose rules beside the scheduler's: what it leaves alone
    /// stays.
    ///
    /// Cluster Autoscaler leaves nodes of which half or more is requested, pods that keep
    /// files on their node, and pods of kube-system without a budget. Karpenter also moves
    /// pods without a controller. With `none` a person drains.
    #[arg(
        long,
        value_name = "NAME",
        default_value = Autoscaler::None.name(),
        value_parser = named(Autoscaler::ALL.map(Autoscaler::name))
    )]
    autoscaler: String,

    #[command(flatten)]
    prices: BookArgs,

    #[command(flatten)]
    advice: AdviceArgs,

    #[command(flatten)]
    learning: LearningArgs,

    #[command(flatten)]
    source: SourceArgs,
}

/// Requirements of NodePools.
const KARPENTER: &str = "karpenter";
/// Sizes of node groups.
const GROUPS: &str = "node-groups";

/// `general=3`.
fn pool_minimum(text: &str) -> Result<(String, usize), String> {
    let parts = text.rsplit_once('=');
    let parsed = parts.and_then(|(pool, least)| Some((pool.to_owned(), least.parse().ok()?)));
    let parsed = parsed.filter(|(pool, _)| !pool.is_empty());
    parsed.ok_or_else(|| "name a pool and a number of nodes, such as `general=3`".to_owned())
}

fn unplanned(why: Unplanned) -> Error {
    Error::Empty {
        reason: format!("there is no plan of nodes: {}", why.text()),
        hint: why.hint().to_owned(),
    }
}

impl NodesArgs {
    pub(super) fn run(
        &self,
        invocation: &Invocation,
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        let mut settings = self.advice.settings(&self.prices, &invocation.policy)?;
        let options = Options {
            reserve: self.reserve,
            pool_minimums: self.pool_min.clone(),
            // clap has checked the name.
            autoscaler: Autoscaler::by_name(&self.autoscaler).unwrap_or_default(),
            spot_pools: self.spot_pool.clone(),
        };
        let wanted = self.fleet || [KARPENTER, GROUPS].contains(&self.output.as_str());
        if !wanted && !self.spot_pool.is_empty() {
            return Err(Error::Usage {
                text: "`--spot-pool` goes with `--fleet`".to_owned(),
                hint: Some("a plan of today's nodes buys none".to_owned()),
            });
        }
        let read = self.source.read_parts(ui)?;
        self.learning
            .learn(&self.source, &read, &mut settings, ui)?;
        let (whole, sizes) = read.size(&settings, ui)?;
        let (snapshot, book) = (&whole.snapshot, &settings.prices);
        self.refuse_unknown_pools(snapshot.cluster.nodes.iter().map(|it| it.pool.as_deref()))?;
        // As the bill has them, so that both say the same.
        let prices = costs(snapshot, &sizes.profiles, book).nodes;
        let promise = Promise::of(sizes.together.as_ref(), &settings.recommend);
        let plan = plan::plan(snapshot, &prices, Some(&sizes.advised), promise, &options);
        let plan = plan.map_err(unplanned)?;
        let fleet = wanted.then(|| plan::fleet(snapshot, book, &prices, &sizes.advised, &options));
        let fleet = fleet.transpose().map_err(unplanned)?;
        ui.clear();
        let planned = Planned {
            fleet: fleet.as_ref(),
            snapshot,
            plan: &plan,
            options: &options,
            prices: &prices,
            currency: book.currency(),
            described: &book.told(&snapshot.cluster.nodes, &prices),
        };
        let written = match (self.output.as_str(), &fleet) {
            ("json", _) => render::nodes_json(planned, out),
            ("csv", _) => render::nodes_csv(planned, out),
            (KARPENTER, Some(fleet)) => render::nodes_karpenter(planned, fleet, out),
            (GROUPS, Some(fleet)) => render::nodes_groups(planned, fleet, out),
            _ => render::nodes_table(planned, &invocation.look(ui, View::default()), out),
        };
        super::analyze::written_or_cut_off(written.and_then(|()| out.flush()))?;
        Ok(Exit::Done)
    }

    /// A pool that is spelt wrong would have no minimum.
    fn refuse_unknown_pools<'a>(
        &self,
        pools: impl Iterator<Item = Option<&'a str>>,
    ) -> Result<(), Error> {
        let mut known: Vec<&str> = pools.flatten().collect();
        known.sort_unstable();
        known.dedup();
        let minimums = self.pool_min.iter().map(|(pool, _)| ("--pool-min", pool));
        let spot = self.spot_pool.iter().map(|pool| ("--spot-pool", pool));
        let mut named = minimums.chain(spot);
        let Some((flag, unknown)) = named.find(|(_, pool)| !known.contains(&pool.as_str())) else {
            return Ok(());
        };
        Err(Error::Usage {
            text: format!("no node is of pool `{unknown}`, which `{flag}` names"),
            hint: Some(if known.is_empty() {
                "no node says which pool it is of".to_owned()
            } else {
                format!("there are {}", known.join(", "))
            }),
        })
    }
}
