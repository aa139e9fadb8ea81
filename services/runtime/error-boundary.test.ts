import { Code, type Interceptor } from "@connectrpc/connect";
import { expect, test } from "@jest/globals";
import { errorBoundary } from "./error-boundary.ts";
import { DomainError } from "./errors.ts";

type Request = Parameters<ReturnType<Interceptor>>[0];

test.each([[true], [false]])(
  "a refusal is told to the caller, and reported where it is a bug as well: %s",
  async (bug) => {
    const refusal = new DomainError("unavailable", "NEVER", "It never comes to that.", bug ? { bug } : {});
    const reported: unknown[] = [];
    const call = errorBoundary((error) => reported.push(error))(() => Promise.reject(refusal));
    const request = { signal: new AbortController().signal } as Request;
    await expect(call(request)).rejects.toMatchObject({
      code: Code.Unavailable,
      rawMessage: "It never comes to that.",
    });
    expect(reported).toEqual(bug ? [refusal] : []);
  },
);
