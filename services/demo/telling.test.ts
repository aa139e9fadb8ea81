import { stripVTControlCharacters } from "node:util";
import { expect, test } from "@jest/globals";
import { telling } from "./telling.ts";

function listen() {
  const lines: string[] = [];
  let nowMs = 0;
  const told = telling(
    (line) => lines.push(stripVTControlCharacters(line)),
    () => nowMs,
  );
  return { told, lines, pass: (ms: number) => (nowMs += ms) };
}

test("a step is told with its time, and with the trace that its calls carry", async () => {
  const { told, lines, pass } = listen();
  const headers = await told.step("Book", async (trace) => {
    pass(42);
    return [trace.headers(), trace.headers()];
  });

  const id = /trace ([0-9a-f]{32})$/.exec(lines[0] ?? "")?.[1];
  expect(lines[0]).toMatch(/^✔ Book +42 ms {2}trace/);
  for (const { traceparent } of headers) expect(traceparent).toMatch(new RegExp(`^00-${id}-[0-9a-f]{16}-01$`));
  expect(headers[0]).not.toEqual(headers[1]);
});

test("a step that fails is told too, and its error goes on", async () => {
  const { told, lines } = listen();
  await expect(told.step("Book", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(lines[0]).toMatch(/^✘ Book/);
});

test("a result that nobody wished for is marked", async () => {
  const { told, lines } = listen();
  await told.step(
    "Book",
    async () => "refused",
    (answer) => answer === "booked",
  );
  expect(lines[0]).toMatch(/^○ Book/);
});
