import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";

/** Of the ErrorInfo of every refusal. */
export const REFUSAL_DOMAIN = "cadre";

/** What a refusal is about; the error boundary maps each kind to one gRPC code. */
export type RefusalKind =
  | "invalid"
  | "not-found"
  | "already-exists"
  | "precondition"
  | "forbidden"
  | "unauthenticated"
  | "conflict"
  | "exhausted"
  | "unavailable";

/** One field of the request that is wrong: `path` as in the contract ("schedule.weekly.times[2].start_time"). */
export interface FieldViolation {
  path: string;
  message: string;
}

/** A message that travels with the refusal, beside its ErrorInfo. */
export interface RefusalDetail<Desc extends DescMessage = DescMessage> {
  desc: Desc;
  value: MessageInitShape<Desc>;
}

export interface RefusalExtras {
  /** Goes into ErrorInfo: for programs that act on the refusal. */
  metadata?: Record<string, string>;
  /** Goes into BadRequest. */
  violations?: FieldViolation[];
  details?: RefusalDetail[];
  /** Whether it never comes to that unless something is broken: then it is reported as a bug as well. */
  bug?: true;
}

/**
 * A refusal: the request was understood and the answer is no. `reason` is part of the contract and never changes;
 * the message is for people.
 */
export class DomainError extends Error {
  override readonly name = "DomainError";
  readonly kind: RefusalKind;
  readonly reason: string;
  readonly extras: RefusalExtras;

  constructor(kind: RefusalKind, reason: string, message: string, extras: RefusalExtras = {}) {
    super(message);
    this.kind = kind;
    this.reason = reason;
    this.extras = extras;
  }

  /**
   * For logs: slonik writes whatever passes through a transaction down to its last property, and a detail holds the whole
   * contract that its type comes from.
   */
  toJSON(): Record<string, unknown> {
    const { name, message, kind, reason, stack } = this;
    return { name, message, kind, reason, stack, metadata: this.extras.metadata };
  }
}

/** The request breaks a rule of its contract that the field rules cannot express. Lists every bad field. */
export function invalidFields(violations: FieldViolation[]): DomainError {
  const message = violations.map(({ path, message }) => `${path}: ${message}`).join("; ");
  return new DomainError("invalid", "INVALID_FIELD", message, { violations });
}
