import { DomainError } from "../../runtime/errors.ts";
import type { Logger } from "../../runtime/logger.ts";
import { type Answer, type Order, type Press, PressBroke, startPress } from "./press.ts";

/** Typst keeps up to 0.5 MB of a page. */
const PAGES_PER_PRESS = 250;
const RESIDENT_BYTES_PER_PRESS = 300e6;
const SET_WITHIN_MS = 3000;
const WAITING_AT_MOST = 64;

export interface PrinterOptions {
  logger: Logger;
  pagesPerPress?: number;
  setWithinMs?: number;
  waitingAtMost?: number;
}

export interface Printer {
  /**
   * The bytes of the PDF. Fails with CERTIFICATE_NOT_PRINTABLE, or, when it may be tried again, with
   * CERTIFICATE_PRINTER_BUSY or CERTIFICATE_PRINTER_UNAVAILABLE.
   */
  print(order: Order, signal: AbortSignal): Promise<Uint8Array>;
  /** Of the process that prints, if there is one just now. */
  pid(): number | undefined;
  close(): Promise<void>;
}

/**
 * Prints on one press after another: each is replaced when it has set its share of pages, has grown too large, or broke.
 * The first is started with the first page.
 */
export function createPrinter(options: PrinterOptions): Printer {
  const {
    logger,
    pagesPerPress = PAGES_PER_PRESS,
    setWithinMs = SET_WITHIN_MS,
    waitingAtMost = WAITING_AT_MOST,
  } = options;
  let press: Press | undefined;
  let pages = 0;
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();

  async function set(order: Order): Promise<Answer> {
    const ready = press?.alive() ? press : change();
    pages += 1;
    const answer = await ready.set(order, setWithinMs).catch((error: unknown) => {
      press = undefined;
      throw error;
    });
    const grown = answer.kind === "pdf" && answer.residentBytes > RESIDENT_BYTES_PER_PRESS;
    if (grown || pages >= pagesPerPress) change();
    return answer;
  }

  /** The new one starts while its first order is still to come. */
  function change(): Press {
    void press?.close();
    pages = 0;
    press = startPress();
    return press;
  }

  async function print(order: Order, signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted();
    const answer = await set(order).catch((error: unknown) => {
      if (!(error instanceof PressBroke)) throw error;
      logger.warn({ err: error }, "a certificate is set once more");
      return set(order);
    });
    return bytesOf(answer);
  }

  return {
    async print(order, signal) {
      if (waiting >= waitingAtMost) throw printerBusy();
      waiting += 1;
      const printed = last.then(() => print(order, signal));
      last = printed.catch(() => undefined);
      try {
        return await printed.catch((error: unknown) => {
          throw error instanceof PressBroke ? printerUnavailable(error) : error;
        });
      } finally {
        waiting -= 1;
      }
    },
    pid: () => press?.pid,
    async close() {
      await last;
      await press?.close();
    },
  };
}

function bytesOf(answer: Answer): Uint8Array {
  switch (answer.kind) {
    case "pdf":
      return answer.pdf;
    case "unprintable":
      throw new DomainError(
        "precondition",
        "CERTIFICATE_NOT_PRINTABLE",
        "a name on the certificate has letters that none of the fonts has",
      );
    case "failed":
      throw new Error(`a certificate could not be set: ${answer.why}`);
  }
}

function printerBusy(): DomainError {
  return new DomainError("exhausted", "CERTIFICATE_PRINTER_BUSY", "too many certificates are being printed just now");
}

function printerUnavailable({ message }: PressBroke): DomainError {
  return new DomainError("unavailable", "CERTIFICATE_PRINTER_UNAVAILABLE", `not printed, twice: ${message}`);
}
