import { createHash } from "node:crypto";
import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { z } from "zod";
import type { Caller } from "./caller.ts";
import { type Database, type SqlFragment, sql, type Transaction } from "./database.ts";
import { rememberEncoding, toBuffer } from "./encoded-message.ts";
import { DomainError } from "./errors.ts";
import { isKept, readRefusal, storedRefusal, writeRefusal } from "./stored-refusal.ts";

const KEPT_HOURS = 24;

/** In one transaction, which nobody waits for. */
const FORGOTTEN_AT_ONCE = 1000;

export interface IdempotentCall<I extends DescMessage, O extends DescMessage> {
  method: DescMethodUnary<I, O>;
  caller: Caller;
  request: MessageShape<I> & { requestId: string };
  now: Temporal.Instant;
}

type Answer<O extends DescMessage> = { response: MessageShape<O> } | { refusal: DomainError };

/**
 * Carries out a request once, and gives its repeats the first answer for 24 hours. The answer is stored in the
 * transaction of the change. A refusal is an answer too: thrown, what `work` had written is undone and the refusal
 * stored; returned, what `work` wrote about it stays. A twin that comes meanwhile waits. Anything else that `work`
 * throws leaves no trace, so that a repeat tries again.
 */
export async function once<I extends DescMessage, O extends DescMessage>(
  db: Database,
  call: IdempotentCall<I, O>,
  work: (tx: Transaction) => Promise<MessageInitShape<O> | DomainError>,
): Promise<MessageShape<O>> {
  const digest = digestOf(call);
  const answer = await db.transaction(async (tx): Promise<Answer<O>> => {
    if (!(await claim(tx, call, digest))) return earlierAnswer(tx, call, digest);
    const answer = await answerOf(tx, call.method.output, work);
    await keep(tx, call, answer);
    return answer;
  });
  if ("refusal" in answer) throw answer.refusal;
  return answer.response;
}

/**
 * What `once` writes of a call, for a change that is one statement, perhaps with others: to be sent as JSON. The response
 * is sent as the bytes that are kept, and may not be changed any more.
 */
export function answerRecord<I extends DescMessage, O extends DescMessage>(
  call: IdempotentCall<I, O>,
  response: MessageShape<O>,
) {
  const { method, caller, request, now } = call;
  const bytes = toBuffer(method.output, response);
  rememberEncoding(response, [bytes]);
  return {
    subject: caller.subject,
    request_id: request.requestId,
    digest: hexadecimal(digestOf(call)),
    answered_at: now.toString(),
    response: hexadecimal(bytes),
  };
}

/**
 * The statement that keeps the records in the column `answer` of `rows`, as a part of another. A request that came before
 * breaks a key, and the statement undoes itself.
 */
export function answerInsert(rows: SqlFragment) {
  return sql.fragment`
    insert into idempotency (subject, request_id, digest, answered_at, response)
    select a.subject, a.request_id, a.digest, a.answered_at, a.response
    from ${rows}, json_populate_record(null::idempotency, answer) as a
  `;
}

/**
 * Forgets the answers that are older than a day by the database's clock: a call that pretends a later time does not make
 * others' go. Skips the rows that somebody else is at.
 */
export async function forgetAnswers(db: Database): Promise<void> {
  const forget = sql.type(z.object({ forgotten: z.number() }))`
    select forget_answers('infinity', ${FORGOTTEN_AT_ONCE}) as forgotten
  `;
  while ((await db.one(forget)).forgotten === FORGOTTEN_AT_ONCE);
}

function hexadecimal(bytes: Buffer): string {
  return `\\x${bytes.toString("hex")}`;
}

async function answerOf<O extends DescMessage>(
  tx: Transaction,
  output: O,
  work: (tx: Transaction) => Promise<MessageInitShape<O> | DomainError>,
): Promise<Answer<O>> {
  try {
    const answer = await tx.transaction(work);
    return answer instanceof DomainError ? { refusal: answer } : { response: create(output, answer) };
  } catch (error) {
    if (error instanceof DomainError && isKept(error)) return { refusal: error };
    throw error;
  }
}

/** Waits for a twin that has not committed yet. False when the request has an answer that is still kept. */
async function claim(tx: Transaction, { caller, request, now }: Keyed, digest: Buffer): Promise<boolean> {
  const { rowCount } = await tx.query(sql.type(z.object({}))`
    insert into idempotency (subject, request_id, digest, answered_at)
    values (${caller.subject}, ${request.requestId}, ${sql.binary(digest)}, ${now.toString()})
    on conflict (subject, request_id) do update
      set digest = excluded.digest, answered_at = excluded.answered_at, response = null, refusal = null
      where idempotency.answered_at <= ${oldest(now)}
  `);
  return rowCount > 0;
}

async function earlierAnswer<I extends DescMessage, O extends DescMessage>(
  tx: Transaction,
  { method, caller, request }: IdempotentCall<I, O>,
  digest: Buffer,
): Promise<Answer<O>> {
  const row = z.object({
    digest: z.instanceof(Uint8Array),
    response: z.instanceof(Uint8Array).nullable(),
    refusal: storedRefusal.nullable(),
  });
  const earlier = await tx.one(sql.type(row)`
    select digest, response, refusal from idempotency
    where subject = ${caller.subject} and request_id = ${request.requestId}
  `);
  if (!digest.equals(earlier.digest)) return { refusal: requestIdReused(request.requestId) };
  if (earlier.refusal) return { refusal: readRefusal(earlier.refusal, method.parent) };
  return { response: fromBinary(method.output, earlier.response ?? new Uint8Array()) };
}

async function keep<I extends DescMessage, O extends DescMessage>(
  tx: Transaction,
  { method, caller, request }: IdempotentCall<I, O>,
  answer: Answer<O>,
): Promise<void> {
  const response = "response" in answer ? sql.binary(Buffer.from(toBinary(method.output, answer.response))) : null;
  const refusal = "refusal" in answer ? sql.jsonb(writeRefusal(answer.refusal)) : null;
  await tx.query(sql.type(z.object({}))`
    update idempotency set response = ${response}, refusal = ${refusal}
    where subject = ${caller.subject} and request_id = ${request.requestId}
  `);
}

interface Keyed {
  caller: Caller;
  request: { requestId: string };
  now: Temporal.Instant;
}

export function requestIdReused(requestId: string): DomainError {
  const message = `The request_id ${requestId} came before, with another request: every new request needs a new one.`;
  return new DomainError("conflict", "REQUEST_ID_REUSED", message);
}

/** The encoding is the same for the same fields: the contracts have no maps. */
export function digestOf<I extends DescMessage>({
  method,
  request,
}: {
  method: DescMethodUnary<I>;
  request: MessageShape<I>;
}) {
  return createHash("sha256")
    .update(`${method.parent.typeName}/${method.name}\n`)
    .update(toBinary(method.input, request))
    .digest();
}

function oldest(now: Temporal.Instant): string {
  return now.subtract({ hours: KEPT_HOURS }).toString();
}
