# nushell has no hook on `cd` itself, only at the prompt that follows: with this, `cd prod; terraform apply` runs as
# prod. Printed after awsenv.nu unless the settings say `wrap_cd = false`.

alias __awsenv_inner_cd = cd

# Change directory, and the credentials with it.
def --env cd [
    path?: directory # The path to change to.
    --physical (-P) # Resolve symbolic links first.
] {
    if $path == null {
        __awsenv_inner_cd
    } else {
        __awsenv_inner_cd --physical=$physical $path
    }
    __awsenv_check
}
