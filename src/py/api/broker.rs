//! The class behind `dekaf.testing.Broker`.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::broker::cluster::Settings;
use crate::broker::faults::Fault;
use crate::broker::log::Refusal;
use crate::broker::security::{ListenerSasl, ListenerSecurity, ListenerTls, Published};
use crate::broker::server::Server;
use crate::config::{Mechanism, Secret};
use crate::error::ErrorCode;
use crate::protocol::{ApiKey, CreatableTopicConfig};
use crate::py::base::calls::detached;
use crate::py::base::generation::Generation;
use crate::py::base::seed::seed;
use crate::sasl::{OAUTHBEARER, ServerMechanism};

/// Partition, offset, timestamp, key, value, headers.
type Stored<'py> = (
    i32,
    i64,
    i64,
    Option<Bound<'py, PyBytes>>,
    Option<Bound<'py, PyBytes>>,
    Vec<(String, Option<Bound<'py, PyBytes>>)>,
);

/// Brokers in this process. They run until they are stopped.
#[pyclass(frozen, subclass, module = "dekaf._core")]
pub(crate) struct BrokerCore {
    /// The process that runs the server.
    generation: Generation,
    /// `None` once it is stopped. Locked only with the interpreter held.
    server: Mutex<Option<Server>>,
    addresses: Vec<(String, u16)>,
    /// The certificates that clients need, if connections are encrypted.
    certificates: Option<Published>,
}

impl BrokerCore {
    fn server(&self) -> MutexGuard<'_, Option<Server>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, work: impl FnOnce(&Server) -> T) -> PyResult<T> {
        if !self.generation.is_current() {
            let message = "this broker runs in the parent process; a forked child starts its own";
            return Err(PyRuntimeError::new_err(message));
        }
        match &*self.server() {
            Some(server) => Ok(work(server)),
            None => Err(PyRuntimeError::new_err("the broker is closed; start another one")),
        }
    }
}

#[pymethods]
impl BrokerCore {
    #[new]
    #[pyo3(signature = (
        *, host, port, brokers, auto_create_topics, partitions, memory, tls, mechanisms, users,
        tokens, session_lifetime
    ))]
    #[expect(clippy::too_many_arguments, reason = "one for each setting, by keyword")]
    fn new(
        host: &str,
        port: u16,
        brokers: usize,
        auto_create_topics: bool,
        partitions: i32,
        memory: usize,
        tls: Option<(Option<String>, bool)>,
        mechanisms: Vec<String>,
        users: HashMap<String, String>,
        tokens: HashMap<String, String>,
        session_lifetime: Option<f64>,
    ) -> PyResult<Self> {
        let host: IpAddr = host.parse().map_err(|_| {
            PyValueError::new_err(format!("host={host:?} is no IP address, such as \"127.0.0.1\""))
        })?;
        let settings = Settings { brokers, auto_create: auto_create_topics, partitions, memory };
        let tls = tls.map(|(server_name, client_certificates)| ListenerTls {
            server_name,
            client_certificates,
        });
        let mechanisms: Vec<_> =
            mechanisms.into_iter().map(|name| mechanism(&name)).collect::<PyResult<_>>()?;
        let session_lifetime = session_lifetime.map(duration).transpose()?;
        let security = ListenerSecurity {
            tls,
            sasl: (!mechanisms.is_empty()).then(|| ListenerSasl {
                mechanisms,
                session_lifetime,
                users: secrets(users),
                tokens: secrets(tokens),
                salt: format!("{:016x}", seed()),
            }),
        };
        let started = Server::start(host, port, settings, security, seed());
        let mut server = started.map_err(|error| cannot_start(host, port, &error))?;
        let addresses = server.addresses().to_vec();
        let certificates = server.take_certificates();
        let server = Mutex::new(Some(server));
        Ok(Self { generation: Generation::current(), server, addresses, certificates })
    }

    /// The certificate of the temporary authority, as PEM.
    #[getter]
    fn ca(&self) -> Option<&str> {
        self.certificates.as_ref().map(|certificates| &*certificates.ca)
    }

    /// A client's certificate and private key, as PEM, if clients must have one.
    #[getter]
    fn client_certificate(&self) -> Option<(&str, &str)> {
        let (certificate, key) = self.certificates.as_ref()?.client.as_ref()?;
        Some((certificate, key.reveal()))
    }

    /// The address of each broker, also after it was stopped.
    #[getter]
    fn addresses(&self) -> Vec<(String, u16)> {
        self.addresses.clone()
    }

    /// Whether this process has stopped it.
    #[getter]
    fn is_closed(&self) -> bool {
        self.server().is_none()
    }

    /// Raise unless the brokers run in this process.
    fn check(&self) -> PyResult<()> {
        self.with(|_| ())
    }

    /// Return the number of partitions of each topic.
    fn topics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let topics: Vec<_> = self.with(|server| {
            let state = server.state();
            let topics = state.cluster.topics();
            topics.map(|(name, topic)| (name.to_owned(), topic.partitions.len())).collect()
        })?;
        let found = PyDict::new(py);
        for (name, partitions) in topics {
            found.set_item(name, partitions)?;
        }
        Ok(found)
    }

    fn create_topic(
        &self,
        name: &str,
        partitions: i32,
        configs: Vec<(String, String)>,
    ) -> PyResult<()> {
        let configs: Vec<_> = configs
            .into_iter()
            .map(|(name, value)| CreatableTopicConfig { name, value: Some(value) })
            .collect();
        self.with(|server| server.create_topic(name, partitions, &configs))?.map_err(refused)
    }

    fn delete_topic(&self, name: &str) -> PyResult<()> {
        self.with(|server| server.delete_topic(name))?.map_err(refused)
    }

    fn move_leader(&self, topic: &str, partition: i32, broker: i32) -> PyResult<()> {
        let moved = self.with(|server| {
            let moved = server.state().cluster.move_leader(topic, partition, broker);
            server.changed();
            moved
        })?;
        moved.map_err(refused)
    }

    /// Return the records of a topic, by partition and offset.
    fn records<'py>(&self, py: Python<'py>, topic: &str) -> PyResult<Vec<Stored<'py>>> {
        let batches: Vec<_> = self.with(|server| {
            let state = server.state();
            let partitions = state.cluster.topic(topic).map(|topic| &topic.partitions);
            let partitions = (0..).zip(partitions.into_iter().flatten());
            partitions
                .flat_map(|(index, partition)| {
                    let start = partition.log.start_offset();
                    let batches = partition.log.batches_from(start).cloned();
                    batches.map(move |batch| (index, start, batch)).collect::<Vec<_>>()
                })
                .collect()
        })?;
        let bytes = |bytes: Option<bytes::Bytes>| bytes.map(|bytes| PyBytes::new(py, &bytes));
        let mut found = Vec::new();
        for (partition, start, batch) in batches {
            let records = batch.records().map_err(|error| {
                PyValueError::new_err(format!(
                    "{topic}-{partition} holds what is no batch: {error}"
                ))
            })?;
            for (offset, record) in records.into_iter().filter(|(offset, _)| *offset >= start) {
                let headers = record.headers.into_iter();
                let headers = headers.map(|(name, value)| (name, bytes(value))).collect();
                let (key, value) = (bytes(record.key), bytes(record.value));
                found.push((partition, offset, record.timestamp, key, value, headers));
            }
        }
        Ok(found)
    }

    /// Order a fault for future requests.
    #[pyo3(signature = (kind, api, error, seconds, times))]
    fn order(
        &self,
        kind: &str,
        api: Option<&str>,
        error: Option<&str>,
        seconds: f64,
        times: Option<u32>,
    ) -> PyResult<()> {
        let api = api.map(api_key).transpose()?;
        let fault = match kind {
            "fail" => Fault::Fail(error_code(error.unwrap_or_default())?),
            "delay" => Fault::Delay(duration(seconds)?),
            "throttle" => Fault::Throttle(duration(seconds)?),
            "drop_answers" => Fault::DropAnswer,
            "drop_requests" => Fault::DropRequest,
            other => return Err(PyValueError::new_err(format!("there is no fault {other:?}"))),
        };
        self.with(|server| server.state().faults.order(api, fault, times))
    }

    fn deny(&self, topic: String, api: Option<&str>) -> PyResult<()> {
        let api = api.map(api_key).transpose()?;
        self.with(|server| server.state().faults.deny(topic, api))
    }

    fn allow(&self, topic: &str) -> PyResult<()> {
        self.with(|server| server.state().faults.allow(topic))
    }

    fn lock_out(&self, user: String) -> PyResult<()> {
        self.with(|server| server.state().faults.lock_out(user))
    }

    fn let_in(&self, user: &str) -> PyResult<()> {
        self.with(|server| server.state().faults.let_in(user))
    }

    fn clear_faults(&self) -> PyResult<()> {
        self.with(|server| {
            server.state().faults.clear();
            server.pause(false);
        })
    }

    fn drop_connections(&self) -> PyResult<()> {
        self.with(Server::hang_up)
    }

    fn pause(&self, is_paused: bool) -> PyResult<()> {
        self.with(|server| server.pause(is_paused))
    }

    /// Close every connection and the listeners. A second call does nothing.
    fn stop(&self, py: Python<'_>) {
        let Some(mut server) = self.server().take() else { return };
        if self.generation.is_current() {
            detached(py, || server.stop());
        } else {
            server.forget();
        }
    }
}

impl Drop for BrokerCore {
    fn drop(&mut self) {
        if !self.generation.is_current()
            && let Some(server) = self.server().take()
        {
            // The server's thread exists only in the parent.
            server.forget();
        }
    }
}

fn duration(seconds: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| PyValueError::new_err(format!("seconds={seconds} is no time to wait")))
}

fn refused(refusal: Refusal) -> PyErr {
    PyValueError::new_err(refusal.message)
}

/// Converts an error of the system to the `OSError` for its code, and names the address.
fn cannot_start(host: IpAddr, port: u16, error: &io::Error) -> PyErr {
    if error.raw_os_error().is_none() {
        return PyValueError::new_err(error.to_string());
    }
    let address = SocketAddr::new(host, port);
    let way_out = if port == 0 { "" } else { "; port=0 takes one that is free" };
    let message = format!("cannot listen at {address}: {error}{way_out}");
    PyOSError::new_err((error.raw_os_error(), message))
}

fn mechanism(name: &str) -> PyResult<ServerMechanism> {
    let by_password = Mechanism::from_name(name).map(ServerMechanism::Password);
    by_password.or((name == OAUTHBEARER).then_some(ServerMechanism::Bearer)).ok_or_else(|| {
        PyValueError::new_err(format!("the broker in the box has no SASL mechanism {name:?}"))
    })
}

fn secrets(texts: HashMap<String, String>) -> HashMap<String, Secret> {
    texts.into_iter().map(|(name, text)| (name, Secret::new(text))).collect()
}

/// Drops case and separators from a name.
fn plain(name: &str) -> String {
    name.replace(['_', '-', ' '], "").to_lowercase()
}

/// Finds an API by Kafka's name in any spelling: `init_producer_id`, `InitProducerId`.
fn api_key(name: &str) -> PyResult<ApiKey> {
    ApiKey::ALL.into_iter().find(|key| plain(&format!("{key:?}")) == plain(name)).ok_or_else(|| {
        let known: Vec<_> = ApiKey::ALL.iter().map(|key| format!("{key:?}")).collect();
        PyValueError::new_err(format!("api={name:?} is not among {}", known.join(", ")))
    })
}

/// Finds an error by Kafka's name in any spelling: `NOT_LEADER_OR_FOLLOWER`, `NotLeaderOrFollower`.
fn error_code(name: &str) -> PyResult<ErrorCode> {
    ErrorCode::all()
        .find(|code| plain(code.name()) == plain(name))
        .filter(|code| !code.is_success())
        .ok_or_else(|| {
            PyValueError::new_err(format!(
                "error={name:?} is none of Kafka's, such as \"NOT_LEADER_OR_FOLLOWER\""
            ))
        })
}
