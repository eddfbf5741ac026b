//! What the command does: one module for each verb.

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Result;

/// Declares the verbs: for each its module, with `Args` and `run`.
macro_rules! verbs {
    ($($name:ident $module:ident)*) => {
        $(mod $module;)*

        /// What the command is told to do.
        #[derive(Debug, Subcommand)]
        pub(crate) enum Verb {
            $($name($module::Args),)*
        }

        impl Verb {
            /// Does it.
            pub(crate) async fn run(self, context: &Context) -> Result<()> {
                match self {
                    $(Self::$name(args) => Box::pin($module::run(context, args)).await,)*
                }
            }
        }
    };
}

verbs! {
    Login login
    Logout logout
    Status status
    Upload upload
    Albums albums
    Links links
    Export export
    Activity activity
    Libraries libraries
    FolderAlbums folder_albums
    FolderRules folder_rules
    Keys keys
    Admin admin
    Completion completion
}
