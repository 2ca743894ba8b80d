//! Many messages in one call. They are handed over a slice at a time, so that neither the
//! interpreter nor a loop is held for long; where there is no memory, the call waits for room; a
//! message that cannot be handed over fails alone.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::PyList;
use pyo3::{PyTraverseError, PyVisit, intern};

use super::answer::{Answer, SIGNAL_CHECK};
use super::arguments::Ready;
use super::calls::{detached, method};
use super::clock::now_ms;
use super::convert::Payload;
use super::errors::refused;
use super::futures;
use super::group::Group;
use super::items::{Shape, own_topic};
use super::loops;
use super::memory::no_room;
use super::process;
use super::producer::seconds_of;
use super::results::{BatchResultCore, of_exception};
use super::started::Running;
use super::template::Plain;
use super::topic::TopicCore;
use super::waiter::{Member, Stage, Waiter};
use super::whole::WholeSet;
use crate::client::HandedMany;
use crate::error::{Error, ErrorKind};
use crate::producer::Ticket;
use crate::record::Record;

/// How long one slice of a call may take, or of what its results take to make.
pub(super) const SLICE: Duration = Duration::from_micros(500);

/// How long one who waits for room for all of a call sleeps before he looks whether his time is
/// over.
const BETWEEN_TRIES: Duration = Duration::from_millis(200);

/// How many messages go to the core in one go, at most.
const LOT: usize = 64;

/// One call, from its first message to the last result.
#[pyclass(frozen, module = "dekaf._core")]
pub(super) struct BatchCall {
    topic: Py<TopicCore>,
    running: Running,
    /// Ours alone, and empty once everything is handed over.
    items: Py<PyList>,
    count: usize,
    shape: Shape,
    group: Arc<Group>,
    work: Mutex<Work>,
}

/// How far it is. Whoever works on it takes it out of its lock meanwhile: serializers are the
/// caller's code.
#[derive(Debug, Default)]
struct Work {
    next: usize,
    /// The messages that were handed over last.
    lot: Range<usize>,
    /// What may be un-sent yet, as its topic is not known.
    held: Vec<Ticket>,
    /// What was put into the line for memory last.
    waits: Vec<Ticket>,
    /// What could not be handed over, and why.
    refused: Vec<(u32, Py<PyAny>)>,
    /// What is stored together or not at all, until it is handed over.
    whole: Option<WholeSet>,
}

/// How a slice ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slice {
    /// Everything is handed over.
    Done,
    More,
    /// There is no memory for more.
    Full,
}

impl BatchCall {
    pub(super) fn new(
        topic: Py<TopicCore>,
        running: Running,
        items: Py<PyList>,
        shape: Shape,
        count: usize,
    ) -> Self {
        let group = Group::of(count);
        Self { topic, running, items, count, shape, group, work: Mutex::default() }
    }

    /// In a forked child the call is the parent's, whose core may have held its locks.
    fn check_ours(&self) -> PyResult<()> {
        if self.group.is_ours() { Ok(()) } else { Err(process::forked()) }
    }

    fn take_work(&self) -> Work {
        std::mem::take(&mut *self.work.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put_back(&self, work: Work) {
        *self.work.lock().unwrap_or_else(PoisonError::into_inner) = work;
    }

    fn slice(&self, py: Python<'_>, work: &mut Work) -> PyResult<Slice> {
        let until = Instant::now() + SLICE;
        let items = self.items.bind(py);
        let now = now_ms();
        if !work.waits.is_empty() {
            // They have their place, and may wait for their topic now.
            let admitted = std::mem::take(&mut work.waits);
            work.held.extend(admitted);
            self.give_up_if_starved(py, work);
        }
        let plain = match self.topic.get().producer().settings.partitioner {
            None => self.topic.get().template().plain(py, now)?,
            Some(_) => None,
        };
        while work.next < self.count {
            let lot = plain.as_ref().map(|_| self.plain_lot(items, work)).transpose()?;
            match (&plain, lot) {
                (Some(plain), Some(lot)) if !lot.is_empty() => {
                    self.hand_over_plain(work, plain, &lot)?;
                }
                _ => {
                    let lot = self.lot(items, work, now, until)?;
                    self.hand_over(work, &lot)?;
                }
            }
            if !work.waits.is_empty() {
                self.running.client.ship();
                return Ok(Slice::Full);
            }
            if Instant::now() >= until && work.next < self.count {
                return Ok(Slice::More);
            }
        }
        self.running.client.ship();
        method(items, intern!(py, "clear"), [])?;
        Ok(Slice::Done)
    }

    /// The keys and values of the next items, for as long as they are nothing else.
    fn plain_lot<'py>(
        &self,
        items: &Bound<'py, PyList>,
        work: &mut Work,
    ) -> PyResult<Vec<(Payload<'py>, Payload<'py>)>> {
        let config = &self.topic.get().producer().settings.config;
        let (first, mut size) = (work.next, 0);
        let end = self.count.min(first + self.most_at_once());
        let mut lot = Vec::with_capacity(end - first);
        while work.next < end && size < config.batch_size {
            let Some((key, value)) = self.shape.plain(&items.get_item(work.next)?) else { break };
            size += key.len() + value.len();
            lot.push((key, value));
            work.next += 1;
        }
        work.lot = first..work.next;
        Ok(lot)
    }

    /// As many messages as may well wait for memory if there is none.
    fn most_at_once(&self) -> usize {
        match self.topic.get().producer().settings.config.max_waiting {
            // Who does not wait is refused one by one.
            0 => LOT,
            most => most.min(LOT),
        }
    }

    fn hand_over_plain(
        &self,
        work: &mut Work,
        plain: &Plain<'_>,
        lot: &[(Payload<'_>, Payload<'_>)],
    ) -> PyResult<()> {
        let topic = plain.topic.to_str()?;
        let common = plain.key.bytes()?;
        let headers = plain.headers.as_ref().map(|headers| headers.bytes()).unwrap_or_default();
        let records = work.lot.clone().zip(lot).map(|(index, (key, value))| {
            // They have bytes: it was looked at when the lot was made.
            let record = Record {
                timestamp: plain.timestamp,
                key: key.bytes().unwrap_or_default().or(common),
                value: value.bytes().unwrap_or_default(),
                headers: &headers,
            };
            (topic, plain.partition, record, self.who(index as u32))
        });
        let handed = self.running.client.produce_many(records);
        self.note(work, handed, |_| Ok(topic))
    }

    /// Makes messages of the next items: as many as may well wait for memory if there is none.
    fn lot<'py>(
        &self,
        items: &Bound<'py, PyList>,
        work: &mut Work,
        now: i64,
        until: Instant,
    ) -> PyResult<Vec<(u32, Ready<'py>)>> {
        let core = self.topic.get().producer();
        let config = &core.settings.config;
        let most = self.most_at_once();
        let mut lot = Vec::with_capacity(most.min(self.count - work.next));
        let runs_code =
            core.settings.partitioner.is_some() || self.topic.get().template().runs_code();
        let mut size = 0;
        work.lot = work.next..work.next;
        let end = self.count.min(work.next + most);
        while size < config.batch_size && work.next < end {
            let index = work.next;
            work.next += 1;
            let item = items.get_item(index)?;
            let ready =
                self.shape.ready(self.topic.get().template(), &item, now).and_then(|mut ready| {
                    // A serializer may have forked.
                    self.check_ours()?;
                    ready.settle(&core.settings, &self.running.client)?;
                    Ok(ready)
                });
            self.check_ours()?;
            let takes_time = runs_code || ready.is_err();
            match ready {
                Ok(ready) => {
                    size += ready.size();
                    lot.push((index as u32, ready));
                }
                Err(error) => self.refuse(work, index, &item, error)?,
            }
            // The caller's code may take any time, and exceptions take some.
            if takes_time && Instant::now() >= until {
                break;
            }
        }
        work.lot.end = work.next;
        Ok(lot)
    }

    /// A message that cannot be handed over fails alone; what is meant to end the program does.
    fn refuse(
        &self,
        work: &mut Work,
        index: usize,
        item: &Bound<'_, PyAny>,
        error: PyErr,
    ) -> PyResult<()> {
        let error = self.refusal(index, item, error)?;
        work.refused.push((index as u32, error.unbind()));
        self.group.refuse(index as u32);
        Ok(())
    }

    /// What was raised for an item, as one of our errors that says which item it was.
    fn refusal<'py>(
        &self,
        index: usize,
        item: &Bound<'py, PyAny>,
        error: PyErr,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = item.py();
        if !error.is_instance_of::<PyException>(py) {
            return Err(error);
        }
        let common = || self.topic.get().template().topic.as_ref().map(|it| it.bind(py).clone());
        let error = refused(py, own_topic(item).or_else(common), error)?;
        error.setattr(intern!(py, "index"), index)?;
        Ok(error)
    }

    fn hand_over(&self, work: &mut Work, lot: &[(u32, Ready<'_>)]) -> PyResult<()> {
        let headers: PyResult<Vec<_>> = lot.iter().map(|(_, ready)| ready.headers()).collect();
        let headers = headers?;
        let records = lot.iter().zip(&headers).map(|((index, ready), headers)| {
            let record = ready.record(headers)?;
            Ok((ready.topic().to_str()?, ready.partition(), record, self.who(*index)))
        });
        // Nothing below runs under the core's lock but what the core does itself.
        let records: Vec<_> = records.collect::<PyResult<_>>()?;
        let handed = self.running.client.produce_many(records.into_iter());
        self.note(work, handed, |index| {
            let refused = lot.iter().find(|(number, _)| *number == index);
            refused.map_or(Ok(""), |(_, ready)| ready.topic().to_str())
        })
    }

    /// Takes down what became of a lot. `topic_of` names the topic of one of the call's messages.
    fn note<'a>(
        &self,
        work: &mut Work,
        handed: HandedMany<Waiter>,
        topic_of: impl Fn(u32) -> PyResult<&'a str>,
    ) -> PyResult<()> {
        work.held.extend(handed.held);
        work.waits = handed.waits;
        for (error, waiter) in handed.refused {
            let Some(Waiter::Member { index, .. }) = waiter else { continue };
            self.group.fail(index..index + 1, error.topic(&topic_of(index)?.into()));
        }
        Ok(())
    }

    fn who(&self, index: u32) -> Member<'_> {
        Member { group: &self.group, index }
    }

    fn member(&self, index: u32) -> Waiter {
        Waiter::Member { group: Arc::clone(&self.group), index }
    }

    /// If even what waited for memory was given up, the rest need not try: a call of any length
    /// ends when its messages' time is over.
    fn give_up_if_starved(&self, py: Python<'_>, work: &mut Work) {
        if self.group.is_late_from(work.lot.start) {
            let limit = self.topic.get().producer().settings.config.delivery_timeout;
            let message = format!(
                "it was not handed over: what went before it in the same call was not \
                 acknowledged within delivery_timeout_ms={}",
                limit.as_millis()
            );
            let error = self.with_topic(py, Error::new(ErrorKind::DeliveryTimeout, message));
            self.fail_rest(work, &error);
        }
    }

    /// Names the topic, if the call does.
    fn with_topic(&self, py: Python<'_>, error: Error) -> Error {
        let topic = self.topic.get().template().topic.as_ref();
        let topic = topic.and_then(|topic| topic.bind(py).to_str().ok()).map(Arc::from);
        topic.iter().fold(error, Error::topic)
    }

    fn fail_rest(&self, work: &mut Work, error: &Error) {
        self.group.fail(work.next as u32..self.count as u32, error.clone());
        work.next = self.count;
    }
}

#[pymethods]
impl BatchCall {
    fn __len__(&self) -> usize {
        self.count
    }

    /// Reads everything, to hand it over [as one](Self::hand_over_whole). Returns the topic and the
    /// partition that are to be known then; `None` if there is nothing.
    fn prepare_whole(&self, py: Python<'_>) -> PyResult<Option<(String, Option<i32>)>> {
        let now = now_ms();
        let most = self.topic.get().producer().settings.config.max_request_size;
        let (mut messages, mut size) = (Vec::new(), 0);
        for (index, item) in self.items.bind(py).iter().enumerate() {
            let message = self
                .shape
                .ready(self.topic.get().template(), &item, now)
                .and_then(Ready::into_owned);
            match message {
                Ok(message) => {
                    size += message.2.size();
                    messages.push(message);
                }
                Err(error) => return Err(PyErr::from_value(self.refusal(index, &item, error)?)),
            }
            if size > most {
                // It will be refused, however much more there is.
                break;
            }
        }
        let whole = WholeSet::new(messages)?;
        let wanted = whole.as_ref().map(|whole| (whole.topic().to_owned(), whole.partition()));
        let mut work = self.take_work();
        work.whole = whole;
        self.put_back(work);
        Ok(wanted)
    }

    /// Hands over what was prepared, all or nothing; says whether there was room. Who blocks waits
    /// no longer for that than `max_block_ms`.
    fn hand_over_whole(&self, py: Python<'_>, blocks: bool) -> PyResult<bool> {
        self.check_ours()?;
        let core = self.topic.get().producer();
        let in_all = core.settings.config.delivery_timeout;
        let limit = if blocks { in_all.min(core.settings.max_block) } else { in_all };
        let mut work = self.take_work();
        let handed = match &mut work.whole {
            Some(whole) => {
                let member = |index| self.member(index as u32);
                whole.hand_over(py, &core.settings, &self.running.client, limit, member)
            }
            None => Ok(true),
        };
        if matches!(handed, Ok(true)) {
            work.whole = None;
            work.next = self.count;
        }
        self.put_back(work);
        handed
    }

    /// A future that is done when it is worth while to try that again.
    fn room_for_whole<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.check_ours()?;
        let (future, waiter) = loops::waiter(&loops::needed(py, "publish_batch")?)?;
        if self.ask_for_room(waiter).is_some() {
            futures::finish(&future)?;
        }
        Ok(future)
    }

    /// Waits until it is worth while to try that again.
    fn wait_for_whole(&self, py: Python<'_>) -> PyResult<()> {
        self.check_ours()?;
        let answer = Arc::new(Answer::default());
        if self.ask_for_room(Waiter::Thread(Arc::clone(&answer))).is_none() {
            let voice = &self.running.voice;
            answer.wait(py, Some(BETWEEN_TRIES), || voice.place_records(py).map(drop))?;
        }
        Ok(())
    }

    /// Hands the next slice over. `None` says that all is, `False` that there is more, and `True`
    /// that there is no room for more before [`Self::room`] or [`Self::wait_for_room`].
    fn hand_over_some(&self, py: Python<'_>) -> PyResult<Option<bool>> {
        self.check_ours()?;
        let mut work = self.take_work();
        let slice = self.slice(py, &mut work);
        self.put_back(work);
        Ok(match slice? {
            Slice::Done => None,
            Slice::More => Some(false),
            Slice::Full => Some(true),
        })
    }

    /// A future that is done when there is room.
    fn room<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.check_ours()?;
        let (future, waiter) = loops::waiter(&loops::needed(py, "produce_all")?)?;
        let work = self.take_work();
        let ticket = work.waits.last().copied();
        self.put_back(work);
        let left = match ticket {
            Some(ticket) => self.running.client.when_admitted(ticket, waiter),
            None => Some(waiter),
        };
        if left.is_some() {
            futures::finish(&future)?;
        }
        Ok(future)
    }

    /// Waits until there is room, at most for `max_block_ms`: then the rest fails.
    fn wait_for_room(&self, py: Python<'_>) -> PyResult<()> {
        self.check_ours()?;
        let core = self.topic.get().producer();
        let until = Instant::now() + core.settings.max_block;
        let mut work = self.take_work();
        let Some(&ticket) = work.waits.last() else {
            self.put_back(work);
            return Ok(());
        };
        let client = &self.running.client;
        let waited = loop {
            let left = until.saturating_duration_since(Instant::now());
            if detached(py, || client.wait_admitted(ticket, left.min(SIGNAL_CHECK))) {
                break Ok(());
            }
            // Perhaps this thread is the one that would ask the partitioner.
            let looked = py
                .check_signals()
                .and_then(|()| self.check_ours())
                .and_then(|()| self.running.voice.place_records(py));
            if let Err(error) = looked {
                break Err(error);
            }
            if left.is_zero() {
                let error = self.with_topic(py, no_room(&core.settings, false));
                let waits = std::mem::take(&mut work.waits);
                self.un_send(waits, |index| self.group.fail(index..index + 1, error.clone()));
                self.fail_rest(&mut work, &error);
                break Ok(());
            }
        };
        self.put_back(work);
        waited
    }

    /// A future that is done when every message has its fate.
    fn settled<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.check_ours()?;
        let (future, waiter) = loops::waiter(&loops::needed(py, "produce_all")?)?;
        if self.group.wait(waiter).is_some() {
            futures::finish(&future)?;
        }
        Ok(future)
    }

    /// Waits until every message has its fate, at most for `timeout` seconds; says whether they
    /// have.
    #[pyo3(signature = (timeout=None))]
    fn wait_settled(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        self.check_ours()?;
        let limit = timeout.map(seconds_of).transpose()?;
        let answer = Arc::new(Answer::default());
        if self.group.wait(Waiter::Thread(Arc::clone(&answer))).is_some() {
            return Ok(true);
        }
        let voice = &self.running.voice;
        Ok(answer.wait(py, limit, || voice.place_records(py).map(drop))?.is_some())
    }

    /// How many messages have their fate, and how many of them failed.
    fn counts(&self) -> PyResult<(usize, usize)> {
        self.check_ours()?;
        Ok(self.group.counts())
    }

    /// Nobody waits for the rest: un-sends what can be, and has failures go where those go that
    /// nobody claims.
    fn forgo(&self, py: Python<'_>) -> PyResult<()> {
        if !self.group.is_ours() {
            return Ok(());
        }
        self.running.client.ship();
        let (waiter, mut failures) = self.group.forgo();
        drop(waiter);
        let mut work = self.take_work();
        let held = work.held.drain(..).chain(work.waits.drain(..)).collect();
        self.un_send(held, |index| self.group.refuse(index));
        for (_, error) in work.refused {
            failures.push(of_exception(error.bind(py))?);
        }
        self.unclaimed(py, &failures)
    }

    /// The same, of results that were taken: from one of them on, nobody has seen them.
    #[pyo3(signature = (results, first=0))]
    fn forgo_results(
        &self,
        py: Python<'_>,
        results: &Bound<'_, BatchResultCore>,
        first: usize,
    ) -> PyResult<()> {
        self.unclaimed(py, &results.get().failures_from(py, first)?)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.topic)?;
        visit.call(&self.items)?;
        // Whoever has taken the work out is running, and no garbage.
        let Ok(work) = self.work.try_lock() else { return Ok(()) };
        work.refused.iter().try_for_each(|(_, error)| visit.call(error))
    }

    fn __clear__(&self) {
        drop(self.take_work());
    }
}

impl BatchCall {
    /// Failures that nobody hears of who called.
    fn unclaimed(&self, py: Python<'_>, failures: &[Error]) -> PyResult<()> {
        let stage = if loops::running(py)?.is_some() { Stage::Loop } else { Stage::Thread };
        for error in failures {
            self.running.voice.unclaimed(error, 1);
            self.running.voice.report(py, stage, error, 1)?;
        }
        Ok(())
    }

    fn ask_for_room(&self, waiter: Waiter) -> Option<Waiter> {
        let work = self.take_work();
        let left = match &work.whole {
            Some(whole) => self.running.client.when_whole_fits(whole.topic(), whole.size(), waiter),
            None => Some(waiter),
        };
        self.put_back(work);
        left
    }

    /// Takes back what waits for memory or for its topic. The last goes first: what is delivered
    /// all the same, because its topic has just become known, has no gap then.
    fn un_send(&self, mut tickets: Vec<Ticket>, told: impl Fn(u32)) {
        tickets.reverse();
        for unsent in self.running.client.cancel_many(&tickets) {
            if let Some(Waiter::Member { index, .. }) = unsent.waiter {
                told(index);
            }
        }
    }

    /// What became of everything.
    pub(super) fn results(&self, py: Python<'_>) -> BatchResultCore {
        let (fates, topics) = self.group.take();
        let work = self.take_work();
        BatchResultCore::of_fates(py, fates, &topics, work.refused)
    }
}
