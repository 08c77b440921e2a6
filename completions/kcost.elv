
use builtin;
use str;

set edit:completion:arg-completer[kcost] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'kcost'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'kcost'= {
            cand --color 'Colour: `auto` heeds `NO_COLOR`, `FORCE_COLOR` and whether a terminal reads'
            cand -v 'Say more: what each step did (`-v`), each request (`-vv`)'
            cand --verbose 'Say more: what each step did (`-v`), each request (`-vv`)'
            cand -q 'Say less: no warnings (`-q`), nothing but errors (`-qq`)'
            cand --quiet 'Say less: no warnings (`-q`), nothing but errors (`-qq`)'
            cand --no-progress 'Draw no progress bars'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand analyze 'Say what to change: requests and limits for every workload, and what that saves'
            cand snapshot 'Save what a cluster requests and uses, to analyze it later or elsewhere'
            cand completions 'Print a completion script for a shell'
            cand man 'Print the manual page, of kcost or of one of its subcommands'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'kcost;analyze'= {
            cand -o 'How to write the report'
            cand --output 'How to write the report'
            cand --state 'List only workloads in these states. The summary stays that of the whole cluster'
            cand --severity 'List only workloads of this severity or above'
            cand --min-savings 'List only workloads whose advice frees at least this much a month'
            cand --sort 'Order of the list [default: urgent first, then savings; in machine formats: name]'
            cand --top 'List only the first of them'
            cand --fail-on 'Fail with exit code 10 when this is true, such as `cost-waste>30%`. Repeatable'
            cand --prices 'Where prices come from'
            cand --strategy 'How usage becomes requests and limits'
            cand --goal 'How much risk to take for how much money'
            cand --max-oom-risk 'Largest probability of exceeding the memory limit within a week, 0 to 1 [default: from the goal]'
            cand --max-cpu-over 'Largest share of time above the CPU request, 0 to 1 [default: from the goal]'
            cand --max-node-overflow 'Largest probability that the pods of a node exceed its memory within a week, 0 to 1 [default: from the goal]'
            cand --min-cpu 'Advise no CPU request below this'
            cand --min-memory 'Advise no memory request below this'
            cand --max-cpu 'Advise no CPU request or limit above this'
            cand --max-memory 'Advise no memory request or limit above this'
            cand --min-history 'Advise nothing from less history than this'
            cand --snapshot 'Read a bundle that `kcost snapshot` wrote'
            cand --objects 'Read Kubernetes objects from files, as `kubectl get … -o json|yaml` prints them'
            cand --usage 'Read usage from files: CSV, gzipped CSV or Parquet'
            cand -n 'Only these namespaces: names or globs, `!` in front to exclude. Repeatable'
            cand --namespace 'Only these namespaces: names or globs, `!` in front to exclude. Repeatable'
            cand -l 'Only workloads with these labels, as kubectl takes them: `app=api,tier!=test`'
            cand --selector 'Only workloads with these labels, as kubectl takes them: `app=api,tier!=test`'
            cand --context 'The context of the kubeconfig to use [default: the current one]'
            cand --as 'Act as this user'
            cand --as-group 'Act as a member of this group. Repeatable'
            cand --timeout 'Longest wait for one answer of the cluster or the metrics server'
            cand --prometheus-url 'Read usage from this Prometheus (or Thanos, Mimir, VictoriaMetrics)'
            cand --prometheus-concurrency 'Queries that Prometheus may run at a time'
            cand --window 'How much history to use: `14d` of a live cluster, all of a file or bundle'
            cand --step 'Distance between samples: `5m` of a live cluster, that of the file'
            cand --color 'Colour: `auto` heeds `NO_COLOR`, `FORCE_COLOR` and whether a terminal reads'
            cand --exit-zero 'Report a failed gate, but exit with 0'
            cand --strict 'Fail with exit code 1 when anything could not be read'
            cand --demo 'Use the built-in demo: a shop of about 40 workloads. Needs nothing'
            cand --lenient 'Count and skip bad rows of usage files instead of stopping at the first'
            cand -v 'Say more: what each step did (`-v`), each request (`-vv`)'
            cand --verbose 'Say more: what each step did (`-v`), each request (`-vv`)'
            cand -q 'Say less: no warnings (`-q`), nothing but errors (`-qq`)'
            cand --quiet 'Say less: no warnings (`-q`), nothing but errors (`-qq`)'
            cand --no-progress 'Draw no progress bars'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kcost;snapshot'= {
            cand -o 'The folder to write; an older bundle there is replaced'
            cand --output 'The folder to write; an older bundle there is replaced'
            cand --snapshot 'Read a bundle that `kcost snapshot` wrote'
            cand --objects 'Read Kubernetes objects from files, as `kubectl get … -o json|yaml` prints them'
            cand --usage 'Read usage from files: CSV, gzipped CSV or Parquet'
            cand -n 'Only these namespaces: names or globs, `!` in front to exclude. Repeatable'
            cand --namespace 'Only these namespaces: names or globs, `!` in front to exclude. Repeatable'
            cand -l 'Only workloads with these labels, as kubectl takes them: `app=api,tier!=test`'
            cand --selector 'Only workloads with these labels, as kubectl takes them: `app=api,tier!=test`'
            cand --context 'The context of the kubeconfig to use [default: the current one]'
            cand --as 'Act as this user'
            cand --as-group 'Act as a member of this group. Repeatable'
            cand --timeout 'Longest wait for one answer of the cluster or the metrics server'
            cand --prometheus-url 'Read usage from this Prometheus (or Thanos, Mimir, VictoriaMetrics)'
            cand --prometheus-concurrency 'Queries that Prometheus may run at a time'
            cand --window 'How much history to use: `14d` of a live cluster, all of a file or bundle'
            cand --step 'Distance between samples: `5m` of a live cluster, that of the file'
            cand --color 'Colour: `auto` heeds `NO_COLOR`, `FORCE_COLOR` and whether a terminal reads'
            cand --strict 'Fail with exit code 1 when anything could not be read. The bundle is written all the same'
            cand --demo 'Use the built-in demo: a shop of about 40 workloads. Needs nothing'
            cand --lenient 'Count and skip bad rows of usage files instead of stopping at the first'
            cand -v 'Say more: what each step did (`-v`), each request (`-vv`)'
            cand --verbose 'Say more: what each step did (`-v`), each request (`-vv`)'
            cand -q 'Say less: no warnings (`-q`), nothing but errors (`-qq`)'
            cand --quiet 'Say less: no warnings (`-q`), nothing but errors (`-qq`)'
            cand --no-progress 'Draw no progress bars'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kcost;completions'= {
            cand --color 'Colour: `auto` heeds `NO_COLOR`, `FORCE_COLOR` and whether a terminal reads'
            cand -v 'Say more: what each step did (`-v`), each request (`-vv`)'
            cand --verbose 'Say more: what each step did (`-v`), each request (`-vv`)'
            cand -q 'Say less: no warnings (`-q`), nothing but errors (`-qq`)'
            cand --quiet 'Say less: no warnings (`-q`), nothing but errors (`-qq`)'
            cand --no-progress 'Draw no progress bars'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kcost;man'= {
            cand --color 'Colour: `auto` heeds `NO_COLOR`, `FORCE_COLOR` and whether a terminal reads'
            cand -v 'Say more: what each step did (`-v`), each request (`-vv`)'
            cand --verbose 'Say more: what each step did (`-v`), each request (`-vv`)'
            cand -q 'Say less: no warnings (`-q`), nothing but errors (`-qq`)'
            cand --quiet 'Say less: no warnings (`-q`), nothing but errors (`-qq`)'
            cand --no-progress 'Draw no progress bars'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kcost;help'= {
            cand analyze 'Say what to change: requests and limits for every workload, and what that saves'
            cand snapshot 'Save what a cluster requests and uses, to analyze it later or elsewhere'
            cand completions 'Print a completion script for a shell'
            cand man 'Print the manual page, of kcost or of one of its subcommands'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'kcost;help;analyze'= {
        }
        &'kcost;help;snapshot'= {
        }
        &'kcost;help;completions'= {
        }
        &'kcost;help;man'= {
        }
        &'kcost;help;help'= {
        }
    ]
    $completions[$command]
}
