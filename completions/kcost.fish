# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_kcost_global_optspecs
    string join \n v/verbose q/quiet config= no-config no-progress color= h/help V/version
end

function __fish_kcost_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_kcost_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_kcost_using_subcommand
    set -l cmd (__fish_kcost_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c kcost -n "__fish_kcost_needs_command" -l config -d 'Read settings from this file instead of `./kcost.yaml` and the user\'s file' -r -F
complete -c kcost -n "__fish_kcost_needs_command" -l color -d 'Colour: `auto` heeds `NO_COLOR`, `FORCE_COLOR` and whether a terminal reads' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kcost -n "__fish_kcost_needs_command" -s v -l verbose -d 'Say more: what each step did (`-v`), each request (`-vv`)'
complete -c kcost -n "__fish_kcost_needs_command" -s q -l quiet -d 'Say less: no warnings (`-q`), nothing but errors (`-qq`)'
complete -c kcost -n "__fish_kcost_needs_command" -l no-config -d 'Read no file of settings'
complete -c kcost -n "__fish_kcost_needs_command" -l no-progress -d 'Draw no progress bars'
complete -c kcost -n "__fish_kcost_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kcost -n "__fish_kcost_needs_command" -s V -l version -d 'Print version'
complete -c kcost -n "__fish_kcost_needs_command" -f -a "analyze" -d 'Say what to change: requests and limits for every workload, and what that saves'
complete -c kcost -n "__fish_kcost_needs_command" -f -a "explain" -d 'Show one workload\'s way from usage to size: data, plots, steps, risk'
complete -c kcost -n "__fish_kcost_needs_command" -f -a "backtest" -d 'Replay strategies over the past: what each would have cost, and what would have broken'
complete -c kcost -n "__fish_kcost_needs_command" -f -a "snapshot" -d 'Save what a cluster requests and uses, to analyze it later or elsewhere'
complete -c kcost -n "__fish_kcost_needs_command" -f -a "config" -d 'Show every setting, its value and where it comes from'
complete -c kcost -n "__fish_kcost_needs_command" -f -a "rbac" -d 'Print the least role that kcost needs, for `kubectl apply`'
complete -c kcost -n "__fish_kcost_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c kcost -n "__fish_kcost_needs_command" -f -a "man" -d 'Print the manual page, of kcost or of one of its subcommands'
complete -c kcost -n "__fish_kcost_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -s o -l output -d 'How to write the report' -r -f -a "table\t'for people: the summary, and the workloads worth acting on'
wide\t'for people: every container, with limits, risk and reasons'
json\t'for programs: kcost.analysis/v1, keys are only ever added'
yaml\t'the same as json'
csv\t'one row a container, plain numbers'
patch\t'YAML for `kubectl apply --server-side`, only what changes'"
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l state -d 'List only workloads in these states. The summary stays that of the whole cluster' -r -f -a "idle\t''
over_provisioned\t''
under_provisioned\t''
right_sized\t''
unknown\t''"
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l severity -d 'List only workloads of this severity or above' -r -f -a "none\t''
low\t''
medium\t''
high\t''
critical\t''"
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l min-savings -d 'List only workloads whose advice frees at least this much a month' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l sort -d 'Order of the list [default: urgent first, then savings; in machine formats: name]' -r -f -a "savings\t''
cost\t''
severity\t''
name\t''"
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l top -d 'List only the first of them' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l fail-on -d 'Fail with exit code 10 when this is true, such as `cost-waste>30%`. Repeatable' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l prices -d 'Where prices come from' -r -f -a "default\t''"
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l strategy -d 'How usage becomes requests and limits' -r -f -a "calibrated\t'sizes that keep a promised risk, from replays of each workload, its cohort and its nodes'
krr\t'KRR\'s rule: CPU P95 without a limit, largest memory and 15 % as request and limit'
vpa\t'the Vertical Pod Autoscaler\'s rule: decayed P90 and 15 %, limits in proportion'
autopilot\t'Google Autopilot\'s moving window: percentiles of work served, decayed, and 10 to 15 %'
peak\t'the largest use in the window, without a margin'"
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l goal -d 'How much risk to take for how much money' -r -f -a "savings\t''
balanced\t''
reliability\t''"
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l max-oom-risk -d 'Largest probability of exceeding the memory limit within a week, 0 to 1 [default: from the goal]' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l max-cpu-over -d 'Largest share of time above the CPU request, 0 to 1 [default: from the goal]' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l max-node-overflow -d 'Largest probability that the pods of a node exceed its memory within a week, 0 to 1 [default: from the goal]' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l cpu-limits -d 'What becomes of CPU limits' -r -f -a "keep\t''
remove\t''
ratio\t''"
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l min-cpu -d 'Advise no CPU request below this' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l min-memory -d 'Advise no memory request below this' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l max-cpu -d 'Advise no CPU request or limit above this' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l max-memory -d 'Advise no memory request or limit above this' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l min-history -d 'Advise nothing from less history than this' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l snapshot -d 'Read a bundle that `kcost snapshot` wrote. Repeatable' -r -f -a "(__fish_complete_directories)"
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l objects -d 'Read Kubernetes objects from files, as `kubectl get … -o json|yaml` prints them' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l usage -d 'Read usage from files: CSV, gzipped CSV or Parquet' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -s n -l namespace -d 'Only these namespaces: names or globs, `!` in front to exclude. Repeatable' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -s l -l selector -d 'Only workloads with these labels, as kubectl takes them: `app=api,tier!=test`' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l kubeconfig -d 'The kubeconfig to read [default: the files of `KUBECONFIG`, else `~/.kube/config`]' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l context -d 'The context of the kubeconfig to use [default: the current one]. Repeatable' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l as -d 'Act as this user' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l as-group -d 'Act as a member of this group. Repeatable' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l timeout -d 'Longest wait for one answer of the cluster or the metrics server' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l window -d 'How much history to use: `14d` of a live cluster, all of a file or bundle' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l step -d 'Distance between samples: `5m` of a live cluster, that of the file' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l prometheus-url -d 'Read usage from this Prometheus (or Thanos, Mimir, VictoriaMetrics)' -r -f
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l prometheus-service -d 'Read usage from this service: `NAMESPACE/NAME`, `:PORT` and `/PATH` where needed' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l prometheus-concurrency -d 'Queries that Prometheus may run at a time' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l max-samples-per-query -d 'The most samples that one query may make Prometheus touch' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l engine -d 'Who boils samples down to what advice needs: kcost (`raw`), or the server' -r -f -a "auto\t''
raw\t''
pushdown\t''"
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l prometheus-label -d 'Only series with this label, for stores of many clusters: `cluster=prod`' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l prometheus-names -d 'What metrics and labels are called in this store, where not as usual' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l prometheus-header -d 'A header for every request: `X-Scope-OrgID: team`. Repeatable' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l prometheus-token -d 'A bearer token. Better in the environment, where no process list shows it' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l prometheus-token-file -d 'A file with a bearer token' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l prometheus-token-command -d 'A command that prints a bearer token' -r -f -a "(__fish_complete_command)"
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l prometheus-login -d 'User and password, as `USER:PASSWORD`' -r
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l prometheus-ca -d 'PEM of the authorities to trust, instead of the system\'s' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l prometheus-certificate -d 'PEM of a client certificate' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l prometheus-key -d 'PEM of the key of the client certificate' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l config -d 'Read settings from this file instead of `./kcost.yaml` and the user\'s file' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l color -d 'Colour: `auto` heeds `NO_COLOR`, `FORCE_COLOR` and whether a terminal reads' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l exit-zero -d 'Report a failed gate, but exit with 0'
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l strict -d 'Fail with exit code 1 when anything could not be read'
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l demo -d 'Use the built-in demo: a shop of about 40 workloads. Needs nothing'
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l lenient -d 'Count and skip bad rows of usage files instead of stopping at the first'
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l all-contexts -d 'Use every cluster of the kubeconfig, with one context each'
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l no-discovery -d 'Do not look for a Prometheus in the cluster: use the metrics API'
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l prometheus-insecure -d 'Do not verify the certificate of Prometheus'
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l plan -d 'Say what Prometheus would be asked for and what that costs, and end'
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -s v -l verbose -d 'Say more: what each step did (`-v`), each request (`-vv`)'
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -s q -l quiet -d 'Say less: no warnings (`-q`), nothing but errors (`-qq`)'
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l no-config -d 'Read no file of settings'
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -l no-progress -d 'Draw no progress bars'
complete -c kcost -n "__fish_kcost_using_subcommand analyze" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kcost -n "__fish_kcost_using_subcommand explain" -s o -l output -d 'How to write the explanation' -r -f -a "text\t''
json\t''"
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l strategy -d 'How usage becomes requests and limits' -r -f -a "calibrated\t'sizes that keep a promised risk, from replays of each workload, its cohort and its nodes'
krr\t'KRR\'s rule: CPU P95 without a limit, largest memory and 15 % as request and limit'
vpa\t'the Vertical Pod Autoscaler\'s rule: decayed P90 and 15 %, limits in proportion'
autopilot\t'Google Autopilot\'s moving window: percentiles of work served, decayed, and 10 to 15 %'
peak\t'the largest use in the window, without a margin'"
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l goal -d 'How much risk to take for how much money' -r -f -a "savings\t''
balanced\t''
reliability\t''"
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l max-oom-risk -d 'Largest probability of exceeding the memory limit within a week, 0 to 1 [default: from the goal]' -r
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l max-cpu-over -d 'Largest share of time above the CPU request, 0 to 1 [default: from the goal]' -r
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l max-node-overflow -d 'Largest probability that the pods of a node exceed its memory within a week, 0 to 1 [default: from the goal]' -r
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l cpu-limits -d 'What becomes of CPU limits' -r -f -a "keep\t''
remove\t''
ratio\t''"
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l min-cpu -d 'Advise no CPU request below this' -r
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l min-memory -d 'Advise no memory request below this' -r
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l max-cpu -d 'Advise no CPU request or limit above this' -r
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l max-memory -d 'Advise no memory request or limit above this' -r
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l min-history -d 'Advise nothing from less history than this' -r
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l snapshot -d 'Read a bundle that `kcost snapshot` wrote. Repeatable' -r -f -a "(__fish_complete_directories)"
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l objects -d 'Read Kubernetes objects from files, as `kubectl get … -o json|yaml` prints them' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l usage -d 'Read usage from files: CSV, gzipped CSV or Parquet' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand explain" -s n -l namespace -d 'Only these namespaces: names or globs, `!` in front to exclude. Repeatable' -r
complete -c kcost -n "__fish_kcost_using_subcommand explain" -s l -l selector -d 'Only workloads with these labels, as kubectl takes them: `app=api,tier!=test`' -r
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l kubeconfig -d 'The kubeconfig to read [default: the files of `KUBECONFIG`, else `~/.kube/config`]' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l context -d 'The context of the kubeconfig to use [default: the current one]. Repeatable' -r
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l as -d 'Act as this user' -r
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l as-group -d 'Act as a member of this group. Repeatable' -r
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l timeout -d 'Longest wait for one answer of the cluster or the metrics server' -r
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l window -d 'How much history to use: `14d` of a live cluster, all of a file or bundle' -r
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l step -d 'Distance between samples: `5m` of a live cluster, that of the file' -r
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l prometheus-url -d 'Read usage from this Prometheus (or Thanos, Mimir, VictoriaMetrics)' -r -f
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l prometheus-service -d 'Read usage from this service: `NAMESPACE/NAME`, `:PORT` and `/PATH` where needed' -r
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l prometheus-concurrency -d 'Queries that Prometheus may run at a time' -r
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l max-samples-per-query -d 'The most samples that one query may make Prometheus touch' -r
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l engine -d 'Who boils samples down to what advice needs: kcost (`raw`), or the server' -r -f -a "auto\t''
raw\t''
pushdown\t''"
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l prometheus-label -d 'Only series with this label, for stores of many clusters: `cluster=prod`' -r
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l prometheus-names -d 'What metrics and labels are called in this store, where not as usual' -r
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l prometheus-header -d 'A header for every request: `X-Scope-OrgID: team`. Repeatable' -r
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l prometheus-token -d 'A bearer token. Better in the environment, where no process list shows it' -r
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l prometheus-token-file -d 'A file with a bearer token' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l prometheus-token-command -d 'A command that prints a bearer token' -r -f -a "(__fish_complete_command)"
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l prometheus-login -d 'User and password, as `USER:PASSWORD`' -r
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l prometheus-ca -d 'PEM of the authorities to trust, instead of the system\'s' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l prometheus-certificate -d 'PEM of a client certificate' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l prometheus-key -d 'PEM of the key of the client certificate' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l config -d 'Read settings from this file instead of `./kcost.yaml` and the user\'s file' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l color -d 'Colour: `auto` heeds `NO_COLOR`, `FORCE_COLOR` and whether a terminal reads' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l ascii -d 'Draw with ASCII alone [default: where the locale is not UTF-8]'
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l demo -d 'Use the built-in demo: a shop of about 40 workloads. Needs nothing'
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l lenient -d 'Count and skip bad rows of usage files instead of stopping at the first'
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l all-contexts -d 'Use every cluster of the kubeconfig, with one context each'
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l no-discovery -d 'Do not look for a Prometheus in the cluster: use the metrics API'
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l prometheus-insecure -d 'Do not verify the certificate of Prometheus'
complete -c kcost -n "__fish_kcost_using_subcommand explain" -s v -l verbose -d 'Say more: what each step did (`-v`), each request (`-vv`)'
complete -c kcost -n "__fish_kcost_using_subcommand explain" -s q -l quiet -d 'Say less: no warnings (`-q`), nothing but errors (`-qq`)'
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l no-config -d 'Read no file of settings'
complete -c kcost -n "__fish_kcost_using_subcommand explain" -l no-progress -d 'Draw no progress bars'
complete -c kcost -n "__fish_kcost_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -s o -l output -d 'How to write the comparison' -r -f -a "table\t''
json\t''"
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l strategies -d 'Strategies to compare [default: all]' -r -f -a "calibrated\t''
krr\t''
vpa\t''
autopilot\t''
peak\t''"
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l goal -d 'Goals of the strategies that have goals; several are a row each' -r -f -a "savings\t''
balanced\t''
reliability\t''"
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l fit -d 'History that each origin sees' -r
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l horizon -d 'Time after each origin on which its advice is judged' -r
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l origins -d 'Most origins, the earliest first [default: all that fit]' -r
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l snapshot -d 'Read a bundle that `kcost snapshot` wrote. Repeatable' -r -f -a "(__fish_complete_directories)"
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l objects -d 'Read Kubernetes objects from files, as `kubectl get … -o json|yaml` prints them' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l usage -d 'Read usage from files: CSV, gzipped CSV or Parquet' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -s n -l namespace -d 'Only these namespaces: names or globs, `!` in front to exclude. Repeatable' -r
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -s l -l selector -d 'Only workloads with these labels, as kubectl takes them: `app=api,tier!=test`' -r
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l kubeconfig -d 'The kubeconfig to read [default: the files of `KUBECONFIG`, else `~/.kube/config`]' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l context -d 'The context of the kubeconfig to use [default: the current one]. Repeatable' -r
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l as -d 'Act as this user' -r
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l as-group -d 'Act as a member of this group. Repeatable' -r
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l timeout -d 'Longest wait for one answer of the cluster or the metrics server' -r
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l window -d 'How much history to use: `14d` of a live cluster, all of a file or bundle' -r
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l step -d 'Distance between samples: `5m` of a live cluster, that of the file' -r
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l prometheus-url -d 'Read usage from this Prometheus (or Thanos, Mimir, VictoriaMetrics)' -r -f
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l prometheus-service -d 'Read usage from this service: `NAMESPACE/NAME`, `:PORT` and `/PATH` where needed' -r
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l prometheus-concurrency -d 'Queries that Prometheus may run at a time' -r
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l max-samples-per-query -d 'The most samples that one query may make Prometheus touch' -r
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l engine -d 'Who boils samples down to what advice needs: kcost (`raw`), or the server' -r -f -a "auto\t''
raw\t''
pushdown\t''"
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l prometheus-label -d 'Only series with this label, for stores of many clusters: `cluster=prod`' -r
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l prometheus-names -d 'What metrics and labels are called in this store, where not as usual' -r
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l prometheus-header -d 'A header for every request: `X-Scope-OrgID: team`. Repeatable' -r
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l prometheus-token -d 'A bearer token. Better in the environment, where no process list shows it' -r
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l prometheus-token-file -d 'A file with a bearer token' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l prometheus-token-command -d 'A command that prints a bearer token' -r -f -a "(__fish_complete_command)"
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l prometheus-login -d 'User and password, as `USER:PASSWORD`' -r
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l prometheus-ca -d 'PEM of the authorities to trust, instead of the system\'s' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l prometheus-certificate -d 'PEM of a client certificate' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l prometheus-key -d 'PEM of the key of the client certificate' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l config -d 'Read settings from this file instead of `./kcost.yaml` and the user\'s file' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l color -d 'Colour: `auto` heeds `NO_COLOR`, `FORCE_COLOR` and whether a terminal reads' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l demo -d 'Use the built-in demo: a shop of about 40 workloads. Needs nothing'
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l lenient -d 'Count and skip bad rows of usage files instead of stopping at the first'
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l all-contexts -d 'Use every cluster of the kubeconfig, with one context each'
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l no-discovery -d 'Do not look for a Prometheus in the cluster: use the metrics API'
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l prometheus-insecure -d 'Do not verify the certificate of Prometheus'
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -s v -l verbose -d 'Say more: what each step did (`-v`), each request (`-vv`)'
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -s q -l quiet -d 'Say less: no warnings (`-q`), nothing but errors (`-qq`)'
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l no-config -d 'Read no file of settings'
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -l no-progress -d 'Draw no progress bars'
complete -c kcost -n "__fish_kcost_using_subcommand backtest" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -s o -l output -d 'The folder to write; an older bundle there is replaced' -r -f -a "(__fish_complete_directories)"
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l record -d 'Sample the metrics API until there is this much, for clusters without Prometheus' -r
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l every -d 'How often to sample' -r
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l refresh -d 'How often to read objects again while recording, and to write what was sampled as tables' -r
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l snapshot -d 'Read a bundle that `kcost snapshot` wrote. Repeatable' -r -f -a "(__fish_complete_directories)"
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l objects -d 'Read Kubernetes objects from files, as `kubectl get … -o json|yaml` prints them' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l usage -d 'Read usage from files: CSV, gzipped CSV or Parquet' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -s n -l namespace -d 'Only these namespaces: names or globs, `!` in front to exclude. Repeatable' -r
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -s l -l selector -d 'Only workloads with these labels, as kubectl takes them: `app=api,tier!=test`' -r
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l kubeconfig -d 'The kubeconfig to read [default: the files of `KUBECONFIG`, else `~/.kube/config`]' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l context -d 'The context of the kubeconfig to use [default: the current one]. Repeatable' -r
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l as -d 'Act as this user' -r
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l as-group -d 'Act as a member of this group. Repeatable' -r
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l timeout -d 'Longest wait for one answer of the cluster or the metrics server' -r
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l window -d 'How much history to use: `14d` of a live cluster, all of a file or bundle' -r
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l step -d 'Distance between samples: `5m` of a live cluster, that of the file' -r
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l prometheus-url -d 'Read usage from this Prometheus (or Thanos, Mimir, VictoriaMetrics)' -r -f
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l prometheus-service -d 'Read usage from this service: `NAMESPACE/NAME`, `:PORT` and `/PATH` where needed' -r
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l prometheus-concurrency -d 'Queries that Prometheus may run at a time' -r
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l max-samples-per-query -d 'The most samples that one query may make Prometheus touch' -r
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l engine -d 'Who boils samples down to what advice needs: kcost (`raw`), or the server' -r -f -a "auto\t''
raw\t''
pushdown\t''"
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l prometheus-label -d 'Only series with this label, for stores of many clusters: `cluster=prod`' -r
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l prometheus-names -d 'What metrics and labels are called in this store, where not as usual' -r
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l prometheus-header -d 'A header for every request: `X-Scope-OrgID: team`. Repeatable' -r
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l prometheus-token -d 'A bearer token. Better in the environment, where no process list shows it' -r
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l prometheus-token-file -d 'A file with a bearer token' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l prometheus-token-command -d 'A command that prints a bearer token' -r -f -a "(__fish_complete_command)"
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l prometheus-login -d 'User and password, as `USER:PASSWORD`' -r
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l prometheus-ca -d 'PEM of the authorities to trust, instead of the system\'s' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l prometheus-certificate -d 'PEM of a client certificate' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l prometheus-key -d 'PEM of the key of the client certificate' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l config -d 'Read settings from this file instead of `./kcost.yaml` and the user\'s file' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l color -d 'Colour: `auto` heeds `NO_COLOR`, `FORCE_COLOR` and whether a terminal reads' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l strict -d 'Fail with exit code 1 when anything could not be read. The bundle is written all the same'
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l demo -d 'Use the built-in demo: a shop of about 40 workloads. Needs nothing'
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l lenient -d 'Count and skip bad rows of usage files instead of stopping at the first'
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l all-contexts -d 'Use every cluster of the kubeconfig, with one context each'
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l no-discovery -d 'Do not look for a Prometheus in the cluster: use the metrics API'
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l prometheus-insecure -d 'Do not verify the certificate of Prometheus'
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l plan -d 'Say what Prometheus would be asked for and what that costs, and end'
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -s v -l verbose -d 'Say more: what each step did (`-v`), each request (`-vv`)'
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -s q -l quiet -d 'Say less: no warnings (`-q`), nothing but errors (`-qq`)'
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l no-config -d 'Read no file of settings'
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -l no-progress -d 'Draw no progress bars'
complete -c kcost -n "__fish_kcost_using_subcommand snapshot" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kcost -n "__fish_kcost_using_subcommand config" -l config -d 'Read settings from this file instead of `./kcost.yaml` and the user\'s file' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand config" -l color -d 'Colour: `auto` heeds `NO_COLOR`, `FORCE_COLOR` and whether a terminal reads' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kcost -n "__fish_kcost_using_subcommand config" -l default -d 'Print a file with every setting at its built-in default, commented'
complete -c kcost -n "__fish_kcost_using_subcommand config" -l schema -d 'Print the JSON Schema of `kcost.yaml`'
complete -c kcost -n "__fish_kcost_using_subcommand config" -s v -l verbose -d 'Say more: what each step did (`-v`), each request (`-vv`)'
complete -c kcost -n "__fish_kcost_using_subcommand config" -s q -l quiet -d 'Say less: no warnings (`-q`), nothing but errors (`-qq`)'
complete -c kcost -n "__fish_kcost_using_subcommand config" -l no-config -d 'Read no file of settings'
complete -c kcost -n "__fish_kcost_using_subcommand config" -l no-progress -d 'Draw no progress bars'
complete -c kcost -n "__fish_kcost_using_subcommand config" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kcost -n "__fish_kcost_using_subcommand rbac" -s n -l namespace -d 'Only for this namespace: a Role in it. Repeatable' -r
complete -c kcost -n "__fish_kcost_using_subcommand rbac" -l service-account -d 'Bind the roles to this service account, which has to exist' -r
complete -c kcost -n "__fish_kcost_using_subcommand rbac" -l owner -d 'Add reading owners of this kind, such as `rollouts.argoproj.io`. Repeatable' -r
complete -c kcost -n "__fish_kcost_using_subcommand rbac" -l config -d 'Read settings from this file instead of `./kcost.yaml` and the user\'s file' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand rbac" -l color -d 'Colour: `auto` heeds `NO_COLOR`, `FORCE_COLOR` and whether a terminal reads' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kcost -n "__fish_kcost_using_subcommand rbac" -l with-discovery -d 'Add what finding and reaching Prometheus through the API server takes'
complete -c kcost -n "__fish_kcost_using_subcommand rbac" -s v -l verbose -d 'Say more: what each step did (`-v`), each request (`-vv`)'
complete -c kcost -n "__fish_kcost_using_subcommand rbac" -s q -l quiet -d 'Say less: no warnings (`-q`), nothing but errors (`-qq`)'
complete -c kcost -n "__fish_kcost_using_subcommand rbac" -l no-config -d 'Read no file of settings'
complete -c kcost -n "__fish_kcost_using_subcommand rbac" -l no-progress -d 'Draw no progress bars'
complete -c kcost -n "__fish_kcost_using_subcommand rbac" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kcost -n "__fish_kcost_using_subcommand completions" -l config -d 'Read settings from this file instead of `./kcost.yaml` and the user\'s file' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand completions" -l color -d 'Colour: `auto` heeds `NO_COLOR`, `FORCE_COLOR` and whether a terminal reads' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kcost -n "__fish_kcost_using_subcommand completions" -s v -l verbose -d 'Say more: what each step did (`-v`), each request (`-vv`)'
complete -c kcost -n "__fish_kcost_using_subcommand completions" -s q -l quiet -d 'Say less: no warnings (`-q`), nothing but errors (`-qq`)'
complete -c kcost -n "__fish_kcost_using_subcommand completions" -l no-config -d 'Read no file of settings'
complete -c kcost -n "__fish_kcost_using_subcommand completions" -l no-progress -d 'Draw no progress bars'
complete -c kcost -n "__fish_kcost_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kcost -n "__fish_kcost_using_subcommand man" -l config -d 'Read settings from this file instead of `./kcost.yaml` and the user\'s file' -r -F
complete -c kcost -n "__fish_kcost_using_subcommand man" -l color -d 'Colour: `auto` heeds `NO_COLOR`, `FORCE_COLOR` and whether a terminal reads' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kcost -n "__fish_kcost_using_subcommand man" -s v -l verbose -d 'Say more: what each step did (`-v`), each request (`-vv`)'
complete -c kcost -n "__fish_kcost_using_subcommand man" -s q -l quiet -d 'Say less: no warnings (`-q`), nothing but errors (`-qq`)'
complete -c kcost -n "__fish_kcost_using_subcommand man" -l no-config -d 'Read no file of settings'
complete -c kcost -n "__fish_kcost_using_subcommand man" -l no-progress -d 'Draw no progress bars'
complete -c kcost -n "__fish_kcost_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kcost -n "__fish_kcost_using_subcommand help; and not __fish_seen_subcommand_from analyze explain backtest snapshot config rbac completions man help" -f -a "analyze" -d 'Say what to change: requests and limits for every workload, and what that saves'
complete -c kcost -n "__fish_kcost_using_subcommand help; and not __fish_seen_subcommand_from analyze explain backtest snapshot config rbac completions man help" -f -a "explain" -d 'Show one workload\'s way from usage to size: data, plots, steps, risk'
complete -c kcost -n "__fish_kcost_using_subcommand help; and not __fish_seen_subcommand_from analyze explain backtest snapshot config rbac completions man help" -f -a "backtest" -d 'Replay strategies over the past: what each would have cost, and what would have broken'
complete -c kcost -n "__fish_kcost_using_subcommand help; and not __fish_seen_subcommand_from analyze explain backtest snapshot config rbac completions man help" -f -a "snapshot" -d 'Save what a cluster requests and uses, to analyze it later or elsewhere'
complete -c kcost -n "__fish_kcost_using_subcommand help; and not __fish_seen_subcommand_from analyze explain backtest snapshot config rbac completions man help" -f -a "config" -d 'Show every setting, its value and where it comes from'
complete -c kcost -n "__fish_kcost_using_subcommand help; and not __fish_seen_subcommand_from analyze explain backtest snapshot config rbac completions man help" -f -a "rbac" -d 'Print the least role that kcost needs, for `kubectl apply`'
complete -c kcost -n "__fish_kcost_using_subcommand help; and not __fish_seen_subcommand_from analyze explain backtest snapshot config rbac completions man help" -f -a "completions" -d 'Print a completion script for a shell'
complete -c kcost -n "__fish_kcost_using_subcommand help; and not __fish_seen_subcommand_from analyze explain backtest snapshot config rbac completions man help" -f -a "man" -d 'Print the manual page, of kcost or of one of its subcommands'
complete -c kcost -n "__fish_kcost_using_subcommand help; and not __fish_seen_subcommand_from analyze explain backtest snapshot config rbac completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
