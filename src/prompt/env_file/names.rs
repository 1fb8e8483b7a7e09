//! Which variables a directory may set: not those that decide what code runs, whom a connection trusts, or
//! where home is.

/// A `*` at the end or in front stands for anything.
const REFUSED: [(&[&str], &str); 6] = [
    (&["AWS*", "__AWSENV*"], "awsenv and AWS's own tools are steered by it"),
    (
        &["*_PROXY", "*_CA_BUNDLE", "SSL_CERT_*", "NODE_EXTRA_CA_CERTS", "OPENSSL_CONF"],
        "it decides where connections go and whom they trust",
    ),
    (
        &["HOME", "ZDOTDIR", "XDG_*", "USERPROFILE", "APPDATA", "PWD", "OLDPWD", "CDPATH", "FILE_PWD"],
        "it moves the place that programs read their settings from",
    ),
    (
        &[
            "PATH",
            "IFS",
            "ENV",
            "PROMPT_COMMAND",
            "PS*",
            "SHELL*",
            "EDITOR",
            "*_EDITOR",
            "VISUAL",
            "*PAGER",
            "LESSOPEN",
            "LESSCLOSE",
            "SUDO_ASKPASS",
            "FPATH",
            "INPUTRC",
            "PROMPT",
            "RPROMPT",
            "BASH*",
            "UID",
            "EUID",
            "PPID",
            "GID",
            "EGID",
            "USERNAME",
            "STATUS",
            "PIPESTATUS",
            "ARGV",
            "TMOUT",
            "RPS*",
            "SPROMPT",
            "*_FUNCTIONS",
            "FISH_*",
            "ZSH_*",
            "NULLCMD",
            "READNULLCMD",
            "MODULE_PATH",
            "FCEDIT",
            "HIST*",
            "COMSPEC",
            "PATHEXT",
            "BROWSER",
            "XONSH*",
            "XONTRIB*",
            "__FISH*",
            "ELVISH*",
            "TCSH*",
            "NU_*",
            // nushell's load-env refuses the first; the others are records there, and text in their place breaks it.
            "CURRENT_FILE",
            "CONFIG",
            "ENV_CONVERSIONS",
            // PowerShell's lockdown; its PSModulePath is a PS*.
            "__PS*",
        ],
        "it decides what the shell runs",
    ),
    // A PKCS#11 module and libdbus ask for these in the process that loads them, and that may be awsenv itself.
    (
        &[
            "DBUS_*",
            "PKCS11*",
            "P11_KIT_*",
            "OPENSC_*",
            "PCSCLITE_*",
            "LIBPCSCLITE_*",
            "SOFTHSM*",
            "YKCS11_*",
            "YUBIHSM_*",
            "TPM2*",
            "TSS2_*",
            "NFAST_*",
            "CKNFAST_*",
            "CHRYSTOKI*",
            "CS_PKCS11_*",
            "KMS_PKCS11_*",
            "CLOUDHSM_*",
        ],
        "it decides what keychains and tokens load",
    ),
    (
        &[
            "LD_*",
            "DYLD_*",
            "GIT_*",
            "SSH_*",
            "NODE_OPTIONS",
            "NODE_PATH",
            "GCONV_PATH",
            "LUA_*",
            "DOTNET_*",
            "CORECLR_*",
            "COMPLUS_*",
            "COR_*",
            "CLASSPATH",
            "OPENSSL_ENGINES",
            "OPENSSL_MODULES",
            "MAKEFLAGS",
            "PYTHON*",
            "PERL5*",
            "RUBY*",
            "JAVA_TOOL_OPTIONS",
            "JDK_JAVA_OPTIONS",
            "_JAVA_OPTIONS",
        ],
        "it makes programs load or run other code",
    ),
];

/// Why a directory may not set this variable; `None` if it may.
///
/// Asked when a file is read, and again of every name that comes back out of `AWSENV_STATE`. Case counts for
/// nothing: curl reads `http_proxy`, zsh ties `path` to `PATH`, and Windows knows no case at all.
pub fn refused_name(name: &str) -> Option<&'static str> {
    let begins_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !begins_well || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Some("a variable's name is letters, digits and _, and begins with no digit");
    }
    let refused = REFUSED.iter().find(|(patterns, _)| patterns.iter().any(|pattern| fits(name, pattern)));
    refused.map(|(_, why)| *why)
}

/// `name` is ASCII by now, so any index is a character's.
fn fits(name: &str, pattern: &str) -> bool {
    if let Some(start) = pattern.strip_suffix('*') {
        return name.get(..start.len()).is_some_and(|part| part.eq_ignore_ascii_case(start));
    }
    if let Some(end) = pattern.strip_prefix('*') {
        let begin = name.len().checked_sub(end.len());
        return begin.is_some_and(|begin| name[begin..].eq_ignore_ascii_case(end));
    }
    name.eq_ignore_ascii_case(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_loads_code_or_moves_home_or_is_ours_is_refused_in_any_case() {
        for name in [
            "AWS_PROFILE",
            "AWS",
            "AWSENV_STATE",
            "AWS_CA_BUNDLE",
            "__awsenv_bin",
            "http_proxy",
            "HTTPS_PROXY",
            "no_proxy",
            "REQUESTS_CA_BUNDLE",
            "SSL_CERT_FILE",
            "PATH",
            "Path",
            "LD_PRELOAD",
            "DYLD_INSERT_LIBRARIES",
            "HOME",
            "ZDOTDIR",
            "XDG_CONFIG_HOME",
            "IFS",
            "ENV",
            "PROMPT_COMMAND",
            "PS1",
            "PS4",
            "PSModulePath",
            "__PSLockdownPolicy",
            "XONSHRC",
            "XONSHRC_DIR",
            "XONSH_DATA_DIR",
            "XONTRIBS_AUTOLOAD_DISABLED",
            "__fish_config_dir",
            "ELVISH_LIB",
            "TCSH_RC",
            "NU_LIB_DIRS",
            "NU_PLUGIN_DIRS",
            "FILE_PWD",
            "CURRENT_FILE",
            "config",
            "ENV_CONVERSIONS",
            "DBUS_SESSION_BUS_ADDRESS",
            "DBUS_SYSTEM_BUS_ADDRESS",
            "PKCS11SPY",
            "PKCS11_PROXY_SOCKET",
            "P11_KIT_STRICT",
            "OPENSC_CONF",
            "OPENSC_DRIVER",
            "PCSCLITE_CSOCK_NAME",
            "LIBPCSCLITE_PROXY",
            "SOFTHSM2_CONF",
            "YKCS11_DBG",
            "YUBIHSM_PKCS11_CONF",
            "TPM2_PKCS11_TCTI",
            "TSS2_LOG",
            "NFAST_HOME",
            "CKNFAST_LOADSHARING",
            "ChrystokiConfigurationPath",
            "CS_PKCS11_R3_CFG",
            "KMS_PKCS11_CONFIG",
            "CLOUDHSM_PIN",
            "SHELL",
            "SHELLOPTS",
            "EDITOR",
            "VISUAL",
            "PAGER",
            "MANPAGER",
            "GIT_PAGER",
            "AWS_PAGER",
            "BROWSER",
            "GIT_SSH_COMMAND",
            "SSH_ASKPASS",
            "NODE_OPTIONS",
            "NODE_PATH",
            "GCONV_PATH",
            "LUA_*",
            "DOTNET_STARTUP_HOOKS",
            "DOTNET_gcServer",
            "CORECLR_PROFILER_PATH",
            "COMPlus_JitName",
            "COR_PROFILER",
            "CLASSPATH",
            "OPENSSL_ENGINES",
            "OPENSSL_MODULES",
            "MAKEFLAGS",
            "PYTHONSTARTUP",
            "PERL5LIB",
            "RUBYOPT",
            "JAVA_TOOL_OPTIONS",
            "JDK_JAVA_OPTIONS",
            "_JAVA_OPTIONS",
        ] {
            assert!(refused_name(name).is_some(), "{name}");
            assert!(refused_name(&name.to_lowercase()).is_some(), "{name} in lower case");
        }
    }

    #[test]
    fn plain_names_are_fine() {
        for name in [
            "TF_WORKSPACE",
            "_",
            "a",
            "MY_PATH",
            "HOMES",
            "PROXY",
            "NODE_ENV",
            "MY_AWS_THING",
            "PAGERS",
            "NUMBER",
            "APP_CONFIG",
            "COREPACK_HOME",
        ] {
            assert_eq!(refused_name(name), None, "{name}");
        }
    }

    #[test]
    fn a_name_is_no_shell_text() {
        for name in ["", "1A", "A B", "A=B", "A;rm", "é", "A\n", "$(id)", "A-B", "BASH_FUNC_ls%%"] {
            assert_eq!(
                refused_name(name),
                Some("a variable's name is letters, digits and _, and begins with no digit"),
                "{name}"
            );
        }
    }
}
