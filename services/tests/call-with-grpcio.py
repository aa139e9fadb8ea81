"""Calls a service with nothing but its address: what it offers and how to say it comes from its own reflection.

Takes the address; the course's name and a token in the environment; the descriptors of reflection and health, which a
client of gRPC has in hand, on standard input. Prints what it found as JSON.
"""

import json
import os
import sys
import uuid

import grpc
from google.protobuf import descriptor_pb2, json_format

from contracts import Contracts, files_of

SERVICE = "cadre.booking.v1.CourseService"


def reflect(basics, version, request):
    name = f"grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"
    [answer] = basics.call(name, "stream_stream", request)
    return answer


def main(address):
    with grpc.insecure_channel(address) as channel:
        basics = Contracts(channel, files_of(sys.stdin.buffer.read()))
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
