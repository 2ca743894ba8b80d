//! A cluster's description as plain tuples. `dekaf._cluster` converts them to types.

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::cluster::ClusterDescription;

/// Returns the cluster id, the controller, the brokers and the topics.
pub(crate) fn tuples<'py>(
    py: Python<'py>,
    described: &ClusterDescription,
) -> PyResult<Bound<'py, PyTuple>> {
    let brokers = described.brokers.iter();
    let brokers = brokers.map(|broker| (broker.id, &broker.host, broker.port, &broker.rack));
    let topics = described.topics.iter();
    let topics = topics.map(|topic| (&topic.name, topic.partitions, topic.is_internal));
    let brokers = PyTuple::new(py, brokers.collect::<Vec<_>>())?;
    let topics = PyTuple::new(py, topics.collect::<Vec<_>>())?;
    (&described.cluster_id, described.controller, brokers, topics).into_pyobject(py)
}
