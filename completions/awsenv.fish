# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_awsenv_global_optspecs
    string join \n h/help V/version
end

function __fish_awsenv_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_awsenv_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_awsenv_using_subcommand
    set -l cmd (__fish_awsenv_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c awsenv -n "__fish_awsenv_needs_command" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_needs_command" -s V -l version -d 'Print version'
complete -c awsenv -n "__fish_awsenv_needs_command" -f -a "hook" -d 'Print the text that a shell evals at its start'
complete -c awsenv -n "__fish_awsenv_needs_command" -f -a "init" -d 'Write a first .awsenv here, and allow it'
complete -c awsenv -n "__fish_awsenv_needs_command" -f -a "edit" -d 'Open the .awsenv in your editor, and allow what you saved'
complete -c awsenv -n "__fish_awsenv_needs_command" -f -a "allow" -d 'Let the .awsenv count, as it is now'
complete -c awsenv -n "__fish_awsenv_needs_command" -f -a "deny" -d 'Never let the .awsenv count, whatever it will contain'
complete -c awsenv -n "__fish_awsenv_needs_command" -f -a "trust" -d 'What you have allowed and denied'
complete -c awsenv -n "__fish_awsenv_needs_command" -f -a "status" -d 'What is loaded here, from where, until when, and why not'
complete -c awsenv -n "__fish_awsenv_needs_command" -f -a "explain" -d 'How credentials would be got, without network'
complete -c awsenv -n "__fish_awsenv_needs_command" -f -a "use" -d 'Choose a stage or a profile for this shell, until you leave the directory'
complete -c awsenv -n "__fish_awsenv_needs_command" -f -a "exec" -d 'Run one command with the credentials; without a command, a shell'
complete -c awsenv -n "__fish_awsenv_needs_command" -f -a "credentials" -d 'Print the credentials, quoted for whoever reads'
complete -c awsenv -n "__fish_awsenv_needs_command" -f -a "login" -d 'Sign in, by a browser or with an MFA code; nothing is done where that is good still'
complete -c awsenv -n "__fish_awsenv_needs_command" -f -a "logout" -d 'Sign out of one access portal, and forget what came from it'
complete -c awsenv -n "__fish_awsenv_needs_command" -f -a "refresh" -d 'Renew the session now, asking for an MFA code if there has to be one'
complete -c awsenv -n "__fish_awsenv_needs_command" -f -a "session" -d 'Cached sessions'
complete -c awsenv -n "__fish_awsenv_needs_command" -f -a "sso" -d 'What a sign-in gives, and profiles for it'
complete -c awsenv -n "__fish_awsenv_needs_command" -f -a "key" -d 'Long-lived keys in the keychain'
complete -c awsenv -n "__fish_awsenv_needs_command" -f -a "agent" -d 'What lends sessions to programs where the .awsenv says `deliver = "endpoint"`'
complete -c awsenv -n "__fish_awsenv_needs_command" -f -a "prompt" -d 'Print whose credentials this shell has, and how long still, for prompts that run a program'
complete -c awsenv -n "__fish_awsenv_needs_command" -f -a "completions" -d 'Print completions for a shell'
complete -c awsenv -n "__fish_awsenv_needs_command" -f -a "man" -d 'Print the manual page'
complete -c awsenv -n "__fish_awsenv_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c awsenv -n "__fish_awsenv_using_subcommand hook" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand init" -l account -d 'Refuse credentials of any other account' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand init" -l region -d 'A region that wins over the profile\'s' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand init" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand edit" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand allow" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand deny" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand trust; and not __fish_seen_subcommand_from list help" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand trust; and not __fish_seen_subcommand_from list help" -f -a "list" -d 'Every decision made so far'
complete -c awsenv -n "__fish_awsenv_using_subcommand trust; and not __fish_seen_subcommand_from list help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c awsenv -n "__fish_awsenv_using_subcommand trust; and __fish_seen_subcommand_from list" -l json -d 'For scripts; the schema is in docs/json.md'
complete -c awsenv -n "__fish_awsenv_using_subcommand trust; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand trust; and __fish_seen_subcommand_from help" -f -a "list" -d 'Every decision made so far'
complete -c awsenv -n "__fish_awsenv_using_subcommand trust; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c awsenv -n "__fish_awsenv_using_subcommand status" -l json -d 'For scripts; the schema is in docs/json.md'
complete -c awsenv -n "__fish_awsenv_using_subcommand status" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand explain" -l profile -d 'The same, as an option' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand explain" -l stage -d 'A stage of the directory\'s .awsenv' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand explain" -l duration -d 'Ask for sessions of this length (15m to 12h)' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand explain" -l region -d 'A region that wins over all others' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand explain" -l no-session -d 'No session of GetSessionToken in between'
complete -c awsenv -n "__fish_awsenv_using_subcommand explain" -l json -d 'For scripts; the schema is in docs/json.md'
complete -c awsenv -n "__fish_awsenv_using_subcommand explain" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand use" -s y -l yes -d 'Do not ask about a protected stage'
complete -c awsenv -n "__fish_awsenv_using_subcommand use" -l hook -d 'The hook asks, and reads the answer'
complete -c awsenv -n "__fish_awsenv_using_subcommand use" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand exec" -l profile -d 'The same, as an option' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand exec" -l stage -d 'A stage of the directory\'s .awsenv' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand exec" -l duration -d 'Ask for sessions of this length (15m to 12h)' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand exec" -l region -d 'A region that wins over all others' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand exec" -l min-ttl -d 'Ask AWS anew if the kept session is good for less than this' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand exec" -l mfa-code -d 'The MFA code, as AWSENV_MFA_CODE' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand exec" -l no-session -d 'No session of GetSessionToken in between'
complete -c awsenv -n "__fish_awsenv_using_subcommand exec" -l endpoint -d 'Give the command no keys, but a place to ask for them: a client that does so never ends up with old ones'
complete -c awsenv -n "__fish_awsenv_using_subcommand exec" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand credentials" -l profile -d 'The same, as an option' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand credentials" -l stage -d 'A stage of the directory\'s .awsenv' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand credentials" -l duration -d 'Ask for sessions of this length (15m to 12h)' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand credentials" -l region -d 'A region that wins over all others' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand credentials" -l format -d 'Who reads' -r -f -a "process\t'The credential_process contract of the AWS SDKs'
env\t'`export NAME=\'…\'`, for sh, bash and zsh'
fish\t'`set -gx NAME \'…\'`'
powershell\t'`$Env:NAME = \'…\'`'
nu\t'A record for `from json | load-env`'
dotenv\t'`NAME=value`, quoted only if it must be'
ini\t'A section of ~/.aws/credentials'
json\t'Everything known, as one object'"
complete -c awsenv -n "__fish_awsenv_using_subcommand credentials" -l no-session -d 'No session of GetSessionToken in between'
complete -c awsenv -n "__fish_awsenv_using_subcommand credentials" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c awsenv -n "__fish_awsenv_using_subcommand login" -l sso-session -d 'An [sso-session] of ~/.aws/config' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand login" -l mfa-code -d 'The MFA code, as AWSENV_MFA_CODE' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand login" -l fresh -d 'End what is kept first, then sign in anew'
complete -c awsenv -n "__fish_awsenv_using_subcommand login" -l device-code -d 'By a code that is typed in any browser'
complete -c awsenv -n "__fish_awsenv_using_subcommand login" -l no-browser -d 'Show the address, and open no browser'
complete -c awsenv -n "__fish_awsenv_using_subcommand login" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand logout" -l sso-session -d 'An [sso-session] of ~/.aws/config' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand logout" -l all -d 'Of every one that this user is signed in to'
complete -c awsenv -n "__fish_awsenv_using_subcommand logout" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand refresh" -l profile -d 'The same, as an option' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand refresh" -l stage -d 'A stage of the directory\'s .awsenv' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand refresh" -l duration -d 'Ask for sessions of this length (15m to 12h)' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand refresh" -l region -d 'A region that wins over all others' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand refresh" -l mfa-code -d 'The MFA code, as AWSENV_MFA_CODE' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand refresh" -l no-session -d 'No session of GetSessionToken in between'
complete -c awsenv -n "__fish_awsenv_using_subcommand refresh" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand session; and not __fish_seen_subcommand_from list clear help" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand session; and not __fish_seen_subcommand_from list clear help" -f -a "list" -d 'What is kept, until when'
complete -c awsenv -n "__fish_awsenv_using_subcommand session; and not __fish_seen_subcommand_from list clear help" -f -a "clear" -d 'Forget all: the next prompt or command asks AWS anew'
complete -c awsenv -n "__fish_awsenv_using_subcommand session; and not __fish_seen_subcommand_from list clear help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c awsenv -n "__fish_awsenv_using_subcommand session; and __fish_seen_subcommand_from list" -l json -d 'For scripts; the schema is in docs/json.md'
complete -c awsenv -n "__fish_awsenv_using_subcommand session; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand session; and __fish_seen_subcommand_from clear" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand session; and __fish_seen_subcommand_from help" -f -a "list" -d 'What is kept, until when'
complete -c awsenv -n "__fish_awsenv_using_subcommand session; and __fish_seen_subcommand_from help" -f -a "clear" -d 'Forget all: the next prompt or command asks AWS anew'
complete -c awsenv -n "__fish_awsenv_using_subcommand session; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c awsenv -n "__fish_awsenv_using_subcommand sso; and not __fish_seen_subcommand_from accounts roles populate help" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand sso; and not __fish_seen_subcommand_from accounts roles populate help" -f -a "accounts" -d 'The accounts that a sign-in gives'
complete -c awsenv -n "__fish_awsenv_using_subcommand sso; and not __fish_seen_subcommand_from accounts roles populate help" -f -a "roles" -d 'The roles that it gives in each account, and the profiles that they have'
complete -c awsenv -n "__fish_awsenv_using_subcommand sso; and not __fish_seen_subcommand_from accounts roles populate help" -f -a "populate" -d 'Write a profile for each role that has none to ~/.aws/config'
complete -c awsenv -n "__fish_awsenv_using_subcommand sso; and not __fish_seen_subcommand_from accounts roles populate help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c awsenv -n "__fish_awsenv_using_subcommand sso; and __fish_seen_subcommand_from accounts" -l sso-session -d 'An [sso-session] of ~/.aws/config' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand sso; and __fish_seen_subcommand_from accounts" -l json -d 'For scripts; the schema is in docs/json.md'
complete -c awsenv -n "__fish_awsenv_using_subcommand sso; and __fish_seen_subcommand_from accounts" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand sso; and __fish_seen_subcommand_from roles" -l sso-session -d 'An [sso-session] of ~/.aws/config' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand sso; and __fish_seen_subcommand_from roles" -l account -d 'Only accounts of this name or id; `*` stands for any text, `?` for a character' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand sso; and __fish_seen_subcommand_from roles" -l role -d 'Only roles of this name, likewise' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand sso; and __fish_seen_subcommand_from roles" -l json -d 'For scripts; the schema is in docs/json.md'
complete -c awsenv -n "__fish_awsenv_using_subcommand sso; and __fish_seen_subcommand_from roles" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand sso; and __fish_seen_subcommand_from populate" -l sso-session -d 'An [sso-session] of ~/.aws/config' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand sso; and __fish_seen_subcommand_from populate" -l account -d 'Only accounts of this name or id; `*` stands for any text, `?` for a character' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand sso; and __fish_seen_subcommand_from populate" -l role -d 'Only roles of this name, likewise' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand sso; and __fish_seen_subcommand_from populate" -l name -d 'How they are called' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand sso; and __fish_seen_subcommand_from populate" -l region -d 'Their region' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand sso; and __fish_seen_subcommand_from populate" -l prune -d 'Take out those whose role the sign-in no longer gives'
complete -c awsenv -n "__fish_awsenv_using_subcommand sso; and __fish_seen_subcommand_from populate" -l dry-run -d 'Only show what would change'
complete -c awsenv -n "__fish_awsenv_using_subcommand sso; and __fish_seen_subcommand_from populate" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand sso; and __fish_seen_subcommand_from help" -f -a "accounts" -d 'The accounts that a sign-in gives'
complete -c awsenv -n "__fish_awsenv_using_subcommand sso; and __fish_seen_subcommand_from help" -f -a "roles" -d 'The roles that it gives in each account, and the profiles that they have'
complete -c awsenv -n "__fish_awsenv_using_subcommand sso; and __fish_seen_subcommand_from help" -f -a "populate" -d 'Write a profile for each role that has none to ~/.aws/config'
complete -c awsenv -n "__fish_awsenv_using_subcommand sso; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and not __fish_seen_subcommand_from add import list remove rotate help" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and not __fish_seen_subcommand_from add import list remove rotate help" -f -a "add" -d 'Put keys into the keychain, once AWS has said whose they are'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and not __fish_seen_subcommand_from add import list remove rotate help" -f -a "import" -d 'Take keys into the keychain that lie in ~/.aws/credentials, or that aws-vault has'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and not __fish_seen_subcommand_from add import list remove rotate help" -f -a "list" -d 'What is in the keychain: how old, when used, by which profiles'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and not __fish_seen_subcommand_from add import list remove rotate help" -f -a "remove" -d 'Take keys out of the keychain'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and not __fish_seen_subcommand_from add import list remove rotate help" -f -a "rotate" -d 'Put new keys in the place of old ones, at AWS and in the keychain'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and not __fish_seen_subcommand_from add import list remove rotate help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from add" -l mfa-serial -d 'The MFA device that goes with them' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from add" -l stdin -d 'Read JSON from stdin, and ask nothing'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from add" -l no-verify -d 'Do not ask AWS whose they are'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from add" -l replace -d 'In the place of keys that have the name'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from import" -l from -d 'Where they are now' -r -f -a "credentials\t'~/.aws/credentials'
aws-vault\t'The keychain, files or password store of aws-vault'"
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from import" -l backend -d 'Which of aws-vault\'s; without it AWS_VAULT_BACKEND, else the only one with something in it' -r -f -a "secret-service\t'A collection of the Secret Service'
file\t'Encrypted files'
pass\t'The password store'"
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from import" -l all -d 'All there are, and ask nothing'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from import" -l keep -d 'Leave them in ~/.aws/credentials too'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from import" -l backup -d 'Leave a copy of ~/.aws/credentials as it was, keys and all: credentials.bak'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from import" -l force -d 'In the place of other keys that have the name'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from import" -l dry-run -d 'Only show what would be done'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from list" -l json -d 'For scripts; the schema is in docs/json.md'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from remove" -l yes -d 'Do not ask'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from remove" -l forget -d 'Only off the list: the keychain that has them is gone'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from rotate" -l if-older-than -d 'Only if AWS created the key longer ago than this' -r
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from rotate" -l keep-old -d 'Leave the old key at AWS, inactive'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from rotate" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "add" -d 'Put keys into the keychain, once AWS has said whose they are'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "import" -d 'Take keys into the keychain that lie in ~/.aws/credentials, or that aws-vault has'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "list" -d 'What is in the keychain: how old, when used, by which profiles'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Take keys out of the keychain'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "rotate" -d 'Put new keys in the place of old ones, at AWS and in the keychain'
complete -c awsenv -n "__fish_awsenv_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c awsenv -n "__fish_awsenv_using_subcommand agent; and not __fish_seen_subcommand_from status stop run help" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand agent; and not __fish_seen_subcommand_from status stop run help" -f -a "status" -d 'What it lends, to how many shells'
complete -c awsenv -n "__fish_awsenv_using_subcommand agent; and not __fish_seen_subcommand_from status stop run help" -f -a "stop" -d 'End it: programs that ask it get nothing any more'
complete -c awsenv -n "__fish_awsenv_using_subcommand agent; and not __fish_seen_subcommand_from status stop run help" -f -a "run" -d 'Be it (started by a prompt)'
complete -c awsenv -n "__fish_awsenv_using_subcommand agent; and not __fish_seen_subcommand_from status stop run help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c awsenv -n "__fish_awsenv_using_subcommand agent; and __fish_seen_subcommand_from status" -l json -d 'For scripts; the schema is in docs/json.md'
complete -c awsenv -n "__fish_awsenv_using_subcommand agent; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand agent; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand agent; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "status" -d 'What it lends, to how many shells'
complete -c awsenv -n "__fish_awsenv_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "stop" -d 'End it: programs that ask it get nothing any more'
complete -c awsenv -n "__fish_awsenv_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "run" -d 'Be it (started by a prompt)'
complete -c awsenv -n "__fish_awsenv_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c awsenv -n "__fish_awsenv_using_subcommand prompt" -l format -d 'Who reads' -r -f -a "plain\t'Text alone: themes have colours of their own'
ansi\t'With the colours of a terminal'
bash\t'For `PS1` of bash'
zsh\t'For `PROMPT` of zsh'
json\t'For scripts; the schema is in docs/json.md'"
complete -c awsenv -n "__fish_awsenv_using_subcommand prompt" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c awsenv -n "__fish_awsenv_using_subcommand completions" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand man" -s h -l help -d 'Print help'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and not __fish_seen_subcommand_from hook init edit allow deny trust status explain use exec credentials login logout refresh session sso key agent prompt completions man help" -f -a "hook" -d 'Print the text that a shell evals at its start'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and not __fish_seen_subcommand_from hook init edit allow deny trust status explain use exec credentials login logout refresh session sso key agent prompt completions man help" -f -a "init" -d 'Write a first .awsenv here, and allow it'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and not __fish_seen_subcommand_from hook init edit allow deny trust status explain use exec credentials login logout refresh session sso key agent prompt completions man help" -f -a "edit" -d 'Open the .awsenv in your editor, and allow what you saved'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and not __fish_seen_subcommand_from hook init edit allow deny trust status explain use exec credentials login logout refresh session sso key agent prompt completions man help" -f -a "allow" -d 'Let the .awsenv count, as it is now'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and not __fish_seen_subcommand_from hook init edit allow deny trust status explain use exec credentials login logout refresh session sso key agent prompt completions man help" -f -a "deny" -d 'Never let the .awsenv count, whatever it will contain'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and not __fish_seen_subcommand_from hook init edit allow deny trust status explain use exec credentials login logout refresh session sso key agent prompt completions man help" -f -a "trust" -d 'What you have allowed and denied'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and not __fish_seen_subcommand_from hook init edit allow deny trust status explain use exec credentials login logout refresh session sso key agent prompt completions man help" -f -a "status" -d 'What is loaded here, from where, until when, and why not'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and not __fish_seen_subcommand_from hook init edit allow deny trust status explain use exec credentials login logout refresh session sso key agent prompt completions man help" -f -a "explain" -d 'How credentials would be got, without network'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and not __fish_seen_subcommand_from hook init edit allow deny trust status explain use exec credentials login logout refresh session sso key agent prompt completions man help" -f -a "use" -d 'Choose a stage or a profile for this shell, until you leave the directory'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and not __fish_seen_subcommand_from hook init edit allow deny trust status explain use exec credentials login logout refresh session sso key agent prompt completions man help" -f -a "exec" -d 'Run one command with the credentials; without a command, a shell'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and not __fish_seen_subcommand_from hook init edit allow deny trust status explain use exec credentials login logout refresh session sso key agent prompt completions man help" -f -a "credentials" -d 'Print the credentials, quoted for whoever reads'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and not __fish_seen_subcommand_from hook init edit allow deny trust status explain use exec credentials login logout refresh session sso key agent prompt completions man help" -f -a "login" -d 'Sign in, by a browser or with an MFA code; nothing is done where that is good still'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and not __fish_seen_subcommand_from hook init edit allow deny trust status explain use exec credentials login logout refresh session sso key agent prompt completions man help" -f -a "logout" -d 'Sign out of one access portal, and forget what came from it'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and not __fish_seen_subcommand_from hook init edit allow deny trust status explain use exec credentials login logout refresh session sso key agent prompt completions man help" -f -a "refresh" -d 'Renew the session now, asking for an MFA code if there has to be one'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and not __fish_seen_subcommand_from hook init edit allow deny trust status explain use exec credentials login logout refresh session sso key agent prompt completions man help" -f -a "session" -d 'Cached sessions'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and not __fish_seen_subcommand_from hook init edit allow deny trust status explain use exec credentials login logout refresh session sso key agent prompt completions man help" -f -a "sso" -d 'What a sign-in gives, and profiles for it'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and not __fish_seen_subcommand_from hook init edit allow deny trust status explain use exec credentials login logout refresh session sso key agent prompt completions man help" -f -a "key" -d 'Long-lived keys in the keychain'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and not __fish_seen_subcommand_from hook init edit allow deny trust status explain use exec credentials login logout refresh session sso key agent prompt completions man help" -f -a "agent" -d 'What lends sessions to programs where the .awsenv says `deliver = "endpoint"`'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and not __fish_seen_subcommand_from hook init edit allow deny trust status explain use exec credentials login logout refresh session sso key agent prompt completions man help" -f -a "prompt" -d 'Print whose credentials this shell has, and how long still, for prompts that run a program'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and not __fish_seen_subcommand_from hook init edit allow deny trust status explain use exec credentials login logout refresh session sso key agent prompt completions man help" -f -a "completions" -d 'Print completions for a shell'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and not __fish_seen_subcommand_from hook init edit allow deny trust status explain use exec credentials login logout refresh session sso key agent prompt completions man help" -f -a "man" -d 'Print the manual page'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and not __fish_seen_subcommand_from hook init edit allow deny trust status explain use exec credentials login logout refresh session sso key agent prompt completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and __fish_seen_subcommand_from trust" -f -a "list" -d 'Every decision made so far'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and __fish_seen_subcommand_from session" -f -a "list" -d 'What is kept, until when'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and __fish_seen_subcommand_from session" -f -a "clear" -d 'Forget all: the next prompt or command asks AWS anew'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and __fish_seen_subcommand_from sso" -f -a "accounts" -d 'The accounts that a sign-in gives'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and __fish_seen_subcommand_from sso" -f -a "roles" -d 'The roles that it gives in each account, and the profiles that they have'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and __fish_seen_subcommand_from sso" -f -a "populate" -d 'Write a profile for each role that has none to ~/.aws/config'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "add" -d 'Put keys into the keychain, once AWS has said whose they are'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "import" -d 'Take keys into the keychain that lie in ~/.aws/credentials, or that aws-vault has'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "list" -d 'What is in the keychain: how old, when used, by which profiles'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "remove" -d 'Take keys out of the keychain'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "rotate" -d 'Put new keys in the place of old ones, at AWS and in the keychain'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "status" -d 'What it lends, to how many shells'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "stop" -d 'End it: programs that ask it get nothing any more'
complete -c awsenv -n "__fish_awsenv_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "run" -d 'Be it (started by a prompt)'
