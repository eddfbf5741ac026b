//! What stands around every call, whatever it calls.

mod client;
