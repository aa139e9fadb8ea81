import { expect, test } from "@jest/globals";
import { didWeb } from "./did-web.ts";

test.each([
  ["https://cadre.example", "did:web:cadre.example"],
  ["http://localhost:8080", "did:web:localhost%3A8080"],
  ["https://cadre.example:8443", "did:web:cadre.example%3A8443"],
  ["https://example.com/schools/cadre", "did:web:example.com:schools:cadre"],
  ["http://[::1]:8080", "did:web:%5B%3A%3A1%5D%3A8080"],
  ["https://example.com/a:b", "did:web:example.com:a%3Ab"],
])("who publishes under %s is %s", (publicUrl, did) => {
  expect(didWeb(publicUrl)).toBe(did);
});
