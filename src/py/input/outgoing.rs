//! A record in the form that the core accepts.

use std::sync::Arc;

use pyo3::prelude::*;

use crate::client::{Client, Handed};
use crate::producer::{Haste, Who};
use crate::py::base::errors::to_python;
use crate::record::Record;

pub(crate) struct Outgoing<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partition: Option<i32>,
    pub(crate) record: Record<'a>,
}

impl Outgoing<'_> {
    /// Hands the record over to the core.
    pub(crate) fn hand_over<W: Send + 'static>(
        &self,
        py: Python<'_>,
        client: &Client<W>,
        who: impl Who<W>,
        haste: Haste,
    ) -> PyResult<Handed> {
        client
            .produce(self.topic, self.partition, &self.record, who, haste)
            .map_err(|error| to_python(py, &error.topic(&Arc::from(self.topic))))
    }
}
