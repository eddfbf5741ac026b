"""One exception for every answer other than success."""

from dataclasses import dataclass

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from albumen.v1.error_reason_pb2 import ErrorReason


@dataclass(frozen=True)
class Violation:
    """A rule that a field of the request breaks."""

    field: str
    description: str


class AlbumenError(Exception):
    """An answer other than success.

    `code` is the gRPC status code, `reason` what programs can test for, `metadata` the values
    that `ErrorReason` lists for the reason, `violations` the fields at fault.
    """

    def __init__(self, error: grpc.RpcError) -> None:
        super().__init__(error.details())
        self.code: grpc.StatusCode = error.code()
        self.reason = ErrorReason.ERROR_REASON_UNSPECIFIED
        self.metadata: dict[str, str] = {}
        self.violations: list[Violation] = []
        status = rpc_status.from_call(error)
        for detail in status.details if status else ():
            self._read(detail)

    def _read(self, detail) -> None:
        info = error_details_pb2.ErrorInfo()
        request = error_details_pb2.BadRequest()
        if detail.Unpack(info):
            name = f"ERROR_REASON_{info.reason}"
            if name in ErrorReason.keys():
                self.reason = ErrorReason.Value(name)
            self.metadata = dict(info.metadata)
        elif detail.Unpack(request):
            self.violations = [
                Violation(violation.field, violation.description)
                for violation in request.field_violations
            ]


class ErrorInterceptor(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
):
    """Raises `AlbumenError` where gRPC would raise its own."""

    def _call(self, continuation, details, request):
        call = continuation(details, request)
        error = call.exception()
        if isinstance(error, grpc.RpcError):
            raise AlbumenError(error) from error
        return call

    intercept_unary_unary = _call
    intercept_stream_unary = _call

    def intercept_unary_stream(self, continuation, details, request):
        return _responses(continuation(details, request))


def _responses(call):
    try:
        yield from call
    except grpc.RpcError as error:
        raise AlbumenError(error) from error
    finally:
        call.cancel()
