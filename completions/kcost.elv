
set edit:completion:arg-completer[kcost] = { |@words|
    var index = (count $words)
    set index = (- $index 1)

    put (env _CLAP_IFS="\n" _CLAP_COMPLETE_INDEX=(to-string $index) KCOST_COMPLETE="elvish" kcost -- $@words) | to-lines
}

