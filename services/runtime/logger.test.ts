import { execFile } from "node:child_process";
import { execPath } from "node:process";
import { promisify } from "node:util";
import { expect, test } from "@jest/globals";

/** What a process writes that logs the error: pino writes past everything that a test could listen to. */
async function logged(error: string): Promise<{ text: string; line: { err: Record<string, unknown> } }> {
  const program = `
    import { SchemaValidationError, UniqueIntegrityConstraintViolationError } from "slonik";
    import { createLogger } from "./logger.ts";
    createLogger("test", "info").error({ err: ${error} }, "bug");
  `;
  const options = { cwd: import.meta.dirname };
  const { stdout } = await promisify(execFile)(execPath, ["--input-type=module", "--eval", program], options);
  return { text: stdout, line: JSON.parse(stdout) };
}

test("a row that is not as expected is logged without what it holds", async () => {
  const { text, line } = await logged(`
    new SchemaValidationError({ sql: "select 1", values: ["Jane Secret"] }, { name: "Jane Secret" }, [])
  `);
  expect(line.err).toMatchObject({ type: "SchemaValidationError", message: expect.any(String) });
  expect(line.err.stack).toContain("do not conform with the schema");
  expect(text).not.toContain("Secret");
});

test("a broken constraint is logged by its name, without the values that broke it", async () => {
  const { text, line } = await logged(`
    new Error("it broke", {
      cause: new UniqueIntegrityConstraintViolationError({
        constraint: "one_name", table: "zone", detail: "Key (name)=(Secret) exists.", message: "unique",
      }),
    })
  `);
  expect(line.err.message).toContain("it broke");
  expect(text).not.toContain("Secret");
});

test("of several errors each is told", async () => {
  const { line } = await logged(`new AggregateError([new TypeError("one"), new RangeError("two")], "both")`);
  expect(line.err).toMatchObject({ errors: [{ type: "TypeError", message: "one" }, { message: "two" }] });
});
