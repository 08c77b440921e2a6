complete --keep-order --exclusive --command kcost --arguments "(KCOST_COMPLETE=fish kcost -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
