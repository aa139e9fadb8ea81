import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { z } from "zod";
import { pageOf, pageSize, pageToken, readPageToken } from "./page-token.ts";

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

test("a page names the next one only when there is more", () => {
  const rows = [{ id: "a" }, { id: "b" }, { id: "c" }];
  expect(pageOf(rows, 2, ({ id }) => id)).toEqual({ rows: [{ id: "a" }, { id: "b" }], nextPageToken: pageToken("b") });
  expect(pageOf(rows, 3, ({ id }) => id)).toEqual({ rows, nextPageToken: "" });
  expect(pageOf([], 3, String)).toEqual({ rows: [], nextPageToken: "" });
});

test("a size of 0 leaves it to the server", () => {
  expect([pageSize(0), pageSize(0, 10), pageSize(7)]).toEqual([50, 10, 7]);
});
