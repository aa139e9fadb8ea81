import { expect, test } from "@jest/globals";
import { HeaderMap } from "./header-map.ts";

test("answers as Headers does", () => {
  for (const headers of [new HeaderMap({ "X-One": " 1 " }), new Headers({ "X-One": " 1 " })]) {
    headers.append("x-one", "2");
    headers.set("x-two", "b");
    headers.set("X-Two", "c");
    headers.append("x-three", "d");
    headers.delete("X-THREE");

    expect(headers.get("X-ONE")).toBe("1, 2");
    expect(headers.get("x-none")).toBeNull();
    expect([headers.has("X-two"), headers.has("x-three")]).toEqual([true, false]);
    expect([...headers]).toEqual([
      ["x-one", "1, 2"],
      ["x-two", "c"],
    ]);
    expect([...headers.keys()]).toEqual(["x-one", "x-two"]);
    expect([...headers.values()]).toEqual(["1, 2", "c"]);
    const seen: string[] = [];
    headers.forEach((value, name) => {
      seen.push(`${name}: ${value}`);
    });
    expect(seen).toEqual(["x-one: 1, 2", "x-two: c"]);
  }
});

test("is made of whatever Headers can be made of, and Headers of it", () => {
  const entries = [["x-one", "1"]] satisfies [string, string][];
  for (const init of [entries, { "x-one": "1" }, new Headers(entries), new HeaderMap(entries)]) {
    expect([...new HeaderMap(init)]).toEqual(entries);
  }
  expect([...new Headers(new HeaderMap(entries))]).toEqual(entries);
  expect([...new HeaderMap()]).toEqual([]);
});

test("asks for its content once, when somebody wants to know it", () => {
  let asked = 0;
  const headers = new HeaderMap(() => {
    asked += 1;
    return new Map([["x-one", "1"]]);
  });
  expect(asked).toBe(0);
  headers.set("x-two", "2");
  expect([...headers.keys(), headers.get("x-one")]).toEqual(["x-one", "x-two", "1"]);
  expect(asked).toBe(1);
});
