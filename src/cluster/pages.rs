//! Questions about more topics than callers should wait for while the machine takes in the answer:
//! they are asked page by page.

use std::collections::BTreeSet;

use super::Cluster;

/// How many topics one question is about at most.
pub(super) const PAGE: usize = 1_000;

/// Questions that are too large for one.
#[derive(Debug, Default)]
pub(super) struct Pages {
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
    /// So many of the topics that matter. Each has its turn.
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

impl Cluster {
    /// The topics that a question is about which creates some: those that `matter`. If they are too
    /// many for one, those of `calls` are in each.
    pub(crate) fn page_to_create(
        &mut self,
        matter: &BTreeSet<usize>,
        calls: &BTreeSet<usize>,
    ) -> BTreeSet<usize> {
        let Pages { progress, before, is_more, has_renewed, .. } = &mut self.pages;
        (*before, *has_renewed) = (*progress, false);
        let page = matters(progress, matter, calls, PAGE);
        *is_more = progress.left > 0;
        page
    }

    /// The topics that a question is about which creates none. Where there are few topics, these are
    /// all. Where there are many, they are those that `matter`, and the others are renewed page by
    /// page once they are too old.
    pub(crate) fn page(
        &mut self,
        matter: &BTreeSet<usize>,
        calls: &BTreeSet<usize>,
    ) -> BTreeSet<usize> {
        let is_small = self.len() <= PAGE;
        let Pages { progress, before, is_more, has_renewed, .. } = &mut self.pages;
        (*before, *has_renewed) = (*progress, false);
        if is_small {
            (*progress, *is_more) = (Progress::default(), false);
            return self.indices().collect();
        }
        let Some(from) = progress.renews_from else {
            let page = matters(progress, matter, calls, PAGE);
            *is_more = progress.left > 0;
            return page;
        };
        let mut page = matters(progress, matter, calls, PAGE / 2);
        let room = PAGE - page.len();
        let left = progress.left;
        let rest: Vec<_> = self.indices_from(from).take(room).collect();
        let next = rest.last().map_or(from, |last| last + 1);
        let pages = &mut self.pages;
        pages.progress.renews_from = (rest.len() == room).then_some(next);
        pages.has_renewed = pages.progress.renews_from.is_none();
        pages.is_more = left > 0 || !pages.has_renewed;
        page.extend(rest);
        page
    }

    /// The question is about everything: no page of it is needed.
    pub(crate) fn no_page(&mut self) {
        let Pages { progress, before, is_more, has_renewed, .. } = &mut self.pages;
        *before = *progress;
        (*progress, *is_more, *has_renewed) = (Progress::default(), false, true);
    }
}

/// At most so many topics that matter, or all of them if they are no more than a page.
fn matters(
    progress: &mut Progress,
    matter: &BTreeSet<usize>,
    calls: &BTreeSet<usize>,
    most: usize,
) -> BTreeSet<usize> {
    if matter.len() <= most {
        progress.left = 0;
        return matter.clone();
    }
    let mut page: BTreeSet<_> = calls.iter().copied().take(most / 2).collect();
    page.extend(progress.turn(matter, most - page.len()));
    page
}

#[cfg(test)]
mod tests;
