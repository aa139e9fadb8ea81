import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { z } from "zod";
import { instantKey, pageOf, pageSize, pageToken, readPageToken } from "./page-token.ts";

const key = z.object({ name: z.string(), id: z.string() });

test("no token means the first page", () => {
  expect(readPageToken("", key)).toBeNull();
});

test("a token gives back the key that it was made of", () => {
  fc.assert(
    fc.property(fc.record({ name: fc.string(), id: fc.string() }), (row) => {
      expect(readPageToken(pageToken(row), key)).toEqual(row);
    }),
  );
});

test.each(["garbage", "e30", pageToken({ name: 7, id: "x" }), pageToken(null)])(
  "the token %j is refused by name",
  (token) => {
    const violations = [{ path: "page_token", message: "is not a token of this list" }];
    const refusal = expect.objectContaining({ reason: "INVALID_FIELD", extras: { violations } });
    expect(() => readPageToken(token, key)).toThrow(refusal);
  },
);

test.each(["0001-01-01T00:00:00Z", "2030-05-05T10:00:00.123456789Z", "9999-12-31T23:59:59.999999Z"])(
  "an instant is read back from a token: %s",
  (text) => {
    expect(readPageToken(pageToken(text), instantKey)?.toString()).toBe(text);
  },
);

test.each([
  "0000-05-05T00:00:00Z",
  "-271000-01-01T00:00:00Z",
  "+200000-01-01T00:00:00Z",
  "2030-02-30T00:00:00Z",
  "2030-01-01T24:01:00Z",
  "2030-01-01T00:00:00+25:00",
  `2030-01-01T00:00:00.${"1".repeat(10)}Z`,
  `2030-01-01T00:00:00.${"1".repeat(280)}Z`,
])("what no database holds is no instant of a token: %s", (text) => {
  expect(() => readPageToken(pageToken(text), instantKey)).toThrow(
    expect.objectContaining({ reason: "INVALID_FIELD" }),
  );
});

test("a page names the next one only when there is more", () => {
  const rows = [{ id: "a" }, { id: "b" }, { id: "c" }];
  expect(pageOf(rows, 2, ({ id }) => id)).toEqual({ rows: [{ id: "a" }, { id: "b" }], nextPageToken: pageToken("b") });
  expect(pageOf(rows, 3, ({ id }) => id)).toEqual({ rows, nextPageToken: "" });
  expect(pageOf([], 3, String)).toEqual({ rows: [], nextPageToken: "" });
});

test("a size of 0 leaves it to the server", () => {
  expect([pageSize(0), pageSize(0, 10), pageSize(7)]).toEqual([50, 10, 7]);
});
