//! The API versions that both a broker and this client support.

use std::collections::HashMap;

use crate::error::{Error, ErrorKind, Result};
use crate::protocol::{ApiVersion, Request};

/// The versions that a broker supports.
#[derive(Debug, Clone, Default)]
pub struct Versions {
    ranges: HashMap<i16, (i16, i16)>,
}

impl Versions {
    pub fn new(listed: &[ApiVersion]) -> Self {
        let ranges =
            listed.iter().map(|api| (api.api_key, (api.min_version, api.max_version))).collect();
        Self { ranges }
    }

    /// Returns the newest version of a request that both sides support.
    pub fn best<R: Request>(&self) -> Result<i16> {
        let (ours_from, ours_to) = R::VERSIONS;
        let unsupported = |theirs: String| {
            let api = R::KEY;
            let message = format!(
                "{api:?}: the broker speaks {theirs}, dekaf versions {ours_from} to {ours_to}; \
                 it works with Apache Kafka 1.1 and later"
            );
            Error::new(ErrorKind::UnsupportedVersion, message)
        };
        let Some(&(from, to)) = self.ranges.get(&(R::KEY as i16)) else {
            return Err(unsupported("no version of it".into()));
        };
        let best = to.min(ours_to);
        if best >= from.max(ours_from) {
            Ok(best)
        } else {
            Err(unsupported(format!("versions {from} to {to}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{MetadataRequest, ProduceRequest};

    fn listed(api_key: i16, min_version: i16, max_version: i16) -> Versions {
        Versions::new(&[ApiVersion { api_key, min_version, max_version }])
    }

    #[test]
    fn the_newest_common_version_is_taken() {
        let (oldest, newest) = ProduceRequest::VERSIONS;
        assert_eq!(listed(0, 0, 99).best::<ProduceRequest>().unwrap(), newest);
        assert_eq!(listed(0, 0, 5).best::<ProduceRequest>().unwrap(), 5);
        assert_eq!(listed(0, 0, oldest).best::<ProduceRequest>().unwrap(), oldest);
    }

    #[test]
    fn nothing_in_common_is_said() {
        for versions in [listed(0, 0, 2), listed(0, 90, 99), listed(3, 0, 12), listed(0, 5, 4)] {
            let error = versions.best::<ProduceRequest>();
            if let Ok(version) = error {
                panic!("{versions:?}: {version}");
            }
        }
        assert_eq!(listed(3, 0, 12).best::<MetadataRequest>().unwrap(), 12);
    }
}
