//! Tests of consumer groups: joins, expired sessions and departures, on a manual clock.

use super::*;

const SESSION: Duration = Duration::from_secs(10);
const REBALANCE: Duration = Duration::from_secs(60);

struct Bench {
    groups: Groups,
    now: Instant,
    last_wait_id: WaitId,
}

fn named(name: &str) -> Join {
    Join {
        client_id: name.to_owned(),
        session_timeout: SESSION,
        rebalance_timeout: REBALANCE,
        protocol_type: "consumer".to_owned(),
        protocols: vec![("range".to_owned(), Bytes::from(name.to_owned()))],
        ..Join::default()
    }
}

impl Bench {
    fn new() -> Self {
        Self { groups: Groups::default(), now: Instant::now(), last_wait_id: 0 }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.groups.handle_timeout(self.now);
    }

    fn join(&mut self, join: Join) -> WaitId {
        self.last_wait_id += 1;
        self.groups.join(self.now, "g", join, self.last_wait_id);
        self.last_wait_id
    }

    fn sync(&mut self, who: &MemberRef, assignments: &[(&str, &str)]) -> WaitId {
        let assignments = assignments
            .iter()
            .map(|(id, what)| ((*id).to_owned(), Bytes::from((*what).to_owned())))
            .collect();
        self.last_wait_id += 1;
        self.groups.sync(self.now, "g", who, assignments, self.last_wait_id);
        self.last_wait_id
    }

    fn heartbeat(&mut self, who: &MemberRef) -> i16 {
        self.groups.heartbeat(self.now, "g", who).0
    }

    fn results(&mut self) -> BTreeMap<WaitId, GroupResult> {
        std::iter::from_fn(|| self.groups.poll_result()).collect()
    }

    fn joined(&mut self) -> BTreeMap<WaitId, JoinResult> {
        let results = self.results().into_iter();
        results
            .map(|(wait_id, result)| match result {
                GroupResult::Joined(joined) => (wait_id, joined),
                GroupResult::Synced(synced) => panic!("nobody joins here: {synced:?}"),
            })
            .collect()
    }

    fn synced(&mut self) -> BTreeMap<WaitId, Result<String, i16>> {
        let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).unwrap();
        let results = self.results().into_iter();
        results
            .map(|(wait_id, result)| match result {
                GroupResult::Synced(SyncResult { error: ErrorCode::NONE, assignment, .. }) => {
                    (wait_id, Ok(text(&assignment)))
                }
                GroupResult::Synced(synced) => (wait_id, Err(synced.error.0)),
                GroupResult::Joined(joined) => panic!("nobody syncs here: {joined:?}"),
            })
            .collect()
    }

    /// Creates a stable group of these members; the leader comes first in the result.
    fn stable(&mut self, names: &[&str]) -> Vec<MemberRef> {
        for name in names {
            self.join(named(name));
        }
        self.pass(INITIAL_DELAY);
        let joined = self.joined();
        let mut all: Vec<_> = joined.values().map(who).collect();
        let leader = joined.values().next().unwrap().leader.clone();
        all.sort_by_key(|who| who.member_id != leader);
        for who in &all {
            self.sync(who, &[]);
        }
        assert!(self.synced().values().all(Result::is_ok));
        all
    }

    fn state(&self) -> State {
        self.groups.by_id["g"].state()
    }
}

fn who(joined: &JoinResult) -> MemberRef {
    MemberRef {
        member_id: joined.member_id.clone(),
        instance_id: None,
        generation: joined.generation,
    }
}

fn again(who: &MemberRef, name: &str) -> Join {
    Join { member_id: who.member_id.clone(), ..named(name) }
}

#[test]
fn concurrent_joins_form_one_generation() {
    let mut bench = Bench::new();
    let wait_ids = ["a", "b", "c"].map(|name| bench.join(named(name)));
    assert_eq!(bench.joined(), BTreeMap::new());
    bench.pass(INITIAL_DELAY);
    let joined = bench.joined();
    let leader = &joined[&wait_ids[0]].leader;
    for wait_id in wait_ids {
        let one = &joined[&wait_id];
        assert_eq!((one.error, one.generation, &*one.protocol), (ErrorCode::NONE, 1, "range"));
        assert_eq!(&one.leader, leader);
        assert_eq!(one.members.len(), if one.member_id == *leader { 3 } else { 0 });
    }
    let said: Vec<_> = joined.values().flat_map(|one| &one.members).map(|one| &one.2).collect();
    assert_eq!(said, ["a", "b", "c"]);
}

#[test]
fn the_leader_assigns_partitions() {
    let mut bench = Bench::new();
    let wait_ids = ["a", "b"].map(|name| bench.join(named(name)));
    bench.pass(INITIAL_DELAY);
    let joined = bench.joined();
    let [leader, other] = wait_ids.map(|wait_id| who(&joined[&wait_id]));
    assert_eq!(joined[&wait_ids[0]].leader, leader.member_id);
    let early = bench.sync(&other, &[]);
    assert_eq!(bench.synced(), BTreeMap::new());
    let theirs = [(&*leader.member_id, "0"), (&*other.member_id, "1"), ("stranger", "2")];
    let late = bench.sync(&leader, &theirs);
    assert_eq!(bench.synced(), BTreeMap::from([(early, Ok("1".into())), (late, Ok("0".into()))]));
    // A repeated sync gets the same assignment.
    let again = bench.sync(&other, &[]);
    assert_eq!(bench.synced(), BTreeMap::from([(again, Ok("1".into()))]));
}

#[test]
fn a_new_member_starts_a_rebalance() {
    let mut bench = Bench::new();
    let [a] = &bench.stable(&["a"])[..] else { panic!("one") };
    let new = bench.join(named("b"));
    assert_eq!(bench.heartbeat(a), 27);
    assert_eq!(bench.joined(), BTreeMap::new());
    let old = bench.join(again(a, "a"));
    let joined = bench.joined();
    assert_eq!(joined[&old].generation, 2);
    assert_eq!(joined[&new].leader, a.member_id);
    assert_eq!(joined[&old].members.len(), 2);
    // The previous generation has ended.
    assert_eq!(bench.heartbeat(a), 22);
    assert_eq!(bench.heartbeat(&who(&joined[&old])), 0);
}

#[test]
fn a_member_that_does_not_rejoin_is_removed() {
    let mut bench = Bench::new();
    let all = bench.stable(&["a", "b"]);
    let new = bench.join(named("c"));
    let old = bench.join(again(&all[1], "b"));
    // It stays a member while it sends heartbeats, but at most until the end of the round.
    for _ in 0..7 {
        assert_eq!(bench.joined(), BTreeMap::new());
        bench.heartbeat(&all[0]);
        bench.pass(REBALANCE / 7 + Duration::from_millis(1));
    }
    let joined = bench.joined();
    assert_eq!(joined.keys().collect::<Vec<_>>(), [&new, &old]);
    assert!(joined.values().all(|joined| joined.leader != all[0].member_id));
    assert_eq!(bench.heartbeat(&all[0]), 25);
}

#[test]
fn expired_session_removes_member() {
    let mut bench = Bench::new();
    let all = bench.stable(&["a", "b"]);
    bench.pass(SESSION / 2);
    assert_eq!(bench.heartbeat(&all[0]), 0);
    bench.pass(SESSION / 2);
    assert_eq!(bench.heartbeat(&all[0]), 27);
    assert_eq!(bench.heartbeat(&all[1]), 25);
    let wait_id = bench.join(again(&all[0], "a"));
    assert_eq!(bench.joined()[&wait_id].members.len(), 1);
}

#[test]
fn a_leaving_member_is_removed_at_once_and_the_last_removes_the_group() {
    let mut bench = Bench::new();
    let all = bench.stable(&["a", "b"]);
    assert_eq!(bench.groups.leave(bench.now, "g", &all[0]), ErrorCode::NONE);
    assert_eq!(bench.groups.leave(bench.now, "g", &all[0]), UNKNOWN_MEMBER_ID);
    let wait_id = bench.join(again(&all[1], "b"));
    let joined = bench.joined();
    assert_eq!(joined[&wait_id].leader, all[1].member_id);
    bench.groups.leave(bench.now, "g", &who(&joined[&wait_id]));
    assert!(bench.groups.by_id.is_empty(), "nothing is left to remember");
    assert_eq!(bench.groups.poll_timeout(), None);
}

#[test]
fn a_leader_that_never_syncs_is_removed() {
    let mut bench = Bench::new();
    let wait_ids = ["a", "b"].map(|name| bench.join(named(name)));
    bench.pass(INITIAL_DELAY);
    let joined = bench.joined();
    let [leader, other] = wait_ids.map(|wait_id| who(&joined[&wait_id]));
    let waits = bench.sync(&other, &[]);
    for _ in 0..7 {
        bench.heartbeat(&leader);
        bench.pass(REBALANCE / 7 + Duration::from_millis(1));
    }
    assert_eq!(bench.synced(), BTreeMap::from([(waits, Err(27))]));
    let wait_id = bench.join(again(&other, "b"));
    assert_eq!(bench.joined()[&wait_id].leader, other.member_id);
}

#[test]
fn a_new_member_gets_its_id_and_joins_with_it() {
    let mut bench = Bench::new();
    let first = bench.join(Join { requires_member_id: true, ..named("a") });
    let refused = bench.joined().remove(&first).unwrap();
    assert_eq!(refused.error, MEMBER_ID_REQUIRED);
    assert!(refused.member_id.starts_with("a-"), "{}", refused.member_id);
    assert_eq!(bench.heartbeat(&who(&refused)), 25);
    let second = bench.join(Join { requires_member_id: true, ..again(&who(&refused), "a") });
    bench.pass(INITIAL_DELAY);
    assert_eq!(bench.joined()[&second].member_id, refused.member_id);
}

#[test]
fn an_unused_member_id_expires() {
    let mut bench = Bench::new();
    bench.join(Join { requires_member_id: true, ..named("a") });
    bench.results();
    let other = bench.join(named("b"));
    bench.pass(INITIAL_DELAY);
    let other = who(&bench.joined()[&other]);
    for _ in 0..2 {
        assert_eq!(bench.heartbeat(&other), 0);
        bench.pass(SESSION / 2);
    }
    let members: Vec<_> = bench.groups.by_id["g"].members.keys().collect();
    assert_eq!(members, [&other.member_id]);
}

#[test]
fn a_restarted_static_member_replaces_its_old_instance() {
    let fixed = |name: &str| Join { instance_id: Some("rock".into()), ..named(name) };
    let mut bench = Bench::new();
    let first = bench.join(fixed("a"));
    bench.pass(INITIAL_DELAY);
    let first = bench.joined().remove(&first).unwrap();
    let second = bench.join(fixed("a"));
    let second = bench.joined().remove(&second).unwrap();
    assert_eq!((second.error, second.generation), (ErrorCode::NONE, 2));
    assert_eq!(second.leader, second.member_id);
    let old = MemberRef { instance_id: Some("rock".into()), ..who(&first) };
    assert_eq!(bench.heartbeat(&old), 82);
    // An administrator can remove a static member by its instance id.
    let by_name = MemberRef { instance_id: Some("rock".into()), ..MemberRef::default() };
    assert_eq!(bench.groups.leave(bench.now, "g", &by_name), ErrorCode::NONE);
    assert!(bench.groups.by_id.is_empty());
}

#[test]
fn invalid_joins_are_refused() {
    let mut bench = Bench::new();
    let all = bench.stable(&["a"]);
    let error = |bench: &mut Bench, id: &str, join: Join| {
        bench.last_wait_id += 1;
        let wait_id = bench.last_wait_id;
        bench.groups.join(bench.now, id, join, wait_id);
        bench.joined()[&wait_id].error.0
    };
    let other = vec![("sticky".to_owned(), Bytes::new())];
    let cases = [
        ("", named("b"), 24),
        ("g", Join { session_timeout: Duration::from_secs(1), ..named("b") }, 26),
        ("g", Join { session_timeout: Duration::from_secs(9999), ..named("b") }, 26),
        ("g", Join { protocols: Vec::new(), ..named("b") }, 23),
        ("g", Join { protocols: other, ..named("b") }, 23),
        ("g", Join { protocol_type: "connect".into(), ..named("b") }, 23),
        ("g", Join { member_id: "stranger".into(), ..named("b") }, 25),
        ("other", Join { member_id: "stranger".into(), ..named("b") }, 25),
    ];
    for (id, join, expected) in cases {
        assert_eq!(error(&mut bench, id, join.clone()), expected, "{join:?} to {id:?}");
    }
    assert_eq!(bench.heartbeat(&all[0]), 0, "nobody is disturbed by those");
    assert_eq!(bench.groups.by_id.len(), 1);
}

#[test]
fn the_protocol_that_most_members_prefer_is_chosen() {
    let prefers = |names: [&str; 2]| Join {
        protocols: names.map(|name| (name.to_owned(), Bytes::new())).to_vec(),
        ..named("x")
    };
    let mut bench = Bench::new();
    bench.join(prefers(["range", "sticky"]));
    bench.join(prefers(["sticky", "range"]));
    bench.join(prefers(["sticky", "range"]));
    bench.pass(INITIAL_DELAY);
    assert!(bench.joined().values().all(|joined| joined.protocol == "sticky"));
}

#[test]
fn only_members_and_clients_without_a_group_may_commit_offsets() {
    let mut bench = Bench::new();
    let committed = Committed { offset: 7, leader_epoch: -1, metadata: None };
    let nobody = MemberRef { generation: -1, ..MemberRef::default() };
    assert_eq!(bench.groups.may_commit(bench.now, "g", &nobody), Ok(()));
    assert_eq!(bench.groups.may_commit(bench.now, "", &nobody), Err(INVALID_GROUP_ID));
    bench.groups.commit("g", "t", 0, committed.clone());
    assert_eq!(bench.groups.committed("g", "t", 0), Some(&committed));
    assert_eq!(bench.groups.committed("g", "t", 1), None);

    let all = bench.stable(&["a"]);
    assert_eq!(bench.groups.may_commit(bench.now, "g", &nobody), Err(UNKNOWN_MEMBER_ID));
    assert_eq!(bench.groups.may_commit(bench.now, "g", &all[0]), Ok(()));
    let late = MemberRef { generation: 0, ..all[0].clone() };
    assert_eq!(bench.groups.may_commit(bench.now, "g", &late), Err(ILLEGAL_GENERATION));
    let unheard = MemberRef { generation: 3, ..MemberRef::default() };
    assert_eq!(bench.groups.may_commit(bench.now, "h", &unheard), Err(ILLEGAL_GENERATION));

    bench.join(named("b"));
    assert_eq!(bench.groups.may_commit(bench.now, "g", &all[0]), Ok(()), "before it joins again");
    let wait_id = bench.join(again(&all[0], "a"));
    let now = who(&bench.joined()[&wait_id]);
    assert!(matches!(bench.state(), State::Syncing(_)));
    assert_eq!(bench.groups.may_commit(bench.now, "g", &now), Err(REBALANCE_IN_PROGRESS));

    bench.groups.topic_deleted("t");
    assert_eq!(bench.groups.all_committed("g").count(), 0);
}

#[test]
fn only_empty_groups_can_be_deleted() {
    let mut bench = Bench::new();
    assert_eq!(bench.groups.delete("g"), GROUP_ID_NOT_FOUND);
    bench.groups.commit("g", "t", 0, Committed { offset: 7, leader_epoch: -1, metadata: None });
    let all = bench.stable(&["a"]);
    assert_eq!(bench.groups.delete("g"), NON_EMPTY_GROUP);
    bench.groups.leave(bench.now, "g", &all[0]);
    assert_eq!(bench.state(), State::Empty);
    assert_eq!(bench.groups.delete("g"), ErrorCode::NONE);
    assert_eq!(bench.groups.committed("g", "t", 0), None);
}
