//! The server of the in-process cluster: a listening socket for each broker, one thread for all of
//! them, and their shared state. Connections are served in `connection`, requests in `requests`.

mod connection;
mod requests;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::{Notify, oneshot, watch};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::sleep_until;
use tokio_rustls::TlsAcceptor;

use super::answers::{Broker, BrokerAddress, topic_settings};
use super::cluster::{Cluster, NodeId, Settings};
use super::faults::Faults;
use super::groups::{GroupResult, Groups, WaitId};
use super::log::Refusal;
use super::security::{ListenerSasl, ListenerSecurity, Published};
use crate::net::{Listener, without_signals};
use crate::protocol::CreatableTopicConfig;
use connection::{Connections, serve_connection};

/// The broker that coordinates all groups.
const COORDINATOR: NodeId = 1;

/// Controls of a running server.
#[derive(Debug, Clone, Copy, Default)]
struct Control {
    /// Incremented to close all connections.
    hang_ups: u64,
    /// Whether all answers are held back.
    is_paused: bool,
    is_stopped: bool,
}

/// The state that all brokers share.
#[derive(Debug)]
pub struct State {
    pub cluster: Cluster,
    pub groups: Groups,
    pub faults: Faults,
    last_wait_id: WaitId,
    /// The requests that wait for a group.
    waiting: HashMap<WaitId, oneshot::Sender<GroupResult>>,
}

struct Shared {
    state: Mutex<State>,
    /// `None` if connections are plain text.
    acceptor: Option<TlsAcceptor>,
    /// `None` if clients need not authenticate.
    sasl: Option<ListenerSasl>,
    cluster_id: String,
    /// The addresses of all brokers, ordered by id.
    addresses: Vec<BrokerAddress>,
    /// Notified when there are new records to read.
    appended: Notify,
    /// Notified when the next deadline of a group may have changed.
    groups_changed: Notify,
    control: watch::Sender<Control>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // After a panic under the lock, the server continues with the state as it is.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` on one of the brokers, then completes the requests that waited for its result.
    fn ask<T>(&self, node: NodeId, work: impl FnOnce(&mut Broker<'_>) -> T) -> T {
        let mut state = self.state();
        let State { cluster, groups, faults, waiting, .. } = &mut *state;
        let done = work(&mut Broker {
            cluster,
            groups,
            denied: faults.denied(),
            cluster_id: &self.cluster_id,
            node,
            addresses: &self.addresses,
            now: unix_ms(),
        });
        while let Some((wait_id, result)) = groups.poll_result() {
            if let Some(waits) = waiting.remove(&wait_id) {
                // Sending fails if the client has disconnected.
                let _unheard = waits.send(result);
            }
        }
        done
    }

    /// Registers a request that waits for a group.
    fn register_wait(&self) -> (WaitId, oneshot::Receiver<GroupResult>) {
        let (waits, result) = oneshot::channel();
        let mut state = self.state();
        state.last_wait_id += 1;
        let wait_id = state.last_wait_id;
        state.waiting.insert(wait_id, waits);
        (wait_id, result)
    }
}

fn unix_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as i64
}

/// A running in-process cluster. Dropping it stops it.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    certificates: Option<Published>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Binds the sockets and starts the thread. The first broker gets `port`, or a free port if it
    /// is 0; the others always get free ports. `seed` determines topic ids.
    pub fn start(
        host: IpAddr,
        port: u16,
        settings: Settings,
        security: ListenerSecurity,
        seed: u64,
    ) -> io::Result<Self> {
        let tls = security.tls.map(|tls| tls.set_up(host)).transpose()?;
        let (acceptor, certificates) = tls.unzip();
        let ports = (0..settings.brokers).map(|index| if index == 0 { port } else { 0 });
        let listeners: Vec<_> = ports
            .map(|port| Listener::bind(SocketAddr::new(host, port)))
            .collect::<io::Result<_>>()?;
        let advertised = match host {
            // The unspecified address cannot be advertised: clients cannot connect to it.
            host if host.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            host => host,
        };
        let address = |listener: &Listener| Ok((advertised.to_string(), listener.port()?));
        let addresses = listeners.iter().map(address).collect::<io::Result<Vec<_>>>()?;
        let cluster = Cluster::new(settings, seed);
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                cluster,
                groups: Groups::default(),
                faults: Faults::default(),
                last_wait_id: 0,
                waiting: HashMap::new(),
            }),
            acceptor,
            sasl: security.sasl,
            cluster_id: format!("dekaf-{seed:016x}"),
            addresses,
            appended: Notify::new(),
            groups_changed: Notify::new(),
            control: watch::Sender::default(),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let inside = Arc::clone(&shared);
        let work = move || {
            let tasks = LocalSet::new();
            tasks.block_on(&runtime, serve(inside, listeners));
        };
        let thread =
            without_signals(|| thread::Builder::new().name("dekaf-broker".into()).spawn(work))?;
        Ok(Self { shared, certificates, thread: Some(thread) })
    }

    pub fn addresses(&self) -> &[(String, u16)] {
        &self.shared.addresses
    }

    /// Returns the certificates that clients need, if connections are encrypted. The caller keeps
    /// them, because they may be needed after the server stops.
    pub fn take_certificates(&mut self) -> Option<Published> {
        self.certificates.take()
    }

    /// Locks the state. No broker answers while the guard is held.
    pub fn state(&self) -> impl std::ops::DerefMut<Target = State> + '_ {
        self.shared.state()
    }

    /// Creates a topic with Kafka's config names. −1 partitions mean the cluster's default.
    pub fn create_topic(
        &self,
        name: &str,
        partitions: i32,
        configs: &[CreatableTopicConfig],
    ) -> Result<(), Refusal> {
        let settings = topic_settings(configs)?;
        self.shared.state().cluster.create_topic(name, partitions, settings)
    }

    /// Deletes a topic with its records and committed offsets.
    pub fn delete_topic(&self, name: &str) -> Result<(), Refusal> {
        let deleted = self.shared.ask(COORDINATOR, |broker| broker.delete_topic(name));
        self.changed();
        deleted
    }

    /// Wakes up all fetches that wait for records, so that they check again.
    pub fn changed(&self) {
        self.shared.appended.notify_waiters();
    }

    /// Closes all connections; clients may connect again.
    pub fn hang_up(&self) {
        self.shared.control.send_modify(|control| control.hang_ups += 1);
    }

    /// Holds back all answers while `is_paused`, like a process that hangs.
    pub fn pause(&self, is_paused: bool) {
        self.shared.control.send_modify(|control| control.is_paused = is_paused);
    }

    /// Stops the server and waits for its thread. Clients cannot connect afterwards.
    pub fn stop(&mut self) {
        self.shared.control.send_modify(|control| control.is_stopped = true);
        if let Some(thread) = self.thread.take() {
            // The panic message has already been printed.
            let _panicked = thread.join();
        }
    }

    /// For a forked child, in which the thread does not exist: drops the server without stopping
    /// it.
    pub fn forget(mut self) {
        self.thread = None;
        std::mem::forget(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn serve(shared: Arc<Shared>, listeners: Vec<Listener>) {
    let connections = Rc::new(Connections::default());
    for (node, listener) in (1..).zip(listeners) {
        let (shared, connections) = (Arc::clone(&shared), Rc::clone(&connections));
        spawn_local(async move {
            let listener = match listener.listen() {
                Ok(listener) => listener,
                Err(error) => unreachable!("a bound socket listens: {error}"),
            };
            loop {
                let socket = listener.accept().await;
                if let Some(slot) = connections.slot() {
                    spawn_local(serve_connection(Arc::clone(&shared), node, socket, slot));
                }
            }
        });
    }
    spawn_local(watch_groups(Arc::clone(&shared)));
    let mut control = shared.control.subscribe();
    // The sender is in `shared`, so it outlives this wait.
    drop(control.wait_for(|control| control.is_stopped).await);
}

/// Calls the groups' timeout handler at each deadline.
async fn watch_groups(shared: Arc<Shared>) {
    loop {
        let next = shared.state().groups.poll_timeout();
        let sleep = async {
            match next {
                Some(next) => sleep_until(next.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = sleep => shared.ask(COORDINATOR, |broker| broker.groups.handle_timeout(Instant::now())),
            () = shared.groups_changed.notified() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::time::Duration;

    use super::*;
    use crate::broker::cluster::TopicSettings;
    use crate::protocol::{
        ApiVersionsRequest, FetchPartition, FetchRequest, FetchTopic, encode_request,
    };

    /// Far more than stopping takes, and far less than the fetch would wait.
    const SOON: Duration = Duration::from_secs(20);

    #[test]
    fn a_waiting_fetch_does_not_block_shutdown() {
        let host = Ipv4Addr::LOCALHOST.into();
        let mut server =
            Server::start(host, 0, Settings::default(), ListenerSecurity::default(), 1).unwrap();
        server.state().cluster.create_topic("t", 1, TopicSettings::default()).unwrap();
        let (_, port) = server.addresses()[0];
        let mut client = TcpStream::connect((host, port)).unwrap();
        client.set_read_timeout(Some(SOON)).unwrap();
        let ask = |max_wait_ms| {
            let topic =
                FetchTopic { topic: "t".into(), partitions: vec![FetchPartition::default()] };
            let topics = vec![topic];
            let request = FetchRequest { max_wait_ms, min_bytes: 1, topics, ..Default::default() };
            encode_request(&request, 11, 0, "me")
        };
        // Once the first request is answered, the second is in progress.
        client.write_all(&[ask(0), ask(60_000)].concat()).unwrap();
        client.read_exact(&mut [0; 4]).unwrap();
        let began = Instant::now();
        server.pause(true);
        server.hang_up();
        server.stop();
        assert!(began.elapsed() < SOON, "it took {:?}", began.elapsed());
    }

    #[test]
    fn a_request_after_a_hang_up_is_not_answered() {
        let host = Ipv4Addr::LOCALHOST.into();
        let server =
            Server::start(host, 0, Settings::default(), ListenerSecurity::default(), 1).unwrap();
        let (_, port) = server.addresses()[0];
        let request = encode_request(&ApiVersionsRequest::default(), 0, 0, "me");
        for _ in 0..500 {
            let mut client = TcpStream::connect((host, port)).unwrap();
            client.set_read_timeout(Some(SOON)).unwrap();
            client.write_all(&request).unwrap();
            let mut length = [0; 4];
            client.read_exact(&mut length).unwrap();
            client.read_exact(&mut vec![0; u32::from_be_bytes(length) as usize]).unwrap();
            server.hang_up();
            // The connection may be closed already.
            let _written = client.write_all(&request);
            assert!(client.read_exact(&mut length).is_err(), "it was answered");
        }
    }
}
