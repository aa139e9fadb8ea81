import type { Answer, Order } from "./press.ts";
import { createTypesetter } from "./typesetter.ts";

const typeset = createTypesetter();
const answer = (message: Answer): boolean | undefined => process.send?.(message);

process.on("message", ({ page, credential }: Order) => {
  try {
    const pdf = typeset(page, credential);
    answer(pdf ? { kind: "pdf", pdf, residentBytes: process.memoryUsage.rss() } : { kind: "unprintable" });
  } catch (error) {
    answer({ kind: "failed", why: error instanceof Error ? error.message : String(error) });
  }
});
