//! The name that the broker's certificate must have.

use rustls::pki_types::ServerName;

/// Makes a name of a host as users write it: with a dot at its end, brackets or a zone.
pub(super) fn server_name(host: &str) -> Option<ServerName<'static>> {
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    // `fe80::1%eth0`: the zone is of this machine, and no certificate has it.
    let host = match host.split_once('%') {
        Some((address, _)) if address.contains(':') => address,
        _ => host,
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    ServerName::try_from(host.to_owned()).ok()
}
