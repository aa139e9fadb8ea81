import { expect, test } from "@jest/globals";
import { gatewayUrl } from "./story-arguments.ts";

test("the gateway is where PORT says, or where --url says", () => {
  expect(gatewayUrl([], 28080)).toBe("http://127.0.0.1:28080");
  expect(gatewayUrl(["--url", "https://cadre.example/"], 28080)).toBe("https://cadre.example");
  expect(gatewayUrl(["--help"], 28080)).toBeNull();
});

test.each([
  [["--url", "foo"], "--url foo is not like http://127.0.0.1:8080"],
  [["--url", "localhost:8080"], "--url localhost:8080 is not like http://127.0.0.1:8080"],
  [["--uri", "http://127.0.0.1:8080"], "--uri"],
])("%j is refused with the reason", (args, reason) => {
  expect(() => gatewayUrl(args, 8080)).toThrow(reason);
});
