"""Calls grpc.testing.TestService with grpcio: all kinds of calls, metadata, statuses, details, limits, deadlines, cancellation.

Takes the address, and the service's descriptors on standard input. Prints the names of the cases that passed, a line
each; the first that does not pass ends it with its reason.
"""

import queue
import sys

import grpc

from contracts import TIMEOUT_S, Contracts, files_of

SERVICE = "grpc.testing.TestService/"
MESSAGE = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n"
MEBIBYTE = 1024 * 1024


def zeros(size):
    return {"body": bytes(size)}


class Cases:
    def __init__(self, contracts):
        self.contracts = contracts

    def unary(self, method="UnaryCall", timeout=TIMEOUT_S, metadata=(), **request):
        invoke, message = self.contracts.method(SERVICE + method, "unary_unary")
        return invoke.with_call(message(**request), timeout=timeout, metadata=metadata)

    def outputs(self, parameters, timeout=TIMEOUT_S, **request):
        invoke, message = self.contracts.method(SERVICE + "StreamingOutputCall", "unary_stream")
        return invoke(message(response_parameters=parameters, **request), timeout=timeout)

    def duplex(self, requests, timeout=TIMEOUT_S):
        invoke, message = self.contracts.method(SERVICE + "FullDuplexCall", "stream_stream")
        return invoke((message(**request) for request in requests), timeout=timeout)

    def empty_unary(self):
        self.unary("EmptyCall")

    def large_unary(self):
        response, _ = self.unary(response_size=314_159, payload=zeros(271_828))
        assert response.payload.body == bytes(314_159)

    def client_streaming(self):
        invoke, message = self.contracts.method(SERVICE + "StreamingInputCall", "stream_unary")
        response = invoke(message(payload=zeros(size)) for size in (27_182, 8, 1828, 45_904))
        assert response.aggregated_payload_size == 74_922

    def server_streaming(self):
        sizes = [31_415, 9, 2653, 58_979]
        responses = self.outputs([{"size": size} for size in sizes])
        assert [len(response.payload.body) for response in responses] == sizes

    def ping_pong(self):
        answered = queue.Queue()
        turns = []

        def requests():
            for size in (31_415, 9, 2653):
                turns.append("ask")
                yield {"response_parameters": [{"size": size}]}
                turns.append(answered.get(timeout=TIMEOUT_S))

        for response in self.duplex(requests()):
            answered.put(len(response.payload.body))
        assert turns == ["ask", 31_415, "ask", 9, "ask", 2653], turns

    def empty_stream(self):
        assert list(self.duplex([])) == []

    def metadata_there_and_back(self):
        sent = (("x-grpc-test-echo-initial", "initial"), ("x-grpc-test-echo-trailing-bin", b"\x00\xab\xff,\n"))
        _, call = self.unary(metadata=sent)
        assert sent[0] in [tuple(pair) for pair in call.initial_metadata()], call.initial_metadata()
        assert sent[1] in [tuple(pair) for pair in call.trailing_metadata()], call.trailing_metadata()

    def every_code_with_its_message(self):
        for code in grpc.StatusCode:
            number, _ = code.value
            if number == 0:
                continue
            error = refused(lambda: self.unary(response_status={"code": number, "message": MESSAGE}))
            assert (error.code(), error.details()) == (code, MESSAGE), (code, error)
            streamed = self.duplex([{"response_status": {"code": number, "message": MESSAGE}}])
            error = refused(lambda: list(streamed))
            assert (error.code(), error.details()) == (code, MESSAGE), (code, error)

    def refusals_come_as_trailers_only(self):
        error = refused(lambda: self.unary(response_status={"code": 14, "message": "away"}))
        assert not error.initial_metadata(), error.initial_metadata()

    def details(self):
        error = refused(lambda: self.unary("CacheableUnaryCall"))
        encoded = dict(error.trailing_metadata())["grpc-status-details-bin"]
        status = self.contracts.named("google.rpc.Status").FromString(encoded)
        info = self.contracts.named("google.rpc.ErrorInfo")()
        assert status.details[0].Unpack(info)
        assert (status.code, status.message, info.reason) == (9, "not now", "TEST"), status

    def requests_up_to_1_mib(self):
        self.unary(payload=zeros(MEBIBYTE - 100))
        error = refused(lambda: self.unary(payload=zeros(MEBIBYTE)))
        assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, error

    def responses_up_to_4_mib(self):
        self.unary(response_size=4 * MEBIBYTE - 100)
        error = refused(lambda: self.unary(response_size=4 * MEBIBYTE))
        assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, error

    def deadline(self):
        slow = self.outputs([{"size": 1}, {"size": 1, "interval_us": 60_000_000}], timeout=0.3)
        next(slow)
        assert refused(lambda: next(slow)).code() == grpc.StatusCode.DEADLINE_EXCEEDED

    def cancel_after_first_response(self):
        answers = self.outputs([{"size": 1}, {"size": 1, "interval_us": 60_000_000}])
        next(answers)
        answers.cancel()
        assert refused(lambda: next(answers)).code() == grpc.StatusCode.CANCELLED

    def unimplemented_method(self):
        assert refused(lambda: self.unary("UnimplementedCall")).code() == grpc.StatusCode.UNIMPLEMENTED

    def unimplemented_service(self):
        name = "grpc.testing.UnimplementedService/UnimplementedCall"
        error = refused(lambda: self.contracts.call(name, "unary_unary", {}))
        assert error.code() == grpc.StatusCode.UNIMPLEMENTED


def refused(call):
    try:
        call()
    except grpc.RpcError as error:
        return error
    raise AssertionError("the call succeeded")


def main(address):
    with grpc.insecure_channel(address) as channel:
        cases = Cases(Contracts(channel, files_of(sys.stdin.buffer.read())))
        helpers = {"unary", "outputs", "duplex"}
        for name in [name for name in vars(Cases) if not name.startswith("_") and name not in helpers]:
            getattr(cases, name)()
            print(name, flush=True)


main(sys.argv[1])
