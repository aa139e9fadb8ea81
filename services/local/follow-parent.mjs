// Loaded before a program that must not outlive the process that started it: that one's end, by SIGKILL too, closes the
// channel between them, and the program then stops as for SIGTERM.
const LONGEST_STOP_MS = 20_000;

process.once("disconnect", () => {
  setTimeout(() => process.exit(1), LONGEST_STOP_MS).unref();
  process.kill(process.pid, "SIGTERM");
});
process.channel?.unref();
