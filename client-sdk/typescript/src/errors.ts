import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { type Code, ConnectError } from "@connectrpc/connect";

import { ErrorReason } from "./gen/albumen/v1/error_reason_pb.js";

/** A rule that a field of the request breaks. */
export interface Violation {
  /** The path of the field, as in `upload.file_name`. */
  field: string;
  description: string;
}

/** An answer other than success. */
export class AlbumenError extends Error {
  override readonly name = "AlbumenError";

  constructor(
    message: string,
    /** The gRPC status code. */
    readonly code: Code,
    /** What programs can test for; `UNSPECIFIED` if it did not come from an Albumen server. */
    readonly reason: ErrorReason,
    /** The values that {@link ErrorReason} lists for the reason. */
    readonly metadata: ReadonlyMap<string, string>,
    /** The fields at fault, if the request was invalid. */
    readonly violations: readonly Violation[],
    options: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Reads what a call threw. */
export function albumenError(thrown: unknown): AlbumenError {
  if (thrown instanceof AlbumenError) {
    return thrown;
  }
  const error = ConnectError.from(thrown);
  const info = detail(error, "google.rpc.ErrorInfo");
  const reason = text(info.get(1)) as keyof typeof ErrorReason;
  const metadata = new Map(
    (info.get(3) ?? []).map(fields).map((entry) => [text(entry.get(1)), text(entry.get(2))]),
  );
  const request = detail(error, "google.rpc.BadRequest");
  const violations = (request.get(1) ?? []).map(fields).map((violation) => ({
    field: text(violation.get(1)),
    description: text(violation.get(2)),
  }));
  return new AlbumenError(
    error.rawMessage,
    error.code,
    ErrorReason[reason] ?? ErrorReason.UNSPECIFIED,
    metadata,
    violations,
    { cause: error },
  );
}

type Fields = Map<number, Uint8Array[]>;

function detail(error: ConnectError, type: string): Fields {
  for (const detail of error.details) {
    if ("type" in detail && detail.type === type) {
      return fields(detail.value);
    }
  }
  return new Map();
}

// The two messages hold nothing but texts and messages, so they are read by field number:
// their generated code would be larger than all of this client.
function fields(message: Uint8Array): Fields {
  const found: Fields = new Map();
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === WireType.LengthDelimited) {
      found.set(number, [...(found.get(number) ?? []), reader.bytes()]);
    } else {
      reader.skip(type, number);
    }
  }
  return found;
}

function text(values: Uint8Array[] | undefined): string {
  return new TextDecoder().decode(values?.at(-1));
}
