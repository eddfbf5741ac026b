//! Options, rules, plans and runs as the API says them.

mod rpc;

pub(super) use rpc::{plan_to_proto, run_to_proto, undone_to_proto};
