//! Every field of every request, filled with what nobody should send: each call is answered with a
//! code that says what is wrong, and nothing unforeseen happens.

use std::collections::HashMap;

use albumen::FILE_DESCRIPTOR_SET;
use axum::body::Body;
use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt as _;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor,
    MethodDescriptor, Value,
};
use tonic::Code;

use crate::support::{Person, test};

/// How often each method is called by each caller.
const ROUNDS: usize = 12;
/// Messages inside messages inside messages.
const MAX_DEPTH: usize = 3;

/// What a server says that was not asked something it foresaw.
const UNFORESEEN: [Code; 5] =
    [Code::Unknown, Code::Internal, Code::Unavailable, Code::DataLoss, Code::DeadlineExceeded];

fn methods() -> Vec<MethodDescriptor> {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    let ours = pool.services().filter(|service| service.package_name() == "albumen.v1");
    ours.flat_map(|service| service.methods().collect::<Vec<_>>()).collect()
}

/// Text that means something to some file system, database, terminal, browser or protocol.
fn text() -> impl Strategy<Value = String> {
    let known: Vec<String> = [
        "",
        "\0",
        "a\0b",
        "../../../etc/passwd",
        "..\\..\\windows\\win.ini",
        "%2e%2e%2f%00",
        "a\r\nset-cookie: session=x",
        "' OR 1=1; DROP TABLE \"user\"; --",
        "%_\\",
        "\u{202e}gpj.exe",
        "\u{feff}\u{200b}",
        "e\u{301}".repeat(200).as_str(),
        "<script>alert(1)</script>",
        "{{7*7}}${7*7}",
        "CON",
        "00000000-0000-0000-0000-000000000000",
        "{01890a5d-ac96-774b-bcce-b302099a8057}",
        "urn:uuid:01890A5D-AC96-774B-BCCE-B302099A8057",
        "01890A5DAC96774BBCCEB302099A8057",
        "admin@example.org",
        "a@b.c",
        "album.read",
        "display_name",
        "*",
        "correct horse battery",
    ]
    .map(str::to_owned)
    .into();
    prop_oneof![
        4 => proptest::sample::select(known),
        2 => "[a-z0-9-]{1,64}",
        2 => ".{0,40}",
        1 => Just("ß".repeat(100_000)),
        2 => Just("01890a5d-ac96-774b-bcce-b302099a8057".to_owned()),
    ]
}

fn number() -> impl Strategy<Value = i64> {
    prop_oneof![
        Just(0),
        Just(1),
        Just(-1),
        Just(i64::MAX),
        Just(i64::MIN),
        Just(i64::from(i32::MAX)),
        Just(253_402_300_800),
        any::<i64>(),
    ]
}

/// Fills a message with what a runner draws.
struct Filler(TestRunner);

impl Filler {
    fn new(seed: u8) -> Self {
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
        Self(TestRunner::new_with_rng(Config::default(), rng))
    }

    fn draw<T: std::fmt::Debug>(&mut self, strategy: impl Strategy<Value = T>) -> T {
        use proptest::strategy::ValueTree as _;
        strategy.new_tree(&mut self.0).unwrap().current()
    }

    fn message(&mut self, descriptor: &MessageDescriptor, depth: usize) -> DynamicMessage {
        let mut message = DynamicMessage::new(descriptor.clone());
        for field in descriptor.fields() {
            if self.draw(0..10_u8) < 5 {
                continue;
            }
            if let Some(value) = self.field(&field, depth) {
                message.set_field(&field, value);
            }
        }
        message
    }

    fn field(&mut self, field: &FieldDescriptor, depth: usize) -> Option<Value> {
        if field.is_map() {
            return Some(Value::Map(HashMap::<MapKey, Value>::new()));
        }
        if !field.is_list() {
            return self.value(field, depth);
        }
        let count = self.draw(prop_oneof![Just(0_usize), Just(1), Just(2), Just(1100)]);
        let first = self.value(field, depth)?;
        // Many equal ones, or a few of any kind.
        let rest = (1..count)
            .filter_map(|_| if count > 2 { Some(first.clone()) } else { self.value(field, depth) });
        let rest: Vec<_> = rest.collect();
        Some(Value::List([vec![first], rest].concat().into_iter().take(count).collect()))
    }

    fn value(&mut self, field: &FieldDescriptor, depth: usize) -> Option<Value> {
        Some(match field.kind() {
            Kind::Message(_) if depth == MAX_DEPTH => return None,
            Kind::Message(inner) => Value::Message(self.message(&inner, depth + 1)),
            Kind::String => Value::String(self.draw(text())),
            Kind::Bytes => Value::Bytes(self.draw(text()).into_bytes().into()),
            Kind::Bool => Value::Bool(self.draw(any::<bool>())),
            Kind::Enum(_) => Value::EnumNumber(self.draw(-1..6)),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
                Value::I32(i32::try_from(self.draw(number())).unwrap_or(i32::MIN))
            }
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(self.draw(number())),
            Kind::Uint32 | Kind::Fixed32 => Value::U32(self.draw(any::<u32>())),
            Kind::Uint64 | Kind::Fixed64 => Value::U64(self.draw(any::<u64>())),
            Kind::Float => Value::F32(self.draw(any::<f32>())),
            Kind::Double => Value::F64(self.draw(prop_oneof![
                Just(f64::NAN),
                Just(f64::INFINITY),
                any::<f64>()
            ])),
        })
    }
}

/// Makes a call with any bytes as its message, and gives the code of the answer.
async fn call(who: &Person, path: &str, message: &[u8]) -> Code {
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    frame.extend(message);
    let request = Request::post(path)
        .version(http::Version::HTTP_2)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Body::from(Bytes::from(frame)));
    let answer = who.send(request.unwrap()).await;
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.unwrap();
    let status = parts.headers.get("grpc-status");
    let status = status.or_else(|| body.trailers()?.get("grpc-status"));
    let status = status.unwrap_or_else(|| panic!("{path}: {parts:?} {:?}", body.trailers()));
    Code::from_bytes(status.as_bytes())
}

#[tokio::test]
async fn every_field_of_every_request_bears_anything() {
    test(|server| async move {
        let admin = server.admin().await;
        let ann = server.user("ann").await;
        let mut accepted = 0;
        for method in methods() {
            let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
            for (number, who) in [&admin, &ann].into_iter().enumerate() {
                let mut filler = Filler::new(u8::try_from(number).unwrap());
                for round in 0..ROUNDS {
                    let message = filler.message(&method.input(), 0);
                    let code = call(who, &path, &message.encode_to_vec()).await;
                    accepted += usize::from(code == Code::Ok);
                    let call = format!("{path}, round {round} of caller {number}");
                    assert!(!UNFORESEEN.contains(&code), "{call}: {code:?} for {message:?}");
                }
            }
        }
        assert!(accepted > 20, "only {accepted} calls came past the rules");
    })
    .await;
}

/// Lists are asked with any token: it is read or refused, and shows nothing of others.
#[tokio::test]
async fn bytes_that_are_no_message_are_refused() {
    test(|server| async move {
        let ann = server.user("ann").await;
        for method in methods() {
            let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
            for bytes in [&[0xff_u8; 40][..], &[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], &[0x0a, 0x05]]
            {
                let code = call(&ann, &path, bytes).await;
                let refused =
                    [Code::InvalidArgument, Code::PermissionDenied, Code::FailedPrecondition];
                assert!(refused.contains(&code), "{path}: {code:?}");
            }
        }
    })
    .await;
}
