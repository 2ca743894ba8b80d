//! The life of cores: started with the first message, forked, ended with the process.

pub(crate) mod c_exit;
pub(crate) mod fork;
pub(crate) mod forked_thread;
pub(crate) mod process;
pub(crate) mod started;
