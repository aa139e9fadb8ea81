"""Messages and calls made at run time from descriptors, without generated code."""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

TIMEOUT_S = 10


class Contracts:
    """What a channel's server may be asked, by its files' descriptors; files of imports first."""

    def __init__(self, channel, files):
        self.channel = channel
        self.pool = descriptor_pool.DescriptorPool()
        for file in files:
            self.pool.Add(file)
        self.factory = message_factory.MessageFactory(self.pool)

    def message(self, descriptor):
        return self.factory.GetPrototype(descriptor)

    def named(self, name):
        return self.message(self.pool.FindMessageTypeByName(name))

    def method(self, name, kind):
        """What grpcio calls a multi-callable, and the type of its requests."""
        service, method = name.split("/")
        descriptor = self.pool.FindServiceByName(service).methods_by_name[method]
        request = self.message(descriptor.input_type)
        response = self.message(descriptor.output_type)
        make = getattr(self.channel, kind)
        return make("/" + name, type(request()).SerializeToString, response.FromString), request

    def call(self, name, kind, request, metadata=()):
        invoke, message = self.method(name, kind)
        requests = message(**request) if kind.startswith("unary") else iter([message(**request)])
        answer = invoke(requests, timeout=TIMEOUT_S, metadata=metadata)
        return list(answer) if kind.endswith("stream") else answer


def files_of(encoded):
    """The files of an encoded FileDescriptorSet."""
    return descriptor_pb2.FileDescriptorSet.FromString(encoded).file
