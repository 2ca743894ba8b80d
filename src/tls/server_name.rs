//! Converts a host to the name that the broker's certificate must have.

use rustls::pki_types::ServerName;

/// Converts a host name or address. Removes a trailing dot, brackets and an IPv6 zone.
pub(super) fn server_name(host: &str) -> Option<ServerName<'static>> {
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    // `fe80::1%eth0`: the zone is local to this machine; certificates do not contain it.
    let host = match host.split_once('%') {
        Some((address, _)) if address.contains(':') => address,
        _ => host,
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    ServerName::try_from(host.to_owned()).ok()
}
