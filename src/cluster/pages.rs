//! Questions about more topics than callers should wait for while the machine takes in the answer:
//! they are asked page by page.

use std::collections::BTreeSet;

use super::Cluster;

/// Questions that are too large for one.
#[derive(Debug)]
pub(super) struct Pages {
    /// Maximum number of topics in one question.
    size: usize,
    pub(super) progress: Progress,
    /// The progress before the last question, for when it is not answered.
    pub(super) before: Progress,
    /// Whether another page follows the last question at once.
    pub(super) is_more: bool,
    /// Whether the last question ended a renewal of all topics.
    pub(super) has_renewed: bool,
    /// Whether an earlier page calls for another question soon.
    pub(super) is_incomplete: bool,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Progress {
    /// Where the next page of topics that matter begins.
    from: usize,
    /// How many topics that matter have yet to get their turn.
    left: usize,
    /// Where the renewal of all topics goes on, if one is under way.
    pub(super) renews_from: Option<usize>,
}

impl Progress {
    /// The next topics that matter, at most so many. Pages go through all of them in turn.
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

    /// Another question begins.
    fn begin(&mut self) {
        self.before = self.progress;
        (self.is_more, self.has_renewed) = (false, false);
    }

    /// At most so many topics that matter. If there are more, those of `calls` are in each page.
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
    /// Whether one question can be about all topics.
    pub(super) fn is_small(&self) -> bool {
        self.len() <= self.pages.size
    }

    /// The topics that a question is about which creates some: those that `matter`. If they are too
    /// many for one, those of `calls` are in each.
    pub(crate) fn page_to_create(
        &mut self,
        matter: &BTreeSet<usize>,
        calls: &BTreeSet<usize>,
    ) -> BTreeSet<usize> {
        self.pages.begin();
        self.pages.matters(matter, calls, self.pages.size)
    }

    /// The topics that a question is about which creates none. Where there are few topics, these are
    /// all. Where there are many, they are those that `matter`, and the others are renewed page by
    /// page once they are too old.
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

    /// The question is about everything: no page of it is needed.
    pub(crate) fn no_page(&mut self) {
        self.pages.begin();
        self.pages.progress = Progress::default();
        self.pages.has_renewed = true;
    }
}

#[cfg(test)]
mod tests;
