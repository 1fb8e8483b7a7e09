# Completions of awsenv for nushell 0.108 and later. Once: awsenv completions nushell | save awsenv-completions.nu
# in ($nu.default-config-dir); then in config.nu: source awsenv-completions.nu
# At Tab the program is asked, so that it names what there is at that moment; for other commands, whoever was before.
$env.config.completions.external.completer = do {
  let before = $env.config.completions.external.completer?
  {|spans|
    if ($spans.0 in [awsenv ^awsenv]) {
      with-env { AWSENV_COMPLETE: nushell } { ^awsenv -- awsenv ...($spans | skip 1) }
      | complete
      | get stdout
      | lines
      | each {|line|
        let parts = ($line | split row "\t")
        { value: $parts.0, description: ($parts.1? | default "") }
      }
    } else if $before != null {
      do $before $spans
    }
  }
}
