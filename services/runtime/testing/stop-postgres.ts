/** Jest loads set-up and tear-down apart from each other: they meet in the process. */
const hooks = globalThis as { cadreTestsEnd?: () => Promise<void> };

export function onTestsEnd(hook: () => Promise<void>): void {
  hooks.cadreTestsEnd = hook;
}

/** Jest's tear-down. */
// biome-ignore lint/style/noDefaultExport: what Jest calls
export default async function tearDown(): Promise<void> {
  await hooks.cadreTestsEnd?.();
}
