import { type DescExtension, type DescFile, type DescMessage, type DescService, toBinary } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

/** Where everything that a set of services mentions is declared, by the names that reflection clients ask for. */
export interface DescriptorIndex {
  file(name: string): DescFile | undefined;
  /** A fully qualified name of anything that has one, enum values and fields included. */
  symbol(name: string): DescFile | undefined;
  message(typeName: string): DescMessage | undefined;
  extensions(extendee: string): ReadonlyMap<number, DescExtension>;
  /** The file after everything that it imports, each encoded as its compiler wrote it, custom options included. */
  encoded(file: DescFile): Uint8Array<ArrayBuffer>[];
}

/** `others` are files that no service mentions. */
export function indexDescriptors(services: readonly DescService[], others: readonly DescFile[] = []): DescriptorIndex {
  const files = new Set<DescFile>();
  for (const file of [...services.map(({ file }) => file), ...others]) addFile(files, file);

  const byName = new Map<string, DescFile>();
  const bySymbol = new Map<string, DescFile>();
  const messages = new Map<string, DescMessage>();
  const extensions = new Map<string, Map<number, DescExtension>>();
  for (const file of files) {
    byName.set(file.proto.name, file);
    for (const symbol of symbolsOf(file)) bySymbol.set(symbol, file);
    for (const type of nestedTypes(file)) {
      if (type.kind === "message") messages.set(type.typeName, type);
      if (type.kind === "extension") {
        const known = extensions.getOrInsert(type.extendee.typeName, new Map());
        known.set(type.number, type);
      }
    }
  }

  const bytes = new WeakMap<DescFile, Uint8Array<ArrayBuffer>>();
  return {
    file: (name) => byName.get(name),
    symbol: (name) => bySymbol.get(name),
    message: (typeName) => messages.get(typeName),
    extensions: (extendee) => extensions.get(extendee) ?? new Map(),
    encoded(file) {
      const needed = new Set<DescFile>();
      addFile(needed, file);
      return [...needed].map((one) =>
        bytes.getOrInsertComputed(one, () => toBinary(FileDescriptorProtoSchema, one.proto)),
      );
    },
  };
}

function addFile(files: Set<DescFile>, file: DescFile): void {
  if (files.has(file)) return;
  for (const dependency of file.dependencies) addFile(files, dependency);
  files.add(file);
}

function* symbolsOf(file: DescFile): Iterable<string> {
  for (const service of file.services) {
    yield service.typeName;
    for (const method of service.methods) yield `${service.typeName}.${method.name}`;
  }
  for (const type of nestedTypes(file)) {
    yield type.typeName;
    if (type.kind === "message") {
      for (const member of [...type.fields, ...type.oneofs]) yield `${type.typeName}.${member.name}`;
    }
    if (type.kind === "enum") {
      // A value is named beside its enum, not within it.
      const scope = type.typeName.slice(0, type.typeName.length - type.name.length);
      for (const value of type.values) yield `${scope}${value.name}`;
    }
  }
}
