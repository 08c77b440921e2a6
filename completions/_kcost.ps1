
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'kcost' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'kcost'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'kcost' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file instead of `./kcost.yaml` and the user''s file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour: `auto` heeds `NO_COLOR`, `FORCE_COLOR` and whether a terminal reads')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what each step did (`-v`), each request (`-vv`)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what each step did (`-v`), each request (`-vv`)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: no warnings (`-q`), nothing but errors (`-qq`)')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: no warnings (`-q`), nothing but errors (`-qq`)')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Read no file of settings')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no progress bars')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('analyze', 'analyze', [CompletionResultType]::ParameterValue, 'Say what to change: requests and limits for every workload, and what that saves')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Show one workload''s way from usage to size: data, plots, steps, risk')
            [CompletionResult]::new('backtest', 'backtest', [CompletionResultType]::ParameterValue, 'Replay strategies over the past: what each would have cost, and what would have broken')
            [CompletionResult]::new('snapshot', 'snapshot', [CompletionResultType]::ParameterValue, 'Save what a cluster requests and uses, to analyze it later or elsewhere')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Show every setting, its value and where it comes from')
            [CompletionResult]::new('rbac', 'rbac', [CompletionResultType]::ParameterValue, 'Print the least role that kcost needs, for `kubectl apply`')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script for a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page, of kcost or of one of its subcommands')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'kcost;analyze' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to write the report')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to write the report')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'List only workloads in these states. The summary stays that of the whole cluster')
            [CompletionResult]::new('--severity', '--severity', [CompletionResultType]::ParameterName, 'List only workloads of this severity or above')
            [CompletionResult]::new('--min-savings', '--min-savings', [CompletionResultType]::ParameterName, 'List only workloads whose advice frees at least this much a month')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'Order of the list [default: urgent first, then savings; in machine formats: name]')
            [CompletionResult]::new('--top', '--top', [CompletionResultType]::ParameterName, 'List only the first of them')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'Fail with exit code 10 when this is true, such as `cost-waste>30%`. Repeatable')
            [CompletionResult]::new('--prices', '--prices', [CompletionResultType]::ParameterName, 'Where prices come from')
            [CompletionResult]::new('--strategy', '--strategy', [CompletionResultType]::ParameterName, 'How usage becomes requests and limits')
            [CompletionResult]::new('--goal', '--goal', [CompletionResultType]::ParameterName, 'How much risk to take for how much money')
            [CompletionResult]::new('--max-oom-risk', '--max-oom-risk', [CompletionResultType]::ParameterName, 'Largest probability of exceeding the memory limit within a week, 0 to 1 [default: from the goal]')
            [CompletionResult]::new('--max-cpu-over', '--max-cpu-over', [CompletionResultType]::ParameterName, 'Largest share of time above the CPU request, 0 to 1 [default: from the goal]')
            [CompletionResult]::new('--max-node-overflow', '--max-node-overflow', [CompletionResultType]::ParameterName, 'Largest probability that the pods of a node exceed its memory within a week, 0 to 1 [default: from the goal]')
            [CompletionResult]::new('--cpu-limits', '--cpu-limits', [CompletionResultType]::ParameterName, 'What becomes of CPU limits')
            [CompletionResult]::new('--min-cpu', '--min-cpu', [CompletionResultType]::ParameterName, 'Advise no CPU request below this')
            [CompletionResult]::new('--min-memory', '--min-memory', [CompletionResultType]::ParameterName, 'Advise no memory request below this')
            [CompletionResult]::new('--max-cpu', '--max-cpu', [CompletionResultType]::ParameterName, 'Advise no CPU request or limit above this')
            [CompletionResult]::new('--max-memory', '--max-memory', [CompletionResultType]::ParameterName, 'Advise no memory request or limit above this')
            [CompletionResult]::new('--min-history', '--min-history', [CompletionResultType]::ParameterName, 'Advise nothing from less history than this')
            [CompletionResult]::new('--snapshot', '--snapshot', [CompletionResultType]::ParameterName, 'Read a bundle that `kcost snapshot` wrote. Repeatable')
            [CompletionResult]::new('--objects', '--objects', [CompletionResultType]::ParameterName, 'Read Kubernetes objects from files, as `kubectl get … -o json|yaml` prints them')
            [CompletionResult]::new('--usage', '--usage', [CompletionResultType]::ParameterName, 'Read usage from files: CSV, gzipped CSV or Parquet')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Only these namespaces: names or globs, `!` in front to exclude. Repeatable')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Only these namespaces: names or globs, `!` in front to exclude. Repeatable')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'Only workloads with these labels, as kubectl takes them: `app=api,tier!=test`')
            [CompletionResult]::new('--selector', '--selector', [CompletionResultType]::ParameterName, 'Only workloads with these labels, as kubectl takes them: `app=api,tier!=test`')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig to read [default: the files of `KUBECONFIG`, else `~/.kube/config`]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig to use [default: the current one]. Repeatable')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'Act as this user')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'Act as a member of this group. Repeatable')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Longest wait for one answer of the cluster or the metrics server')
            [CompletionResult]::new('--window', '--window', [CompletionResultType]::ParameterName, 'How much history to use: `14d` of a live cluster, all of a file or bundle')
            [CompletionResult]::new('--step', '--step', [CompletionResultType]::ParameterName, 'Distance between samples: `5m` of a live cluster, that of the file')
            [CompletionResult]::new('--prometheus-url', '--prometheus-url', [CompletionResultType]::ParameterName, 'Read usage from this Prometheus (or Thanos, Mimir, VictoriaMetrics)')
            [CompletionResult]::new('--prometheus-service', '--prometheus-service', [CompletionResultType]::ParameterName, 'Read usage from this service: `NAMESPACE/NAME`, `:PORT` and `/PATH` where needed')
            [CompletionResult]::new('--prometheus-concurrency', '--prometheus-concurrency', [CompletionResultType]::ParameterName, 'Queries that Prometheus may run at a time')
            [CompletionResult]::new('--max-samples-per-query', '--max-samples-per-query', [CompletionResultType]::ParameterName, 'The most samples that one query may make Prometheus touch')
            [CompletionResult]::new('--engine', '--engine', [CompletionResultType]::ParameterName, 'Who boils samples down to what advice needs: kcost (`raw`), or the server')
            [CompletionResult]::new('--prometheus-label', '--prometheus-label', [CompletionResultType]::ParameterName, 'Only series with this label, for stores of many clusters: `cluster=prod`')
            [CompletionResult]::new('--prometheus-names', '--prometheus-names', [CompletionResultType]::ParameterName, 'What metrics and labels are called in this store, where not as usual')
            [CompletionResult]::new('--prometheus-header', '--prometheus-header', [CompletionResultType]::ParameterName, 'A header for every request: `X-Scope-OrgID: team`. Repeatable')
            [CompletionResult]::new('--prometheus-token', '--prometheus-token', [CompletionResultType]::ParameterName, 'A bearer token. Better in the environment, where no process list shows it')
            [CompletionResult]::new('--prometheus-token-file', '--prometheus-token-file', [CompletionResultType]::ParameterName, 'A file with a bearer token')
            [CompletionResult]::new('--prometheus-token-command', '--prometheus-token-command', [CompletionResultType]::ParameterName, 'A command that prints a bearer token')
            [CompletionResult]::new('--prometheus-login', '--prometheus-login', [CompletionResultType]::ParameterName, 'User and password, as `USER:PASSWORD`')
            [CompletionResult]::new('--prometheus-ca', '--prometheus-ca', [CompletionResultType]::ParameterName, 'PEM of the authorities to trust, instead of the system''s')
            [CompletionResult]::new('--prometheus-certificate', '--prometheus-certificate', [CompletionResultType]::ParameterName, 'PEM of a client certificate')
            [CompletionResult]::new('--prometheus-key', '--prometheus-key', [CompletionResultType]::ParameterName, 'PEM of the key of the client certificate')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file instead of `./kcost.yaml` and the user''s file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour: `auto` heeds `NO_COLOR`, `FORCE_COLOR` and whether a terminal reads')
            [CompletionResult]::new('--exit-zero', '--exit-zero', [CompletionResultType]::ParameterName, 'Report a failed gate, but exit with 0')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Fail with exit code 1 when anything could not be read')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in demo: a shop of about 40 workloads. Needs nothing')
            [CompletionResult]::new('--lenient', '--lenient', [CompletionResultType]::ParameterName, 'Count and skip bad rows of usage files instead of stopping at the first')
            [CompletionResult]::new('--all-contexts', '--all-contexts', [CompletionResultType]::ParameterName, 'Use every cluster of the kubeconfig, with one context each')
            [CompletionResult]::new('--no-discovery', '--no-discovery', [CompletionResultType]::ParameterName, 'Do not look for a Prometheus in the cluster: use the metrics API')
            [CompletionResult]::new('--prometheus-insecure', '--prometheus-insecure', [CompletionResultType]::ParameterName, 'Do not verify the certificate of Prometheus')
            [CompletionResult]::new('--plan', '--plan', [CompletionResultType]::ParameterName, 'Say what Prometheus would be asked for and what that costs, and end')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what each step did (`-v`), each request (`-vv`)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what each step did (`-v`), each request (`-vv`)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: no warnings (`-q`), nothing but errors (`-qq`)')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: no warnings (`-q`), nothing but errors (`-qq`)')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Read no file of settings')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no progress bars')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kcost;explain' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to write the explanation')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to write the explanation')
            [CompletionResult]::new('--strategy', '--strategy', [CompletionResultType]::ParameterName, 'How usage becomes requests and limits')
            [CompletionResult]::new('--goal', '--goal', [CompletionResultType]::ParameterName, 'How much risk to take for how much money')
            [CompletionResult]::new('--max-oom-risk', '--max-oom-risk', [CompletionResultType]::ParameterName, 'Largest probability of exceeding the memory limit within a week, 0 to 1 [default: from the goal]')
            [CompletionResult]::new('--max-cpu-over', '--max-cpu-over', [CompletionResultType]::ParameterName, 'Largest share of time above the CPU request, 0 to 1 [default: from the goal]')
            [CompletionResult]::new('--max-node-overflow', '--max-node-overflow', [CompletionResultType]::ParameterName, 'Largest probability that the pods of a node exceed its memory within a week, 0 to 1 [default: from the goal]')
            [CompletionResult]::new('--cpu-limits', '--cpu-limits', [CompletionResultType]::ParameterName, 'What becomes of CPU limits')
            [CompletionResult]::new('--min-cpu', '--min-cpu', [CompletionResultType]::ParameterName, 'Advise no CPU request below this')
            [CompletionResult]::new('--min-memory', '--min-memory', [CompletionResultType]::ParameterName, 'Advise no memory request below this')
            [CompletionResult]::new('--max-cpu', '--max-cpu', [CompletionResultType]::ParameterName, 'Advise no CPU request or limit above this')
            [CompletionResult]::new('--max-memory', '--max-memory', [CompletionResultType]::ParameterName, 'Advise no memory request or limit above this')
            [CompletionResult]::new('--min-history', '--min-history', [CompletionResultType]::ParameterName, 'Advise nothing from less history than this')
            [CompletionResult]::new('--snapshot', '--snapshot', [CompletionResultType]::ParameterName, 'Read a bundle that `kcost snapshot` wrote. Repeatable')
            [CompletionResult]::new('--objects', '--objects', [CompletionResultType]::ParameterName, 'Read Kubernetes objects from files, as `kubectl get … -o json|yaml` prints them')
            [CompletionResult]::new('--usage', '--usage', [CompletionResultType]::ParameterName, 'Read usage from files: CSV, gzipped CSV or Parquet')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Only these namespaces: names or globs, `!` in front to exclude. Repeatable')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Only these namespaces: names or globs, `!` in front to exclude. Repeatable')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'Only workloads with these labels, as kubectl takes them: `app=api,tier!=test`')
            [CompletionResult]::new('--selector', '--selector', [CompletionResultType]::ParameterName, 'Only workloads with these labels, as kubectl takes them: `app=api,tier!=test`')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig to read [default: the files of `KUBECONFIG`, else `~/.kube/config`]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig to use [default: the current one]. Repeatable')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'Act as this user')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'Act as a member of this group. Repeatable')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Longest wait for one answer of the cluster or the metrics server')
            [CompletionResult]::new('--window', '--window', [CompletionResultType]::ParameterName, 'How much history to use: `14d` of a live cluster, all of a file or bundle')
            [CompletionResult]::new('--step', '--step', [CompletionResultType]::ParameterName, 'Distance between samples: `5m` of a live cluster, that of the file')
            [CompletionResult]::new('--prometheus-url', '--prometheus-url', [CompletionResultType]::ParameterName, 'Read usage from this Prometheus (or Thanos, Mimir, VictoriaMetrics)')
            [CompletionResult]::new('--prometheus-service', '--prometheus-service', [CompletionResultType]::ParameterName, 'Read usage from this service: `NAMESPACE/NAME`, `:PORT` and `/PATH` where needed')
            [CompletionResult]::new('--prometheus-concurrency', '--prometheus-concurrency', [CompletionResultType]::ParameterName, 'Queries that Prometheus may run at a time')
            [CompletionResult]::new('--max-samples-per-query', '--max-samples-per-query', [CompletionResultType]::ParameterName, 'The most samples that one query may make Prometheus touch')
            [CompletionResult]::new('--engine', '--engine', [CompletionResultType]::ParameterName, 'Who boils samples down to what advice needs: kcost (`raw`), or the server')
            [CompletionResult]::new('--prometheus-label', '--prometheus-label', [CompletionResultType]::ParameterName, 'Only series with this label, for stores of many clusters: `cluster=prod`')
            [CompletionResult]::new('--prometheus-names', '--prometheus-names', [CompletionResultType]::ParameterName, 'What metrics and labels are called in this store, where not as usual')
            [CompletionResult]::new('--prometheus-header', '--prometheus-header', [CompletionResultType]::ParameterName, 'A header for every request: `X-Scope-OrgID: team`. Repeatable')
            [CompletionResult]::new('--prometheus-token', '--prometheus-token', [CompletionResultType]::ParameterName, 'A bearer token. Better in the environment, where no process list shows it')
            [CompletionResult]::new('--prometheus-token-file', '--prometheus-token-file', [CompletionResultType]::ParameterName, 'A file with a bearer token')
            [CompletionResult]::new('--prometheus-token-command', '--prometheus-token-command', [CompletionResultType]::ParameterName, 'A command that prints a bearer token')
            [CompletionResult]::new('--prometheus-login', '--prometheus-login', [CompletionResultType]::ParameterName, 'User and password, as `USER:PASSWORD`')
            [CompletionResult]::new('--prometheus-ca', '--prometheus-ca', [CompletionResultType]::ParameterName, 'PEM of the authorities to trust, instead of the system''s')
            [CompletionResult]::new('--prometheus-certificate', '--prometheus-certificate', [CompletionResultType]::ParameterName, 'PEM of a client certificate')
            [CompletionResult]::new('--prometheus-key', '--prometheus-key', [CompletionResultType]::ParameterName, 'PEM of the key of the client certificate')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file instead of `./kcost.yaml` and the user''s file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour: `auto` heeds `NO_COLOR`, `FORCE_COLOR` and whether a terminal reads')
            [CompletionResult]::new('--ascii', '--ascii', [CompletionResultType]::ParameterName, 'Draw with ASCII alone [default: where the locale is not UTF-8]')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in demo: a shop of about 40 workloads. Needs nothing')
            [CompletionResult]::new('--lenient', '--lenient', [CompletionResultType]::ParameterName, 'Count and skip bad rows of usage files instead of stopping at the first')
            [CompletionResult]::new('--all-contexts', '--all-contexts', [CompletionResultType]::ParameterName, 'Use every cluster of the kubeconfig, with one context each')
            [CompletionResult]::new('--no-discovery', '--no-discovery', [CompletionResultType]::ParameterName, 'Do not look for a Prometheus in the cluster: use the metrics API')
            [CompletionResult]::new('--prometheus-insecure', '--prometheus-insecure', [CompletionResultType]::ParameterName, 'Do not verify the certificate of Prometheus')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what each step did (`-v`), each request (`-vv`)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what each step did (`-v`), each request (`-vv`)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: no warnings (`-q`), nothing but errors (`-qq`)')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: no warnings (`-q`), nothing but errors (`-qq`)')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Read no file of settings')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no progress bars')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kcost;backtest' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to write the comparison')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to write the comparison')
            [CompletionResult]::new('--strategies', '--strategies', [CompletionResultType]::ParameterName, 'Strategies to compare [default: all]')
            [CompletionResult]::new('--goal', '--goal', [CompletionResultType]::ParameterName, 'Goals of the strategies that have goals; several are a row each')
            [CompletionResult]::new('--fit', '--fit', [CompletionResultType]::ParameterName, 'History that each origin sees')
            [CompletionResult]::new('--horizon', '--horizon', [CompletionResultType]::ParameterName, 'Time after each origin on which its advice is judged')
            [CompletionResult]::new('--origins', '--origins', [CompletionResultType]::ParameterName, 'Most origins, the earliest first [default: all that fit]')
            [CompletionResult]::new('--snapshot', '--snapshot', [CompletionResultType]::ParameterName, 'Read a bundle that `kcost snapshot` wrote. Repeatable')
            [CompletionResult]::new('--objects', '--objects', [CompletionResultType]::ParameterName, 'Read Kubernetes objects from files, as `kubectl get … -o json|yaml` prints them')
            [CompletionResult]::new('--usage', '--usage', [CompletionResultType]::ParameterName, 'Read usage from files: CSV, gzipped CSV or Parquet')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Only these namespaces: names or globs, `!` in front to exclude. Repeatable')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Only these namespaces: names or globs, `!` in front to exclude. Repeatable')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'Only workloads with these labels, as kubectl takes them: `app=api,tier!=test`')
            [CompletionResult]::new('--selector', '--selector', [CompletionResultType]::ParameterName, 'Only workloads with these labels, as kubectl takes them: `app=api,tier!=test`')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig to read [default: the files of `KUBECONFIG`, else `~/.kube/config`]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig to use [default: the current one]. Repeatable')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'Act as this user')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'Act as a member of this group. Repeatable')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Longest wait for one answer of the cluster or the metrics server')
            [CompletionResult]::new('--window', '--window', [CompletionResultType]::ParameterName, 'How much history to use: `14d` of a live cluster, all of a file or bundle')
            [CompletionResult]::new('--step', '--step', [CompletionResultType]::ParameterName, 'Distance between samples: `5m` of a live cluster, that of the file')
            [CompletionResult]::new('--prometheus-url', '--prometheus-url', [CompletionResultType]::ParameterName, 'Read usage from this Prometheus (or Thanos, Mimir, VictoriaMetrics)')
            [CompletionResult]::new('--prometheus-service', '--prometheus-service', [CompletionResultType]::ParameterName, 'Read usage from this service: `NAMESPACE/NAME`, `:PORT` and `/PATH` where needed')
            [CompletionResult]::new('--prometheus-concurrency', '--prometheus-concurrency', [CompletionResultType]::ParameterName, 'Queries that Prometheus may run at a time')
            [CompletionResult]::new('--max-samples-per-query', '--max-samples-per-query', [CompletionResultType]::ParameterName, 'The most samples that one query may make Prometheus touch')
            [CompletionResult]::new('--engine', '--engine', [CompletionResultType]::ParameterName, 'Who boils samples down to what advice needs: kcost (`raw`), or the server')
            [CompletionResult]::new('--prometheus-label', '--prometheus-label', [CompletionResultType]::ParameterName, 'Only series with this label, for stores of many clusters: `cluster=prod`')
            [CompletionResult]::new('--prometheus-names', '--prometheus-names', [CompletionResultType]::ParameterName, 'What metrics and labels are called in this store, where not as usual')
            [CompletionResult]::new('--prometheus-header', '--prometheus-header', [CompletionResultType]::ParameterName, 'A header for every request: `X-Scope-OrgID: team`. Repeatable')
            [CompletionResult]::new('--prometheus-token', '--prometheus-token', [CompletionResultType]::ParameterName, 'A bearer token. Better in the environment, where no process list shows it')
            [CompletionResult]::new('--prometheus-token-file', '--prometheus-token-file', [CompletionResultType]::ParameterName, 'A file with a bearer token')
            [CompletionResult]::new('--prometheus-token-command', '--prometheus-token-command', [CompletionResultType]::ParameterName, 'A command that prints a bearer token')
            [CompletionResult]::new('--prometheus-login', '--prometheus-login', [CompletionResultType]::ParameterName, 'User and password, as `USER:PASSWORD`')
            [CompletionResult]::new('--prometheus-ca', '--prometheus-ca', [CompletionResultType]::ParameterName, 'PEM of the authorities to trust, instead of the system''s')
            [CompletionResult]::new('--prometheus-certificate', '--prometheus-certificate', [CompletionResultType]::ParameterName, 'PEM of a client certificate')
            [CompletionResult]::new('--prometheus-key', '--prometheus-key', [CompletionResultType]::ParameterName, 'PEM of the key of the client certificate')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file instead of `./kcost.yaml` and the user''s file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour: `auto` heeds `NO_COLOR`, `FORCE_COLOR` and whether a terminal reads')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in demo: a shop of about 40 workloads. Needs nothing')
            [CompletionResult]::new('--lenient', '--lenient', [CompletionResultType]::ParameterName, 'Count and skip bad rows of usage files instead of stopping at the first')
            [CompletionResult]::new('--all-contexts', '--all-contexts', [CompletionResultType]::ParameterName, 'Use every cluster of the kubeconfig, with one context each')
            [CompletionResult]::new('--no-discovery', '--no-discovery', [CompletionResultType]::ParameterName, 'Do not look for a Prometheus in the cluster: use the metrics API')
            [CompletionResult]::new('--prometheus-insecure', '--prometheus-insecure', [CompletionResultType]::ParameterName, 'Do not verify the certificate of Prometheus')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what each step did (`-v`), each request (`-vv`)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what each step did (`-v`), each request (`-vv`)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: no warnings (`-q`), nothing but errors (`-qq`)')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: no warnings (`-q`), nothing but errors (`-qq`)')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Read no file of settings')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no progress bars')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kcost;snapshot' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The folder to write; an older bundle there is replaced')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The folder to write; an older bundle there is replaced')
            [CompletionResult]::new('--record', '--record', [CompletionResultType]::ParameterName, 'Sample the metrics API until there is this much, for clusters without Prometheus')
            [CompletionResult]::new('--every', '--every', [CompletionResultType]::ParameterName, 'How often to sample')
            [CompletionResult]::new('--refresh', '--refresh', [CompletionResultType]::ParameterName, 'How often to read objects again while recording, and to write what was sampled as tables')
            [CompletionResult]::new('--snapshot', '--snapshot', [CompletionResultType]::ParameterName, 'Read a bundle that `kcost snapshot` wrote. Repeatable')
            [CompletionResult]::new('--objects', '--objects', [CompletionResultType]::ParameterName, 'Read Kubernetes objects from files, as `kubectl get … -o json|yaml` prints them')
            [CompletionResult]::new('--usage', '--usage', [CompletionResultType]::ParameterName, 'Read usage from files: CSV, gzipped CSV or Parquet')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Only these namespaces: names or globs, `!` in front to exclude. Repeatable')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Only these namespaces: names or globs, `!` in front to exclude. Repeatable')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'Only workloads with these labels, as kubectl takes them: `app=api,tier!=test`')
            [CompletionResult]::new('--selector', '--selector', [CompletionResultType]::ParameterName, 'Only workloads with these labels, as kubectl takes them: `app=api,tier!=test`')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig to read [default: the files of `KUBECONFIG`, else `~/.kube/config`]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig to use [default: the current one]. Repeatable')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'Act as this user')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'Act as a member of this group. Repeatable')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Longest wait for one answer of the cluster or the metrics server')
            [CompletionResult]::new('--window', '--window', [CompletionResultType]::ParameterName, 'How much history to use: `14d` of a live cluster, all of a file or bundle')
            [CompletionResult]::new('--step', '--step', [CompletionResultType]::ParameterName, 'Distance between samples: `5m` of a live cluster, that of the file')
            [CompletionResult]::new('--prometheus-url', '--prometheus-url', [CompletionResultType]::ParameterName, 'Read usage from this Prometheus (or Thanos, Mimir, VictoriaMetrics)')
            [CompletionResult]::new('--prometheus-service', '--prometheus-service', [CompletionResultType]::ParameterName, 'Read usage from this service: `NAMESPACE/NAME`, `:PORT` and `/PATH` where needed')
            [CompletionResult]::new('--prometheus-concurrency', '--prometheus-concurrency', [CompletionResultType]::ParameterName, 'Queries that Prometheus may run at a time')
            [CompletionResult]::new('--max-samples-per-query', '--max-samples-per-query', [CompletionResultType]::ParameterName, 'The most samples that one query may make Prometheus touch')
            [CompletionResult]::new('--engine', '--engine', [CompletionResultType]::ParameterName, 'Who boils samples down to what advice needs: kcost (`raw`), or the server')
            [CompletionResult]::new('--prometheus-label', '--prometheus-label', [CompletionResultType]::ParameterName, 'Only series with this label, for stores of many clusters: `cluster=prod`')
            [CompletionResult]::new('--prometheus-names', '--prometheus-names', [CompletionResultType]::ParameterName, 'What metrics and labels are called in this store, where not as usual')
            [CompletionResult]::new('--prometheus-header', '--prometheus-header', [CompletionResultType]::ParameterName, 'A header for every request: `X-Scope-OrgID: team`. Repeatable')
            [CompletionResult]::new('--prometheus-token', '--prometheus-token', [CompletionResultType]::ParameterName, 'A bearer token. Better in the environment, where no process list shows it')
            [CompletionResult]::new('--prometheus-token-file', '--prometheus-token-file', [CompletionResultType]::ParameterName, 'A file with a bearer token')
            [CompletionResult]::new('--prometheus-token-command', '--prometheus-token-command', [CompletionResultType]::ParameterName, 'A command that prints a bearer token')
            [CompletionResult]::new('--prometheus-login', '--prometheus-login', [CompletionResultType]::ParameterName, 'User and password, as `USER:PASSWORD`')
            [CompletionResult]::new('--prometheus-ca', '--prometheus-ca', [CompletionResultType]::ParameterName, 'PEM of the authorities to trust, instead of the system''s')
            [CompletionResult]::new('--prometheus-certificate', '--prometheus-certificate', [CompletionResultType]::ParameterName, 'PEM of a client certificate')
            [CompletionResult]::new('--prometheus-key', '--prometheus-key', [CompletionResultType]::ParameterName, 'PEM of the key of the client certificate')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file instead of `./kcost.yaml` and the user''s file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour: `auto` heeds `NO_COLOR`, `FORCE_COLOR` and whether a terminal reads')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Fail with exit code 1 when anything could not be read. The bundle is written all the same')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in demo: a shop of about 40 workloads. Needs nothing')
            [CompletionResult]::new('--lenient', '--lenient', [CompletionResultType]::ParameterName, 'Count and skip bad rows of usage files instead of stopping at the first')
            [CompletionResult]::new('--all-contexts', '--all-contexts', [CompletionResultType]::ParameterName, 'Use every cluster of the kubeconfig, with one context each')
            [CompletionResult]::new('--no-discovery', '--no-discovery', [CompletionResultType]::ParameterName, 'Do not look for a Prometheus in the cluster: use the metrics API')
            [CompletionResult]::new('--prometheus-insecure', '--prometheus-insecure', [CompletionResultType]::ParameterName, 'Do not verify the certificate of Prometheus')
            [CompletionResult]::new('--plan', '--plan', [CompletionResultType]::ParameterName, 'Say what Prometheus would be asked for and what that costs, and end')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what each step did (`-v`), each request (`-vv`)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what each step did (`-v`), each request (`-vv`)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: no warnings (`-q`), nothing but errors (`-qq`)')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: no warnings (`-q`), nothing but errors (`-qq`)')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Read no file of settings')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no progress bars')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kcost;config' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file instead of `./kcost.yaml` and the user''s file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour: `auto` heeds `NO_COLOR`, `FORCE_COLOR` and whether a terminal reads')
            [CompletionResult]::new('--default', '--default', [CompletionResultType]::ParameterName, 'Print a file with every setting at its built-in default, commented')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Print the JSON Schema of `kcost.yaml`')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what each step did (`-v`), each request (`-vv`)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what each step did (`-v`), each request (`-vv`)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: no warnings (`-q`), nothing but errors (`-qq`)')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: no warnings (`-q`), nothing but errors (`-qq`)')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Read no file of settings')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no progress bars')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kcost;rbac' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Only for this namespace: a Role in it. Repeatable')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Only for this namespace: a Role in it. Repeatable')
            [CompletionResult]::new('--service-account', '--service-account', [CompletionResultType]::ParameterName, 'Bind the roles to this service account, which has to exist')
            [CompletionResult]::new('--owner', '--owner', [CompletionResultType]::ParameterName, 'Add reading owners of this kind, such as `rollouts.argoproj.io`. Repeatable')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file instead of `./kcost.yaml` and the user''s file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour: `auto` heeds `NO_COLOR`, `FORCE_COLOR` and whether a terminal reads')
            [CompletionResult]::new('--with-discovery', '--with-discovery', [CompletionResultType]::ParameterName, 'Add what finding and reaching Prometheus through the API server takes')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what each step did (`-v`), each request (`-vv`)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what each step did (`-v`), each request (`-vv`)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: no warnings (`-q`), nothing but errors (`-qq`)')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: no warnings (`-q`), nothing but errors (`-qq`)')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Read no file of settings')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no progress bars')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kcost;completions' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file instead of `./kcost.yaml` and the user''s file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour: `auto` heeds `NO_COLOR`, `FORCE_COLOR` and whether a terminal reads')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what each step did (`-v`), each request (`-vv`)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what each step did (`-v`), each request (`-vv`)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: no warnings (`-q`), nothing but errors (`-qq`)')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: no warnings (`-q`), nothing but errors (`-qq`)')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Read no file of settings')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no progress bars')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kcost;man' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from this file instead of `./kcost.yaml` and the user''s file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour: `auto` heeds `NO_COLOR`, `FORCE_COLOR` and whether a terminal reads')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what each step did (`-v`), each request (`-vv`)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what each step did (`-v`), each request (`-vv`)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: no warnings (`-q`), nothing but errors (`-qq`)')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: no warnings (`-q`), nothing but errors (`-qq`)')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Read no file of settings')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no progress bars')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kcost;help' {
            [CompletionResult]::new('analyze', 'analyze', [CompletionResultType]::ParameterValue, 'Say what to change: requests and limits for every workload, and what that saves')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Show one workload''s way from usage to size: data, plots, steps, risk')
            [CompletionResult]::new('backtest', 'backtest', [CompletionResultType]::ParameterValue, 'Replay strategies over the past: what each would have cost, and what would have broken')
            [CompletionResult]::new('snapshot', 'snapshot', [CompletionResultType]::ParameterValue, 'Save what a cluster requests and uses, to analyze it later or elsewhere')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Show every setting, its value and where it comes from')
            [CompletionResult]::new('rbac', 'rbac', [CompletionResultType]::ParameterValue, 'Print the least role that kcost needs, for `kubectl apply`')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script for a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page, of kcost or of one of its subcommands')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'kcost;help;analyze' {
            break
        }
        'kcost;help;explain' {
            break
        }
        'kcost;help;backtest' {
            break
        }
        'kcost;help;snapshot' {
            break
        }
        'kcost;help;config' {
            break
        }
        'kcost;help;rbac' {
            break
        }
        'kcost;help;completions' {
            break
        }
        'kcost;help;man' {
            break
        }
        'kcost;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
