import { create, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import fc, { type Arbitrary } from "fast-check";

/** Texts that look right, nearly right, or like trouble. */
const texts = fc.oneof(
  fc.uuid(),
  fc.uuid().map((text) => text.toUpperCase()),
  fc.constantFrom("", "\0", "2030-02-30", "2030-01-07", "0000-01-01", "25:00", "09:00", "24:00", "Europe/Berlin"),
  fc.constantFrom(
    "2030-01-07T17:00",
    "c0000000-0000-4000-8000-000000000000",
    "DE",
    "DE-BY",
    "de",
    "e30",
    "\uFFFE'\"\\",
  ),
  fc.string({ unit: "binary", maxLength: 40 }),
);
/** Times of every calendar and of none, written as tokens of lists have them. */
const instants = fc.oneof(
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constantFrom("0000-05-05T00:00:00Z", "-271000-01-01T00:00:00Z", "+200000-01-01T00:00:00Z", "2030-02-30T00:00:00Z"),
  fc.integer({ min: 0, max: 300 }).map((digits) => `2030-01-01T00:00:00.${"1".repeat(digits)}Z`),
);
const doubles = fc.oneof(fc.double(), fc.double({ min: -200, max: 200, noNaN: true }));
const integers = fc.oneof(fc.integer(), fc.integer({ min: -1, max: 100 }));
const bigIntegers = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: 0n, max: 4_000_000_000n }),
);
/** Tokens of the lists as anybody can write them: with the right parts, most of them of the right kind. */
const pageTokens = fc
  .oneof(
    fc.record({ startTime: instants, sessionId: fc.uuid() }),
    fc.record({ startTime: instants, timeOffId: fc.uuid() }),
    fc.record({ distanceMeters: doubles, trainerId: fc.uuid(), rank: integers }),
    texts,
    fc.uuid(),
    fc.jsonValue({ maxDepth: 2 }),
  )
  .map((key) => Buffer.from(JSON.stringify(key)).toString("base64url"));
const MAX_DEPTH = 6;
const MAX_ITEMS = 4;

/** Messages of a type with every field sometimes set, from what a caller can put on the wire. */
export function arbitraryMessage(desc: DescMessage, depth = 0): Arbitrary<Message> {
  const fields = Object.fromEntries(
    desc.fields.filter((field) => !field.oneof).map((field) => [field.localName, arbitraryField(field, depth)]),
  );
  const oneofs = Object.fromEntries(
    desc.oneofs.map((oneof) => [
      oneof.localName,
      fc.oneof(
        ...oneof.fields.map((field) => arbitraryField(field, depth).map((value) => ({ case: field.localName, value }))),
      ),
    ]),
  );
  return fc.record({ ...fields, ...oneofs }, { requiredKeys: [] }).map((init) => create(desc, init));
}

/** Requests of a list with nothing wrong about them but the page that they ask for. */
export function arbitraryPage(desc: DescMessage, rest: Record<string, unknown>): Arbitrary<Message> {
  const named = new Set(desc.fields.map(({ localName }) => localName));
  const known = Object.fromEntries(Object.entries(rest).filter(([name]) => named.has(name)));
  return pageTokens.map((pageToken) => create(desc, { ...known, pageToken }));
}

function arbitraryField(field: DescField, depth: number): Arbitrary<unknown> {
  switch (field.fieldKind) {
    case "scalar":
      return field.name === "page_token" ? fc.oneof(texts, pageTokens) : arbitraryScalar(field.scalar);
    case "enum":
      return arbitraryEnum(field.enum.values.map(({ number }) => number));
    case "message":
      return arbitraryNested(field.message, depth);
    case "list":
      return fc.array(arbitraryItem(field, depth), { maxLength: MAX_ITEMS });
    case "map":
      throw new Error(`the contracts have no maps, and yet: ${field}`);
  }
}

function arbitraryItem(field: DescField & { fieldKind: "list" }, depth: number): Arbitrary<unknown> {
  switch (field.listKind) {
    case "scalar":
      return arbitraryScalar(field.scalar);
    case "enum":
      return arbitraryEnum(field.enum.values.map(({ number }) => number));
    case "message":
      return arbitraryNested(field.message, depth);
  }
}

function arbitraryNested(desc: DescMessage, depth: number): Arbitrary<unknown> {
  return depth < MAX_DEPTH ? arbitraryMessage(desc, depth + 1) : fc.constant(create(desc));
}

function arbitraryEnum(numbers: number[]): Arbitrary<number> {
  return fc.oneof(fc.constantFrom(...numbers), fc.integer({ min: -2, max: 100 }));
}

function arbitraryScalar(type: ScalarType): Arbitrary<unknown> {
  switch (type) {
    case ScalarType.STRING:
      return texts;
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.BYTES:
      return fc.uint8Array({ maxLength: 40 });
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return doubles;
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return bigIntegers;
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return bigIntegers.map((value) => BigInt.asUintN(64, value));
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return fc.nat();
    default:
      return integers;
  }
}
