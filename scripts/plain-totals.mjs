/** Ends a run of jest with one plain line. A suite that could not run counts as a failed test. */
// biome-ignore lint/style/noDefaultExport: what Jest loads
export default class PlainTotals {
  onRunComplete(_, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    const line = `${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped\n`;
    // Jest's own summary comes after every reporter.
    process.once("exit", () => process.stdout.write(line));
  }
}
