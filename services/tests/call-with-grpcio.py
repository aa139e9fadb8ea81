"""Calls a service with nothing but its address: what it offers and how to say it comes from its own reflection.

Takes the address; the course's name and a token in the environment; the descriptors of reflection and health, which a
client of gRPC has in hand, on standard input. Prints what it found as JSON.
"""

import json
import os
import sys
import uuid

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

TIMEOUT_S = 10
SERVICE = "cadre.booking.v1.CourseService"


class Contracts:
    """Messages and methods made at run time from descriptors, files of imports first."""

    def __init__(self, channel, files):
        self.channel = channel
        self.pool = descriptor_pool.DescriptorPool()
        for file in files:
            self.pool.Add(file)
        self.factory = message_factory.MessageFactory(self.pool)

    def message(self, descriptor):
        return self.factory.GetPrototype(descriptor)

    def call(self, name, kind, request, metadata=()):
        service, method = name.split("/")
        descriptor = self.pool.FindServiceByName(service).methods_by_name[method]
        message = self.message(descriptor.input_type)
        make = getattr(self.channel, kind)
        invoke = make(
            "/" + name, type(message()).SerializeToString, self.message(descriptor.output_type).FromString
        )
        requests = message(**request) if kind.startswith("unary") else iter([message(**request)])
        answer = invoke(requests, timeout=TIMEOUT_S, metadata=metadata)
        return list(answer) if kind.endswith("stream") else answer


def reflect(basics, version, request):
    name = f"grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"
    [answer] = basics.call(name, "stream_stream", request)
    return answer


def main(address):
    with grpc.insecure_channel(address) as channel:
        basics = Contracts(channel, descriptor_pb2.FileDescriptorSet.FromString(sys.stdin.buffer.read()).file)
        listed = {
            version: [s.name for s in reflect(basics, version, {"list_services": ""}).list_services_response.service]
            for version in ("v1", "v1alpha")
        }
        answer = reflect(basics, "v1", {"file_containing_symbol": SERVICE})
        files = [
            descriptor_pb2.FileDescriptorProto.FromString(encoded)
            for encoded in answer.file_descriptor_response.file_descriptor_proto
        ]
        contracts = Contracts(channel, files)
        health = basics.call("grpc.health.v1.Health/Check", "unary_unary", {"service": SERVICE})

        course = {"request_id": str(uuid.uuid4()), "name": os.environ["COURSE"], "session_minutes": 45}
        identity = [("authorization", "Bearer " + os.environ["TOKEN"])]
        created = contracts.call(SERVICE + "/CreateCourse", "unary_unary", course, identity)
        found = {
            "services": listed,
            "health": health.status,
            "create_course": policy_of(contracts, "CreateCourse"),
            "course": json_format.MessageToDict(created.course),
            "refused": refusal_of(lambda: contracts.call(SERVICE + "/CreateCourse", "unary_unary", course)),
        }
    print(json.dumps(found))


def policy_of(contracts, method):
    """Who may call, read from the method's options as the server sent them."""
    encoded = contracts.pool.FindServiceByName(SERVICE).methods_by_name[method].GetOptions().SerializeToString()
    options_type = contracts.message(contracts.pool.FindMessageTypeByName("google.protobuf.MethodOptions"))
    allow = contracts.pool.FindExtensionByName("cadre.policy.v1.allow")
    options_type.RegisterExtension(allow)
    return json_format.MessageToDict(options_type.FromString(encoded).Extensions[allow])


def refusal_of(call):
    try:
        call()
    except grpc.RpcError as error:
        details = dict(error.trailing_metadata()).get("grpc-status-details-bin", b"")
        return {"code": error.code().name, "says_why": b"TOKEN_MISSING" in details}
    return None


main(sys.argv[1])
