//! The stages between a connected socket and a link that is ready for requests: TLS, `ApiVersions`
//! and SASL. SASL messages are requests on the connection's pipeline.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;

use super::authentication::{LoggedIn, Offer, choose, log_in};
use super::connect::connect;
use super::encryption::{encrypt, explain_late};
use super::lease::Lease;
use super::opening::{ConnectError, ConnectStage, Opening};
use super::pipeline::{Pipeline, PipelineSettings, decode};
use super::security::{LinkSecurity, Login};
use super::versions::Versions;
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::protocol::ApiVersionsRequest;
use crate::tls::ClientTls;
use crate::wire::Reader;

/// Reported if a broker answers only without TLS.
pub(super) const SPEAKS_PLAIN_TEXT: &str = "the port speaks plain text, and TLS was asked for; use the port of \
     a TLS listener (SSL or SASL_SSL), or switch TLS off";

/// Maximum time to test whether a port speaks plain text.
const PLAIN_TEXT_PATIENCE: Duration = Duration::from_secs(3);

/// The loaded certificates and credentials of a connection.
#[derive(Debug)]
pub(super) struct Prepared<'a> {
    pub(super) security: &'a LinkSecurity,
    pub(super) tls: Option<Rc<ClientTls>>,
    pub(super) login: Option<Login<'a>>,
}

impl<'a> Prepared<'a> {
    /// Loads certificates and requests passwords. Not limited by the deadline of `opening`: the
    /// program may take long to provide a password.
    pub(super) async fn new(
        security: &'a LinkSecurity,
        opening: &Opening<'_>,
    ) -> Result<Self, ConnectError> {
        let tls = security.tls().await;
        let tls = tls.map_err(|error| opening.refused(ConnectStage::Tls, &error))?;
        let login = security.login().await.map_err(|error| {
            security.counts().login(false);
            opening.refused(ConnectStage::Sasl, &error)
        })?;
        Ok(Self { security, tls, login })
    }

    /// Runs all stages. Reconnects if the login must use another mechanism.
    pub(super) async fn open(
        &self,
        opening: &Opening<'_>,
        settings: &PipelineSettings,
    ) -> Result<(Pipeline, Versions, Lease), ConnectError> {
        loop {
            let (pipeline, versions) = self.open_without_login(opening, settings).await?;
            let Some(login) = &self.login else {
                return Ok((pipeline, versions, Lease::endless()));
            };
            let logging_in = log_in(&pipeline, &versions, login);
            let logged_in = opening.stage(ConnectStage::Sasl, logging_in).await;
            match logged_in {
                Ok(LoggedIn::Again) => {}
                Ok(LoggedIn::Yes(lease)) => {
                    self.security.counts().login(true);
                    return Ok((pipeline, versions, lease));
                }
                Err(error) => {
                    self.security.counts().login(false);
                    return Err(error);
                }
            }
        }
    }

    async fn open_without_login(
        &self,
        opening: &Opening<'_>,
        settings: &PipelineSettings,
    ) -> Result<(Pipeline, Versions), ConnectError> {
        let socket = connect(opening).await?;
        let Some(tls) = &self.tls else {
            let pipeline = Pipeline::start(socket, settings.clone());
            let versions =
                opening.stage(ConnectStage::ApiVersions, ask_versions(&pipeline)).await?;
            return Ok((pipeline, versions));
        };
        let counts = self.security.counts();
        let encrypted = encrypt(opening, tls, socket).await;
        counts.handshake(encrypted.is_ok());
        let (stream, session) = match encrypted {
            Ok(encrypted) => encrypted,
            Err(failed) if failed.is_silent && speaks_plain_text(opening, settings).await => {
                let error = Error::new(ErrorKind::Tls, SPEAKS_PLAIN_TEXT);
                return Err(opening.refused(ConnectStage::Tls, &error));
            }
            Err(failed) => return Err(failed.error),
        };
        self.security.peer_expires_at(opening.address(), session.peer_expires_at());
        let pipeline = Pipeline::start(stream, settings.clone());
        let asked = opening.stage(ConnectStage::ApiVersions, async {
            ask_versions(&pipeline).await.map_err(|error| explain_late(&session, error))
        });
        let versions = asked.await?;
        Ok((pipeline, versions))
    }

    /// Returns the offered mechanisms if the broker requires a login, and `None` otherwise. For
    /// clients without a login, whose connections such brokers close without an error.
    pub(super) async fn offered(
        &self,
        opening: &Opening<'_>,
        settings: &PipelineSettings,
    ) -> Option<Vec<String>> {
        let (pipeline, _) = self.open_without_login(opening, settings).await.ok()?;
        // No mechanism has this name, so the broker lists those that it offers.
        let asked = opening.stage(ConnectStage::Sasl, choose(&pipeline, "?")).await;
        match asked {
            Ok(Offer::Others(offered)) => Some(offered),
            _ => None,
        }
    }
}

/// Returns whether the port answers without TLS. A broker closes connections on bytes that are not
/// a request, without an answer. So does a load balancer that has no broker behind it.
async fn speaks_plain_text(opening: &Opening<'_>, settings: &PipelineSettings) -> bool {
    let asked = async {
        let socket = connect(opening).await.ok()?;
        let pipeline = Pipeline::start(socket, settings.clone());
        ask_versions(&pipeline).await.ok()
    };
    matches!(timeout(PLAIN_TEXT_PATIENCE, asked).await, Ok(Some(_)))
}

/// Kafka 2.4 and later support version 3. Older brokers list their versions in version 0.
async fn ask_versions(pipeline: &Pipeline) -> Result<Versions> {
    let request = ApiVersionsRequest {
        client_software_name: "dekaf".into(),
        client_software_version: env!("CARGO_PKG_VERSION").into(),
    };
    let (mut version, mut frame) = (3, pipeline.exchange(&request, 3).await?);
    if refuses_version(&frame) {
        (version, frame) = (0, pipeline.exchange(&request, 0).await?);
    }
    let response = decode::<ApiVersionsRequest>(&frame, version)?;
    let (kind, message) = match response.error_code {
        code if code.is_success() => return Ok(Versions::new(&response.api_keys)),
        ErrorCode::UNSUPPORTED_VERSION => {
            let message = "the broker refuses every version of ApiVersions";
            (ErrorKind::UnsupportedVersion, message.to_owned())
        }
        code => (ErrorKind::Broker, format!("the broker answered {code}")),
    };
    Err(Error::new(kind, message).code(response.error_code))
}

/// The error code is the first field in every version, after the correlation id.
fn refuses_version(frame: &Bytes) -> bool {
    let mut input = Reader::new(frame);
    input.skip(size_of::<i32>()).and_then(|()| input.i16()) == Ok(ErrorCode::UNSUPPORTED_VERSION.0)
}
