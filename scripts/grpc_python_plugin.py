"""A buf plugin for Python's gRPC stubs, whose generator exists only inside grpc_tools."""

import sys
import tempfile
from pathlib import Path

from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest, CodeGeneratorResponse
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc


def main() -> None:
    request = CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    response = CodeGeneratorResponse(
        supported_features=CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL
    )
    asked = set(request.file_to_generate)
    files = [file.name for file in request.proto_file if file.service and file.name in asked]
    with tempfile.TemporaryDirectory() as folder:
        descriptors = Path(folder, "descriptors.bin")
        descriptors.write_bytes(FileDescriptorSet(file=request.proto_file).SerializeToString())
        out = Path(folder, "out")
        out.mkdir()
        flags = [f"--descriptor_set_in={descriptors}", f"--grpc_python_out={out}"]
        if files and protoc.main(["protoc", *flags, *files]) != 0:
            sys.exit(1)
        for stub in sorted(out.rglob("*.py")):
            response.file.add(name=stub.relative_to(out).as_posix(), content=stub.read_text())
    sys.stdout.buffer.write(response.SerializeToString())


main()
