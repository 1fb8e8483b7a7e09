# awsenv for elvish 0.19 and later. `awsenv hook elvish` prints this after one line that sets $__awsenv-bin.
# elvish has neither a clock nor the age of a file without a process (os:stat leaves the times out), so there is no
# guard: it asks the program at each prompt, at each cd, and before each command. Fine to evaluate twice.
use path
use re
use str

# Says so to the program once: what rc.elv has set before is the user's own.
var __awsenv-new = [new]
var __awsenv-quiet = $false

# What the prompt shows: the program says it.
var __awsenv-segment = ''

# Where the shell is, or was before somebody took the directory away.
var __awsenv-pwd = ''

# No answer: nobody knows whose credentials these are, so what we set goes. Needs no process.
fn __awsenv-unload {
  set __awsenv-segment = ''
  if (not (re:match '^1:(on|away):' $E:AWSENV_STATE)) {
    # Nothing of ours to take away; but a file here may have asked for other credentials than there are.
    if $__awsenv-quiet {
      return
    }
    var dir = $__awsenv-pwd
    while (not (path:is-regular &follow-symlink $dir/.awsenv)) {
      if (has-value ['' . /] $dir) {
        return
      }
      set dir = (path:dir $dir)
    }
    set __awsenv-quiet = $true
    echo 'awsenv: no answer, so the .awsenv here does not count' >&2
    return
  }
  var state = [(str:split &max=3 : $E:AWSENV_STATE)][2]
  var names = [(str:split ' ' [(str:split : $state)][0])]
  for name $names {
    if (re:match '^[A-Za-z0-9_]+$' $name) {
      unset-env $name
    }
  }
  # The program learns from the mark that the values went this way, and brings the originals back.
  set-env AWSENV_STATE 1:lost:$state
  if (or (has-value $names AWS_ACCESS_KEY_ID) (has-value $names AWS_PROFILE)) {
    set-env AWS_PROFILE 'awsenv did not answer: no credentials'
    set-env AWS_EC2_METADATA_DISABLED true
  }
  set __awsenv-quiet = $true
  echo 'awsenv: no answer, so the credentials are gone from this shell' >&2
}

# Secrets pass through the eval, and nowhere else: no variable holds them. What an answer puts are words about itself.
fn __awsenv-ask {|@phase|
  eval ((external $__awsenv-bin) export elvish $pid $version $__awsenv-pwd $@phase | slurp)
}

fn __awsenv-sync {
  # That, if somebody took the directory away.
  if (not-eq $pwd /unknown/pwd) {
    set __awsenv-pwd = $pwd
  }
  var answered = $false
  try {
    # What phase 1 printed already holds; phase 2 waits a little for what it started.
    for phase [$__awsenv-new [wait]] {
      var said = [(__awsenv-ask $@phase)]
      for word $said {
        if (eq (kind-of $word) map) {
          set __awsenv-segment = $word[segment]
        }
      }
      set answered = (has-value $said answered)
      if (not (has-value $said pending)) {
        break
      }
    }
  } catch {
    nop # Nobody there, an answer that was cut off, or Ctrl-C.
  }
  if $answered {
    set __awsenv-new = []
    set __awsenv-quiet = $false
  } else {
    __awsenv-unload
  }
}

# For a prompt: whose credentials these are, and how long still. No process is started.
fn awsenv_prompt {
  print $__awsenv-segment
}

# What is chosen for this shell comes back as its next state.
fn __awsenv-use {|@arguments|
  var text = ((external $__awsenv-bin) use --hook $@arguments | slurp)
  if (re:match '^1:(on|off|lost|away):[^:]*:' $text) {
    set-env AWSENV_STATE (str:trim-right $text "\n")
  } else {
    print $text
  }
}

# For `awsenv doctor`, what a program cannot see of this shell: whether the hook is asked before a prompt.
fn __awsenv-report {
  echo 'shell elvish '$version
  echo 'hook '$__awsenv-text
  for hook $edit:before-readline {
    try {
      if (str:contains $hook[def] __awsenv-sync) {
        echo 'prompt __awsenv-sync'
      }
    } catch {
      nop # Not written in elvish.
    }
  }
}

# The program, and then this shell at once: `awsenv allow` takes effect without another prompt.
fn awsenv {|@arguments|
  var command = [$@arguments ''][0]
  try {
    if (eq $command use) {
      __awsenv-use (all $arguments[1..])
    } else {
      if (eq $command doctor) {
        set-env AWSENV_SHELL_REPORT (__awsenv-report | slurp)
      }
      (external $__awsenv-bin) $@arguments
    }
  } finally {
    unset-env AWSENV_SHELL_REPORT
    __awsenv-sync
  }
}

# Other people's hooks, without those of an evaluation before this one.
fn __awsenv-others {|hooks|
  for hook $hooks {
    var ours = $false
    try {
      set ours = (str:contains $hook[def] __awsenv-)
    } catch {
      nop # Not written in elvish.
    }
    if (not $ours) {
      put $hook
    }
  }
}

# First in line, so that prompts are drawn from the new environment.
set edit:before-readline = [{ __awsenv-sync } (__awsenv-others $edit:before-readline)]

# Before a command starts: a session may have ended since the prompt was drawn.
set edit:after-readline = [{|line| if (re:match '\S' $line) { __awsenv-sync } } (__awsenv-others $edit:after-readline)]

# On `cd` itself, so that `cd prod; terraform apply` runs as prod.
set after-chdir = [{|_| __awsenv-sync } (__awsenv-others $after-chdir)]

edit:add-var awsenv~ $awsenv~
edit:add-var awsenv_prompt~ $awsenv_prompt~
