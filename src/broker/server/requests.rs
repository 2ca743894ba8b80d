//! Processing of a request: decode it, apply injected faults, and answer immediately or after
//! waiting for records or a group.

use std::pin::pin;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::time::{sleep, sleep_until};

use super::{COORDINATOR, Shared, unix_ms};
use crate::broker::answers::{joined, synced};
use crate::broker::cluster::NodeId;
use crate::broker::faults::RequestFaults;
use crate::broker::groups::{GroupResult, JoinResult, SyncResult};
use crate::broker::login::{Login, LoginContext, Step};
use crate::error::ErrorCode;
use crate::protocol::{
    AnyRequest, ApiKey, ApiVersionsRequest, ApiVersionsResponse, CreatePartitionsRequest,
    CreateTopicsRequest, DeleteRecordsRequest, DeleteTopicsRequest, DescribeConfigsRequest,
    DescribeGroupsRequest, FetchRequest, FetchResponse, FindCoordinatorRequest, HeartbeatRequest,
    InitProducerIdRequest, JoinGroupRequest, LeaveGroupRequest, ListGroupsRequest,
    ListOffsetsRequest, MetadataRequest, OffsetCommitRequest, OffsetFetchRequest, ProduceRequest,
    Request, RequestHeader, SERVED, SaslAuthenticateRequest, SaslHandshakeRequest,
    SyncGroupRequest, decode_request, encode_response,
};

/// The answer to a request, and how long to read nothing from the connection.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) reply: Reply,
    pub(super) throttle: Duration,
}

#[derive(Debug)]
pub(super) enum Reply {
    Answer(Bytes),
    /// Send an answer, then close the connection.
    Last(Bytes),
    /// Send nothing: the request wants no answer.
    Silence,
    /// Close the connection.
    Close,
}

/// Answers a frame. The connection closes on an invalid or unsupported request, and on one that is
/// not allowed before authentication.
pub(super) async fn answer(
    shared: &Shared,
    node: NodeId,
    login: &mut Login,
    frame: Bytes,
) -> Answered {
    let at_once = |reply| Answered { reply, throttle: Duration::ZERO };
    let Ok((header, request)) = decode_request(&frame) else { return at_once(Reply::Close) };
    let Some(request) = request else { return at_once(unsupported(&header, login)) };
    if !login.allows(request.api_key(), Instant::now()) {
        return at_once(Reply::Close);
    }
    let faults = shared.state().faults.faults_for(request.api_key());
    if faults.drop_request {
        return at_once(Reply::Close);
    }
    let reply = perform(shared, node, login, &header, request, faults).await;
    if !faults.delay.is_zero() {
        sleep(faults.delay).await;
    }
    let reply = if faults.drop_answer { Reply::Close } else { reply };
    Answered { reply, throttle: faults.throttle }
}

/// Answers an `ApiVersions` request of an unsupported version in version 0.
fn unsupported(header: &RequestHeader, login: &Login) -> Reply {
    if header.api_key != ApiKey::ApiVersions as i16
        || !login.allows(ApiKey::ApiVersions, Instant::now())
    {
        return Reply::Close;
    }
    let response = ApiVersionsResponse {
        error_code: ErrorCode::UNSUPPORTED_VERSION,
        api_keys: SERVED.to_vec(),
        ..ApiVersionsResponse::default()
    };
    Reply::Answer(encode_response::<ApiVersionsRequest>(&response, 0, header.correlation_id))
}

fn versions(login: &mut Login, header: &RequestHeader, error: Option<ErrorCode>) -> Reply {
    if error.is_none() {
        login.negotiated();
    }
    let response = ApiVersionsResponse {
        error_code: error.unwrap_or_default(),
        api_keys: SERVED.to_vec(),
        ..ApiVersionsResponse::default()
    };
    reply::<ApiVersionsRequest>(&response, header)
}

async fn perform(
    shared: &Shared,
    node: NodeId,
    login: &mut Login,
    header: &RequestHeader,
    request: AnyRequest,
    faults: RequestFaults,
) -> Reply {
    let error = faults.error;
    let version = header.api_version;
    /// Calls the broker and encodes its response.
    macro_rules! ask {
        ($request:ty, $work:expr) => {{
            let response = shared.ask(node, $work);
            reply::<$request>(&response, header)
        }};
    }
    match request {
        AnyRequest::ApiVersions(_) => versions(login, header, error),
        AnyRequest::SaslHandshake(request) => {
            let step = at_login(shared, error, |by| login.choose(&request.mechanism, by));
            step_reply::<SaslHandshakeRequest>(&step, header)
        }
        AnyRequest::SaslAuthenticate(request) => {
            let step = at_login(shared, error, |by| login.authenticate(&request.auth_bytes, by));
            step_reply::<SaslAuthenticateRequest>(&step, header)
        }
        AnyRequest::Metadata(request) => {
            ask!(MetadataRequest, |broker| broker.metadata(version, &request, error))
        }
        AnyRequest::Produce(request) => {
            let mut response = shared.ask(node, |broker| broker.produce(&request, error));
            response.throttle_time_ms = faults.throttle.as_millis() as i32;
            shared.appended.notify_waiters();
            let mut produced =
                response.responses.iter().flat_map(|topic| &topic.partition_responses);
            match request.acks {
                0 if produced.all(|partition| partition.error_code.is_success()) => Reply::Silence,
                // Without an answer, closing the connection is the only way to report an error.
                0 => Reply::Close,
                _ => reply::<ProduceRequest>(&response, header),
            }
        }
        AnyRequest::Fetch(request) => {
            let response = fetch(shared, node, &request, error).await;
            reply::<FetchRequest>(&response, header)
        }
        AnyRequest::ListOffsets(request) => {
            ask!(ListOffsetsRequest, |broker| broker.list_offsets(&request, error))
        }
        AnyRequest::InitProducerId(request) => {
            ask!(InitProducerIdRequest, |broker| broker.init_producer_id(&request, error))
        }
        AnyRequest::CreateTopics(request) => {
            ask!(CreateTopicsRequest, |broker| broker.create_topics(&request, error))
        }
        AnyRequest::DeleteTopics(request) => {
            let reply = ask!(DeleteTopicsRequest, |broker| broker.delete_topics(&request, error));
            shared.appended.notify_waiters();
            reply
        }
        AnyRequest::CreatePartitions(request) => {
            ask!(CreatePartitionsRequest, |broker| broker.create_partitions(&request, error))
        }
        AnyRequest::DeleteRecords(request) => {
            ask!(DeleteRecordsRequest, |broker| broker.delete_records(&request, error))
        }
        AnyRequest::DescribeConfigs(request) => {
            ask!(DescribeConfigsRequest, |broker| broker.describe_configs(&request, error))
        }
        AnyRequest::FindCoordinator(request) => {
            ask!(FindCoordinatorRequest, |broker| broker.find_coordinator(version, &request, error))
        }
        AnyRequest::ListGroups(request) => {
            ask!(ListGroupsRequest, |broker| broker.list_groups(&request, error))
        }
        AnyRequest::DescribeGroups(request) => {
            ask!(DescribeGroupsRequest, |broker| broker.describe_groups(&request, error))
        }
        AnyRequest::OffsetFetch(request) => {
            ask!(OffsetFetchRequest, |broker| broker.offset_fetch(version, &request, error))
        }
        AnyRequest::OffsetCommit(request) => {
            let now = Instant::now();
            ask!(OffsetCommitRequest, |broker| broker.offset_commit(now, request, error))
        }
        AnyRequest::Heartbeat(request) => {
            let now = Instant::now();
            ask!(HeartbeatRequest, |broker| broker.heartbeat(now, request, error))
        }
        AnyRequest::LeaveGroup(request) => {
            let now = Instant::now();
            let reply =
                ask!(LeaveGroupRequest, |broker| broker.leave_group(now, version, request, error));
            shared.groups_changed.notify_one();
            reply
        }
        AnyRequest::JoinGroup(request) => join(shared, header, request, error).await,
        AnyRequest::SyncGroup(request) => sync(shared, header, request, error).await,
    }
}

async fn join(
    shared: &Shared,
    header: &RequestHeader,
    request: JoinGroupRequest,
    error: Option<ErrorCode>,
) -> Reply {
    if let Some(error) = error {
        let member_id = request.member_id;
        let refused = JoinResult { error, member_id, generation: -1, ..JoinResult::default() };
        return reply::<JoinGroupRequest>(&joined(refused), header);
    }
    let client_id = header.client_id.as_deref().unwrap_or_default();
    let (wait_id, result) = shared.register_wait();
    shared.ask(COORDINATOR, |broker| {
        broker.join_group(Instant::now(), header.api_version, client_id, request, wait_id);
    });
    shared.groups_changed.notify_one();
    match result.await {
        Ok(GroupResult::Joined(result)) => reply::<JoinGroupRequest>(&joined(result), header),
        _ => Reply::Close,
    }
}

/// Waits until the group's leader has sent the assignments.
async fn sync(
    shared: &Shared,
    header: &RequestHeader,
    request: SyncGroupRequest,
    error: Option<ErrorCode>,
) -> Reply {
    if let Some(error) = error {
        let refused = SyncResult { error, ..SyncResult::default() };
        return reply::<SyncGroupRequest>(&synced(refused), header);
    }
    let (wait_id, result) = shared.register_wait();
    shared.ask(COORDINATOR, |broker| broker.sync_group(Instant::now(), request, wait_id));
    shared.groups_changed.notify_one();
    match result.await {
        Ok(GroupResult::Synced(result)) => reply::<SyncGroupRequest>(&synced(result), header),
        _ => Reply::Close,
    }
}

/// Runs one step of a login.
fn at_login<T>(
    shared: &Shared,
    error: Option<ErrorCode>,
    step: impl FnOnce(&LoginContext<'_>) -> T,
) -> T {
    // Do not hold the lock during the step: SCRAM takes milliseconds.
    let locked_out = shared.state().faults.locked_out().clone();
    let sasl = shared.sasl.as_ref();
    let (now, now_ms) = (Instant::now(), unix_ms());
    step(&LoginContext { sasl, error, locked_out: &locked_out, now, now_ms })
}

fn step_reply<R: Request>(step: &Step<R::Response>, header: &RequestHeader) -> Reply {
    match reply::<R>(&step.response, header) {
        Reply::Answer(answer) if step.is_last => Reply::Last(answer),
        reply => reply,
    }
}

fn reply<R: Request>(response: &R::Response, header: &RequestHeader) -> Reply {
    Reply::Answer(encode_response::<R>(response, header.api_version, header.correlation_id))
}

/// Waits until `min_bytes` can be read, or `max_wait_ms` has passed.
async fn fetch(
    shared: &Shared,
    node: NodeId,
    request: &FetchRequest,
    error: Option<ErrorCode>,
) -> FetchResponse {
    let patience = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or_default());
    let until = Instant::now() + patience;
    let wanted = usize::try_from(request.min_bytes).unwrap_or_default();
    loop {
        // Register before reading the log. Otherwise an append between the two would be missed.
        let mut more = pin!(shared.appended.notified());
        more.as_mut().enable();
        let fetched = shared.ask(node, |broker| broker.fetch(request, error));
        if fetched.is_urgent || fetched.size >= wanted || Instant::now() >= until {
            return fetched.response;
        }
        tokio::select! {
            () = more => {}
            () = sleep_until(until.into()) => {}
        }
    }
}
