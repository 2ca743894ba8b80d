//! Splits metadata requests for many topics into pages, because callers wait while the machine
//! processes an answer.

use std::collections::BTreeSet;

use super::Cluster;

/// The progress through the pages.
#[derive(Debug)]
pub(super) struct Pages {
    /// Maximum number of topics in one request.
    size: usize,
    pub(super) progress: Progress,
    /// The progress before the last request, to restore if there is no answer.
    pub(super) before: Progress,
    /// Whether another page follows the last one immediately.
    pub(super) is_more: bool,
    /// Whether the last page completed a refresh of all topics.
    pub(super) has_renewed: bool,
    /// Whether the answer to an earlier page requires another request soon.
    pub(super) is_incomplete: bool,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Progress {
    /// The start of the next page of topics that matter.
    from: usize,
    /// The number of topics that matter in the pages still to come.
    left: usize,
    /// The position of a refresh of all topics, while there is one.
    pub(super) renews_from: Option<usize>,
}

impl Progress {
    /// Returns up to `most` topics that matter, in rotation.
    fn turn(&mut self, matter: &BTreeSet<usize>, most: usize) -> Vec<usize> {
        if self.left == 0 {
            self.left = matter.len();
        }
        let in_turn = matter.range(self.from..).chain(matter.range(..self.from));
        let page: Vec<_> = in_turn.copied().take(most.min(self.left)).collect();
        self.left = self.left.min(matter.len()) - page.len();
        self.from = page.last().map_or(0, |last| last + 1);
        page
    }
}

impl Pages {
    pub(super) fn new(size: usize) -> Self {
        Self {
            size,
            progress: Progress::default(),
            before: Progress::default(),
            is_more: false,
            has_renewed: false,
            is_incomplete: false,
        }
    }

    /// Saves the progress before another request.
    fn begin(&mut self) {
        self.before = self.progress;
        (self.is_more, self.has_renewed) = (false, false);
    }

    /// Returns up to one page of topics that matter. If there are more, each page includes those of
    /// `calls`.
    fn matters(
        &mut self,
        matter: &BTreeSet<usize>,
        calls: &BTreeSet<usize>,
        most: usize,
    ) -> BTreeSet<usize> {
        if matter.len() <= most {
            self.progress.left = 0;
            return matter.clone();
        }
        let mut page: BTreeSet<_> = calls.iter().copied().take(most / 2).collect();
        page.extend(self.progress.turn(matter, most - page.len()));
        self.is_more = self.progress.left > 0;
        page
    }
}

impl Cluster {
    /// Whether one request can include all topics.
    pub(super) fn is_small(&self) -> bool {
        self.len() <= self.pages.size
    }

    /// Returns the topics of a request that may create topics: those that `matter`. If one page
    /// cannot hold them, each page includes those of `calls`.
    pub(crate) fn page_to_create(
        &mut self,
        matter: &BTreeSet<usize>,
        calls: &BTreeSet<usize>,
    ) -> BTreeSet<usize> {
        self.pages.begin();
        self.pages.matters(matter, calls, self.pages.size)
    }

    /// Returns the topics of a request that creates none. With few topics, these are all of them.
    /// With many, they are those that `matter`; the others are refreshed page by page when they are
    /// too old.
    pub(crate) fn page(
        &mut self,
        matter: &BTreeSet<usize>,
        calls: &BTreeSet<usize>,
    ) -> BTreeSet<usize> {
        self.pages.begin();
        if self.is_small() {
            self.pages.progress = Progress::default();
            return self.indices().collect();
        }
        let Some(from) = self.pages.progress.renews_from else {
            return self.pages.matters(matter, calls, self.pages.size);
        };
        let size = self.pages.size;
        let mut page = self.pages.matters(matter, calls, size / 2);
        let room = size - page.len();
        let rest: Vec<_> = self.indices_from(from).take(room).collect();
        let pages = &mut self.pages;
        pages.has_renewed = rest.len() < room;
        pages.is_more |= !pages.has_renewed;
        let next = rest.last().map_or(from, |last| last + 1);
        pages.progress.renews_from = (!pages.has_renewed).then_some(next);
        page.extend(rest);
        page
    }

    /// Resets the pages: the request is for everything.
    pub(crate) fn no_page(&mut self) {
        self.pages.begin();
        self.pages.progress = Progress::default();
        self.pages.has_renewed = true;
    }
}

#[cfg(test)]
mod tests;
