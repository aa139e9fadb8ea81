import { type DescMessage, getOption, type MessageShape } from "@bufbuild/protobuf";
import { pathToString } from "@bufbuild/protobuf/reflect";
import { createValidator, type Violation } from "@bufbuild/protovalidate";
import type { Interceptor } from "@connectrpc/connect";
import { field as fieldRules } from "../../gen/buf/validate/validate_pb.ts";
import { type FieldViolation, invalidFields } from "./errors.ts";
import { messageOf } from "./field-messages.ts";
import { type QuickValidity, quickValidity } from "./quick-validity.ts";

const validator = createValidator();
const quick = new WeakMap<DescMessage, QuickValidity | undefined>();

/** Checks every request message against the field rules of its contract before a handler sees it. */
export const validate: Interceptor = (next) => (request) => {
  if (!request.stream) {
    check(request.method.input, request.message);
    return next(request);
  }
  return next({ ...request, message: checked(request.method.input, request.message) });
};

/** Throws a refusal that names every field that breaks its rule. */
export function check<Desc extends DescMessage>(desc: Desc, message: MessageShape<Desc>): void {
  const violations = violationsOf(desc, message);
  if (violations.length > 0) throw invalidFields(violations);
}

/** Every field that breaks its rule. */
export function violationsOf<Desc extends DescMessage>(desc: Desc, message: MessageShape<Desc>): FieldViolation[] {
  if (quick.getOrInsertComputed(desc, quickValidity)?.(message)) return [];
  const result = validator.validate(desc, message);
  if (result.kind === "valid") return [];
  if (result.kind === "error") throw result.error;
  return result.violations.map((violation) => ({ path: pathOf(violation), message: messageOf(violation) }));
}

/** As in the contract; of a list that is too long, the first item that is too many. */
function pathOf({ field, ruleId }: Violation): string {
  const path = pathToString(field);
  const list = field.at(-1);
  if (ruleId !== "repeated.max_items" || list?.kind !== "field") return path;
  const { type } = getOption(list, fieldRules);
  return type.case === "repeated" ? `${path}[${type.value.maxItems}]` : path;
}

async function* checked<Desc extends DescMessage>(
  desc: Desc,
  messages: AsyncIterable<MessageShape<Desc>>,
): AsyncGenerator<MessageShape<Desc>> {
  for await (const message of messages) {
    check(desc, message);
    yield message;
  }
}
