//! `ServerService`.

use albumen::v1::GetServerInfoRequest;

use crate::support::{test, test_with};

mod get_server_info {
    use super::*;

    #[tokio::test]
    async fn anybody_learns_version_and_limits() {
        test_with(
            |config| config.max_file_size_bytes = 12_345,
            |server| async move {
                let mut client = server.anonymous().server();
                let info = client.get_server_info(GetServerInfoRequest {}).await;
                let info = info.unwrap().into_inner();
                assert_eq!(info.version, env!("CARGO_PKG_VERSION"));
                let limits = info.limits.unwrap();
                assert_eq!(limits.max_file_size_bytes, 12_345);
                assert_eq!(limits.max_append_chunk_bytes, 3 << 20);
                assert_eq!(limits.max_stream_chunk_bytes, 1 << 20);
                assert_eq!(limits.min_export_part_size_bytes, 1 << 20);
                assert_eq!(limits.default_export_part_size_bytes, (4 << 30) - 1);
            },
        )
        .await;
    }

    #[tokio::test]
    async fn setup_is_required_until_there_is_a_user() {
        test(|server| async move {
            let required = async || {
                let mut client = server.anonymous().server();
                let info = client.get_server_info(GetServerInfoRequest {}).await;
                info.unwrap().into_inner().setup_required
            };
            assert!(required().await);
            server.admin().await;
            assert!(!required().await);
        })
        .await;
    }
}
